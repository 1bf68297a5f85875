import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError, VirtError } from "../../../model/error.ts";
import { formatGrant } from "../../../runtime/permission/grant.ts";
import { parsePolicy } from "../../../runtime/permission/policy.ts";

function grants(text: string, principal: string): string[] {
  return parsePolicy(text, { file: "policy.yaml", now: 0 }).grantsFor(principal).map(formatGrant);
}

function refusal(text: string): VirtError {
  try {
    grants(text, "alice");
  } catch (error) {
    if (error instanceof VirtError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the policy was read" });
}

Deno.test("everybody has the common grants, and each principal its own", () => {
  const text = `
grants: connect:getattr
principals:
  alice:
    - domain:start@web-*
    - all(until=2026-12-31)
  "uid:10*": domain:read
`;
  assert.deepEqual(grants(text, "alice"), [
    "connect:getattr",
    "domain:start@web-*",
    "all(until=2027-01-01T00:00:00Z)",
  ]);
  assert.deepEqual(grants(text, "uid:1000"), ["connect:getattr", "domain:read"]);
  assert.deepEqual(grants(text, "uid:2000"), ["connect:getattr"]);
});

Deno.test("a rule may be for some connections, and end", () => {
  const text = `
grants:
  - allow: [domain:read, "other=domain:stop"]
    connections: [source, "qemu+ssh://lab-*/system"]
    until: 1970-01-01
`;
  assert.deepEqual(grants(text, "alice"), [
    "source=domain:read(until=1970-01-02T00:00:00Z)",
    "<qemu+ssh://lab-*/system>=domain:read(until=1970-01-02T00:00:00Z)",
    "other=domain:stop(until=1970-01-02T00:00:00Z)",
  ]);
});

Deno.test("the earlier of two ends holds", () => {
  const text = "grants: { allow: 'all(until=2000-01-01)', until: 2020-01-01 }";
  assert.deepEqual(grants(text, "alice"), ["all(until=2000-01-02T00:00:00Z)"]);
});

Deno.test("a role is granted under its name, wherever the roles stand", () => {
  const text = `
principals:
  "sasl:alice": { roles: [operator, reader], until: 2000-01-01, connections: "test:///default" }
  "sasl:bob": [{ roles: reader, allow: "domain:start@bob-*" }]
roles:
  reader: domain:read
  operator: [{ roles: reader }, "domain:stop@web-*"]
`;
  assert.deepEqual(grants(text, "sasl:alice"), [
    "<test:///default>=domain:read(until=2000-01-02T00:00:00Z)",
    "<test:///default>=domain:stop@web-*(until=2000-01-02T00:00:00Z)",
    "<test:///default>=domain:read(until=2000-01-02T00:00:00Z)",
  ]);
  assert.deepEqual(grants(text, "sasl:bob"), ["domain:start@bob-*", "domain:read"]);
  assert.deepEqual(grants(text, "sasl:carol"), []);
});

Deno.test("a group's members are granted what the group is", () => {
  const text = `
groups: { ops: ["sasl:alice", "x509:**CN=bob"], nobody: [] }
principals: { "group:ops": domain:stop, "group:nobody": domain:start }
`;
  assert.deepEqual(grants(text, "sasl:alice"), ["domain:stop"]);
  assert.deepEqual(grants(text, "x509:O=Example,CN=bob"), ["domain:stop"]);
  assert.deepEqual(grants(text, "sasl:bob"), []);
  const policy = parsePolicy(text, { file: "policy.yaml" });
  assert.deepEqual(policy.grantsFor(["uid:7", "group:ops"]).map(formatGrant), ["domain:stop"]);
  assert.deepEqual(policy.grantsFor(["uid:7", "group:oops"]), []);
});

Deno.test("a quota is refused where nobody has a run", () => {
  assert.throws(
    () => parsePolicy('principals:\n  a: ["all", "all(quota=3)"]', { file: "policy.yaml", quotas: false }),
    (error) =>
      isVirtError(error, "invalid-argument") && /a quota counts within a run/.test(error.message) &&
      error.at?.line === 2 && error.at.column === 14,
  );
});

Deno.test("an empty policy grants nothing", () => {
  for (const text of ["", "# nothing yet", "{}", "principals: {}"]) {
    assert.deepEqual(grants(text, "alice"), []);
  }
});

for (
  const [what, text, line, column, message] of [
    ["a verb that there is not", "principals:\n  alice:\n    - domain:strat", 3, 14, /no verb "strat"/],
    ["the same in quotes", 'principals:\n  alice: "domain:strat"', 2, 18, /no verb "strat"/],
    ["an unknown key", "grant: all", 1, 1, /there is no "grant" here/],
    ["an unknown key of a rule", "grants: { allow: all, unitl: x }", 1, 23, /there is no "unitl" here/],
    ["a rule without grants", "grants: [{ until: 2020-01-01 }]", 1, 10, /expected allow/],
    ["a number", "grants: [all, 7]", 1, 15, /expected grants/],
    ["nothing", "grants:", 1, 8, /expected grants/],
    ["a list for a map", "principals: [alice]", 1, 13, /expected a map/],
    ["a text for a file", "all", 1, 1, /expected a map/],
    ["two of one key", "grants: all\ngrants: all", 2, 1, /unique/i],
    ["broken YAML", "grants: [all", 1, 13, /flow/i],
    ["an alias", "grants: [&a all, *a]", 1, 18, /alias/],
    ["a glob that is none", "principals: { 'a[': all }", 1, 17, /not closed/],
    ["an end that is none", "grants: { allow: all, until: soon }", 1, 30, /expected a date/],
    [
      "a role that there is not",
      "roles: { op: all }\nprincipals: { a: { roles: po } }",
      2,
      27,
      /no role "po"/,
    ],
    ["a role that stands behind", "roles:\n  a: { roles: b }\n  b: all", 2, 15, /no role "b"/],
    ["a list for roles", "roles: [all]", 1, 8, /expected a map from roles/],
    ["nothing for groups", "groups:", 1, 8, /expected a map from groups/],
    ["a group in a group", "groups: { a: ['group:b'] }", 1, 15, /expected a principal/],
  ] as const
) {
  Deno.test(`${what} in a policy is refused at line ${line}, column ${column}`, () => {
    const error = refusal(text);
    assert.equal(error.code, "invalid-argument");
    assert.match(error.message, message);
    assert.deepEqual(error.at, { file: "policy.yaml", line, column });
  });
}

Deno.test("whatever is given as a policy is read or refused, never a crash", () => {
  const piece = fc.constantFrom(
    ..."grants roles groups principals allow connections until : - [ ] { } , \" ' # & * ! | > all domain:start alice ? ~ 7"
      .split(" "),
    " ",
    "\n",
    "\n  ",
    ": ",
  );
  const texts = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        grants(text, "alice");
      } catch (error) {
        assert.ok(isVirtError(error, "invalid-argument"), String(error));
        assert.ok((error.at?.line ?? 0) >= 1 && (error.at?.column ?? 0) >= 1);
      }
    }),
    { numRuns: 2000 },
  );
});
