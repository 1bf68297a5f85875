import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError, VirtError } from "../../../model/error.ts";
import { permissionVerbs } from "../../../model/permission.ts";
import { formatGrant } from "../../../runtime/permission/grant.ts";
import { parseGrants } from "../../../runtime/permission/grant_syntax.ts";

function refusal(text: string, what: "grant" | "need" = "grant"): VirtError {
  try {
    parseGrants(text, { what, now: 0 });
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `${JSON.stringify(text)} was read` });
}

function formatted(text: string): string {
  return parseGrants(text, { now: 0 }).map(formatGrant).join(" ");
}

Deno.test("a grant has a class, verbs and a glob", () => {
  assert.equal(formatted("domain:start,init_control@web-*"), "domain:start,init_control@web-*");
});

Deno.test("several grants stand in one text, with spaces, lines or semicolons between them", () => {
  assert.equal(
    formatted("connect:search_domains;domain:start \n ; network:read@default;"),
    "connect:search_domains domain:start network:read@default",
  );
});

Deno.test("all, a bare class and an asterisk stand for many verbs", () => {
  assert.equal(formatted("all,host"), "all host");
  assert.equal(formatted("all, host:path@/srv/**"), "all host:path@/srv/**");
  assert.equal(formatted("secret:*"), "secret");
});

Deno.test("connection, labels, quota and end are read", () => {
  const [grant] = parseGrants("source=domain:start@web-*,db-1#prod(quota=3, until=2026-12-31T18:00Z)");
  assert.ok(grant !== undefined);
  assert.equal(grant.connection?.glob.text, "source");
  assert.deepEqual(grant.names?.map(String), ["web-*", "db-1"]);
  assert.deepEqual(grant.labels?.map(String), ["prod"]);
  assert.equal(grant.quota, 3);
  assert.equal(grant.until, Temporal.Instant.from("2026-12-31T18:00:00Z").epochMilliseconds);
});

Deno.test("a date alone means until its last moment", () => {
  const [grant] = parseGrants("all(until=2026-12-31)");
  assert.equal(grant?.until, Temporal.Instant.from("2027-01-01T00:00Z").epochMilliseconds);
});

Deno.test("a duration counts from now, and the earlier of two ends holds", () => {
  const [grant] = parseGrants("all(for=2h,until=1970-01-01)", { now: 1000 });
  assert.equal(grant?.until, 7_201_000);
  assert.match(refusal("all(for=2 weeks)").message, /is no duration/);
  assert.throws(() => parseGrants("all(for=2h)"), /may not say "for"/);
});

Deno.test("a connection may be given by its URI", () => {
  const [grant] = parseGrants("<qemu+ssh://root@*/system>=domain:read");
  assert.equal(grant?.connection?.by, "uri");
  assert.equal(formatted("<qemu:///system>=domain:read"), "<qemu:///system>=domain:read");
});

Deno.test("names with spaces, commas and brackets are quoted", () => {
  const [grant] = parseGrants('domain:start@"a b",\\*,"x,[1]"');
  assert.deepEqual(grant?.names?.map((glob) => glob.exactText), ["a b", "*", "x,[1]"]);
});

for (
  const [text, column, message, hint] of [
    ["domain:strat@x", 8, /domain has no verb "strat"/, /Did you mean "start"\?/],
    ["domian:start", 1, /there is no class "domian"/, /Did you mean "domain"\?/],
    ["domain:start,network:read", 14, /"network" begins another grant/, /Separate grants by a space/],
    ["domain:shutdown", 8, /no verb "shutdown"/, /init_control/],
    ["domain:", 8, /a verb of domain is missing/, undefined],
    ["domain:start,", 14, /a verb of domain is missing/, undefined],
    ["domain:start@", 14, /the pattern is empty/, undefined],
    ["domain:start@a[b", 15, /the bracket is not closed/, /\\\[/],
    ["domain:start@[z-a]", 18, /runs backwards/, undefined],
    ['domain:start@"abc', 14, /the quote is not closed/, undefined],
    ["domain:start@a\\", 15, /nothing follows the backslash/, undefined],
    ["domain:start(quota=0)", 20, /whole number from 1/, undefined],
    ["domain:start(quota=3", 21, /parenthesis is not closed/, undefined],
    ["domain:start(qouta=3)", 14, /no option "qouta"/, /Did you mean "quota"\?/],
    ["domain:start(until=soon)", 20, /no point in time/, /2026-12-31/],
    ["host:path@/x(quota=1)", 20, /not counted/, undefined],
    ["all:start", 4, /"all" takes no verbs/, undefined],
    ["start", 1, /no class "start"/, /write domain:start/],
    ["=all", 1, /connection's name is missing/, undefined],
    ["domain:start!", 13, /found "!" behind a grant/, /Separate/],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} is refused at column ${column}`, () => {
    const error = refusal(text);
    assert.equal(error.code, "invalid-argument");
    assert.match(error.message, message);
    assert.equal(error.at?.column, column);
    if (hint === undefined) return;
    assert.match(error.hint ?? "", hint);
  });
}

Deno.test("the place in a text of several lines is its line and column", () => {
  const error = refusal("domain:start\n  network:raed", "need");
  assert.deepEqual(error.at, { line: 2, column: 11 });
  assert.match(error.message, /^Cannot read need .* at line 2, column 11: network has no verb "raed"$/);
});

Deno.test("a refusal prints nothing that a terminal would obey", () => {
  const error = refusal("\u001b[31mdomain\u202e:\u009bstart");
  assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
});

Deno.test("whatever is given as a grant is read or refused, never a crash", () => {
  const word = fc.constantFrom(
    ...Object.keys(permissionVerbs),
    ...Object.values(permissionVerbs).flat(),
    ...'all : , @ # ( ) = ; * ** ? [ ] ! \\ " < > quota until for / .. - 3 2026-12-31 PT1H'.split(" "),
    " ",
    "\n",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(word, { maxLength: 12 }).map((words) => words.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const again = parseGrants(text, { now: 0 }).map(formatGrant);
        assert.deepEqual(again.flatMap((each) => parseGrants(each)).map(formatGrant), again);
      } catch (error) {
        assert.ok(isVirtError(error, "invalid-argument"), String(error));
        assert.ok((error.at?.column ?? 0) >= 1);
      }
    }),
    { numRuns: 3000 },
  );
});
