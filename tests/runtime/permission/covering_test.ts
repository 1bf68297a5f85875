/**
 * Nobody gives away grants that they do not have.
 */
import assert from "node:assert/strict";
import { coveredGrant } from "../../../runtime/permission/covering.ts";
import { formatGrant, parseAllGrants } from "../../../runtime/permission/mod.ts";

const now = Date.UTC(2026, 0, 1);

/** The grants as they may be given away; `undefined` where one of them may not. */
function given(wanted: string, own: string): readonly string[] | undefined {
  const covered = parseAllGrants([wanted], { now }).map((grant) =>
    coveredGrant(grant, parseAllGrants([own], { now }))
  );
  return covered.every((grant) => grant !== undefined) ? covered.map(formatGrant) : undefined;
}

const within: readonly (readonly [string, string])[] = [
  ["domain:start", "domain:start"],
  ["domain:start", "domain"],
  ["domain:start,stop", "domain:start domain:stop"],
  ["domain:start", "all"],
  ["all", "all"],
  ["domain:start@web-1", "domain:start@web-*"],
  ["domain:start@web-*", "domain:start@web-*"],
  ["domain:start@web-*", "domain:start"],
  ["domain:start@web-1,db-1", "domain:start@web-*,db-*"],
  ["<qemu:///system>=domain:start", "<qemu:///system>=domain:start"],
  ["<qemu:///system>=domain:start", "domain:start"],
  ["domain:start#team-a#stage", "domain:start#team-a"],
  ["domain:start(quota=2)", "domain:start(quota=3)"],
];

for (const [wanted, own] of within) {
  Deno.test(`"${wanted}" is no more than "${own}"`, () => {
    assert.equal(given(wanted, own)?.join(" "), wanted);
  });
}

const beyond: readonly (readonly [string, string])[] = [
  ["domain:start", "domain:stop"],
  ["domain:start,stop", "domain:start"],
  ["domain:start", "domain:start@web-*"],
  ["domain:start@*", "domain:start@web-*"],
  ["domain:start@web-?", "domain:start@web-1"],
  ["domain:start@web-1,db-1", "domain:start@web-*"],
  ["all", "domain"],
  ["host", "all"],
  ["domain:start", "<qemu:///system>=domain:start"],
  ["<xen:///system>=domain:start", "<qemu:///system>=domain:start"],
  ["host=domain:start", "<qemu:///system>=domain:start"],
  ["domain:start", "domain:start#team-a"],
  ["domain:start#team-b", "domain:start#team-a"],
  ["domain:start", "domain:start(quota=3)"],
  ["domain:start(quota=4)", "domain:start(quota=3)"],
];

for (const [wanted, own] of beyond) {
  Deno.test(`"${wanted}" is more than "${own}"`, () => assert.equal(given(wanted, own), undefined));
}

Deno.test("what is given away ends when it ends for whoever gives it", () => {
  assert.deepEqual(given("domain:start", "domain:start(until=2026-06-01T00:00:00Z)"), [
    "domain:start(until=2026-06-01T00:00:00Z)",
  ]);
  assert.deepEqual(
    given("domain:start(until=2026-03-01T00:00:00Z)", "domain:start(until=2026-06-01T00:00:00Z)"),
    [
      "domain:start(until=2026-03-01T00:00:00Z)",
    ],
  );
});
