import assert from "node:assert/strict";
import { checkedSource, parseBindings, parseSource, refuseUnnamed } from "../../../runtime/secret/source.ts";

const folder = "/home/me";

Deno.test("a source is read as it is meant, and a command without any shell", () => {
  assert.deepEqual(parseSource("env:DB_PASSWORD", "db"), { kind: "env", variable: "DB_PASSWORD" });
  assert.deepEqual(parseSource("prompt", "db"), { kind: "prompt" });
  assert.deepEqual(parseSource("named:db", "db"), { kind: "named", name: "db" });
  assert.deepEqual(parseSource(`command:pass show "my db" 'a $(b)' c\\ d ""`, "db"), {
    kind: "command",
    words: ["pass", "show", "my db", "a $(b)", "c d", ""],
  });
  assert.deepEqual(parseSource("secret:client.one@target", "db"), {
    kind: "secret",
    name: "client.one",
    connection: "target",
  });
  assert.deepEqual(parseSource("secret:iqn.2013-07.com.example:user@host.example", "db"), {
    kind: "secret",
    name: "iqn.2013-07.com.example:user@host.example",
  });
});

Deno.test("paths of a command line are relative to where it was given", () => {
  assert.deepEqual(parseBindings(["db=file:../secrets/db"], { folder }), { db: "file:/home/secrets/db" });
  assert.equal(checkedSource("file:/run/db", { about: "db", folder }), "file:/run/db");
});

Deno.test("a value that stands in the place of its source is refused, and not repeated", () => {
  const value = "hunter2:and=more";
  const wrong = [
    `db=${value}`,
    value,
    `db=env:${value}`,
    `db=prompt:${value}`,
    `db=named:${value}`,
    "db=command:'a",
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseBindings([text], { folder }),
      ({ message, hint, code }) =>
        code === "invalid-argument" && !`${message} ${hint}`.includes("hunter2") &&
        /source is env:/.test(hint),
      text,
    );
  }
  assert.throws(() => parseBindings(["db=prompt", "db=env:X"], { folder }), /"db": it is given twice/);
  assert.throws(() => parseSource("file:relative", "db"), /not followed by an absolute path/);
});

Deno.test("those who are elsewhere take only what the owner has named", () => {
  refuseUnnamed({ db: "named:db" }, "over HTTP");
  for (const text of ["env:HOME", "file:/etc/shadow", "command:id", "secret:a", "prompt"]) {
    assert.throws(() => refuseUnnamed({ db: text }, "over HTTP"), {
      code: "permission-denied",
      message: /^Cannot take secret "db" from there over HTTP/,
    });
  }
  assert.throws(() => refuseUnnamed({ "../x": "named:db" }, "over HTTP"), { code: "invalid-argument" });
});
