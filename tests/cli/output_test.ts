import assert from "node:assert/strict";
import * as fc from "fast-check";
import { VirtError } from "../../model/error.ts";
import { painter } from "../../cli/output/colour.ts";
import { errorText } from "../../cli/output/error.ts";
import { plain, plainJson, plainLines } from "../../cli/output/plain.ts";
import { properties, table } from "../../cli/output/table.ts";
import { cutTo, textWidth } from "../../cli/output/width.ts";
import { FakeIo } from "./kit/fake_io.ts";

// deno-lint-ignore no-control-regex -- controls are what must not be there
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const paint = painter(new FakeIo(), new FakeIo().stderr);

Deno.test("no text of others brings a control character to the terminal", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.doesNotMatch(plain(text), control);
    assert.doesNotMatch(plain(text), /[\n\t]/);
    assert.doesNotMatch(plainLines(text), control);
    assert.doesNotMatch(plainJson({ text }), control);
    assert.doesNotMatch(table(["Name"], [[text]]), control);
    assert.doesNotMatch(
      errorText(new VirtError("internal", text, { hint: text, cause: text }), paint),
      control,
    );
  }));
});

Deno.test("JSON that is safe to print is the same JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.deepEqual(JSON.parse(plainJson(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("an escape sequence in a name is spelled out", () => {
  assert.equal(plain("web\x1b[2J\x9b1m\n"), "web\\e[2J\\x9b1m\\n");
});

Deno.test("a table has virsh's look", () => {
  assert.equal(
    table(["Id", "Name", "State"], [["1", "web-1", "running"], ["", "db", "shut off"]]),
    [
      " Id   Name    State",
      "------------------------",
      " 1    web-1   running",
      " -    db      shut off",
      "",
    ].join("\n"),
  );
});

Deno.test("columns stand under each other where names are wide or combining", () => {
  const lines = table(["Name", "State"], [["仮想機械", "on"], ["e\u0301te\u0301", "off"]]).split("\n");
  const column = (line: string | undefined, word: string): number =>
    textWidth((line ?? "").slice(0, (line ?? "").indexOf(word)));
  assert.equal(column(lines[2], "on"), column(lines[0], "State"));
  assert.equal(column(lines[3], "off"), column(lines[0], "State"));
});

Deno.test("properties stand in one column", () => {
  assert.equal(
    properties([["Name", "web-1"], ["Max memory", "2.00 GiB"]]),
    "Name:        web-1\nMax memory:  2.00 GiB\n",
  );
});

Deno.test("text is never cut wider than asked", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, width) => {
    assert.ok(textWidth(cutTo(text, width)) <= width);
  }));
});

Deno.test("an error tells what, cause, hint and place, each on its own line", () => {
  const error = new VirtError("not-found", 'Cannot start domain "web-9": no such domain', {
    hint: "List what is there with: drover domain list",
    at: { file: "recipes/nightly.ts", line: 12, column: 7 },
    cause: new VirtError("unreachable", "The host does not answer", {
      cause: new Error("connection refused"),
    }),
  });
  assert.equal(
    errorText(error, paint),
    [
      'error: Cannot start domain "web-9": no such domain',
      "cause: The host does not answer",
      "cause: connection refused",
      "hint: List what is there with: drover domain list",
      "at recipes/nightly.ts:12:7",
    ].join("\n"),
  );
});

Deno.test("causes that go in a circle are told a few times only", () => {
  const error = new Error("a");
  const other = new Error("b", { cause: error });
  error.cause = other;
  assert.equal(errorText(error, paint).split("\n").length, 5);
});

Deno.test("a cause that the message says already is not told again", () => {
  const error = new VirtError("operation-failed", "Cannot open the journal: disk full", {
    cause: new Error("disk full"),
  });
  assert.equal(errorText(error, paint), "error: Cannot open the journal: disk full");
});

Deno.test("an error of the database says what it is about and what to do", () => {
  const error = Object.assign(new Error("database disk image is malformed"), { code: "ERR_SQLITE_ERROR" });
  assert.match(errorText(error, paint), /^error: Cannot use the journal .*malformed\nhint: /);
});

Deno.test("colour is for terminals without NO_COLOR", () => {
  const shown = (options: ConstructorParameters<typeof FakeIo>[0]): boolean => {
    const io = new FakeIo(options);
    return painter(io, io.stderr).red("x") !== "x";
  };
  assert.equal(shown({ terminal: true, env: { TERM: "xterm" } }), true);
  assert.equal(shown({ terminal: true, env: { NO_COLOR: "1" } }), false);
  assert.equal(shown({ terminal: true, env: { NO_COLOR: "" } }), true);
  assert.equal(shown({ terminal: true, env: { TERM: "dumb" } }), false);
  assert.equal(shown({ terminal: false }), false);
});
