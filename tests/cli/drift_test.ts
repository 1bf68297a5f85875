import assert from "node:assert/strict";
import { driftOf, parseIgnoreRule } from "../../cli/plan/drift.ts";
import { readOnlyGrants } from "../../cli/plan/present.ts";
import { unifiedDiff } from "../../cli/plan/unified_diff.ts";
import { operations } from "../../model/operations/mod.ts";
import type { PlanData } from "../../model/plan.ts";
import { systemClock } from "../../runtime/clock.ts";
import { GrantAuthority, parseAllGrants } from "../../runtime/permission/mod.ts";
import { inPlace } from "./kit/process.ts";

Deno.test("no operation that changes anything is granted to whoever looks for drift", () => {
  const authority = new GrantAuthority({
    grants: parseAllGrants(readOnlyGrants, { what: "grant" }),
    clock: systemClock,
    caller: { principal: "tester" },
  });
  const writes = [...operations.values()].filter(({ effect }) => effect === "write");
  assert.ok(writes.length > 100);
  for (const { name, permission } of writes) {
    const use = { permission, connection: "host", name: "web-1", parentName: "default", operation: name };
    assert.equal(authority.sees({ ...use, when: "listed" }), false, name);
  }
});

Deno.test("a single call can be held to grants, by whoever makes it", async () => {
  await inPlace(async (place) => {
    const { openKernel } = await import("../../cli/kernel.ts");
    const { processIo } = await import("../../cli/io.ts");
    await using control = await openKernel({ stateDirectory: `${place.directory}/state`, io: processIo() });
    const call = (operation: string) =>
      control.request("operation.call", {
        operation,
        uri: "test:///default",
        target: ["test"],
        input: {},
        grants: [...readOnlyGrants],
      });
    assert.equal((await call("domain.xml")).kind, "done");
    const refused = await call("domain.destroy");
    assert.equal(refused.kind === "done" ? "done" : refused.error.code, "permission-denied");
    assert.equal((await call("domain.info")).kind, "done");
  });
});

const change = { field: "memory", from: "1", to: "2", effect: "next-boot", why: "" } as const;
const plan: PlanData = {
  kind: "domain",
  name: "web-1",
  action: "update",
  changes: [change, { ...change, field: "disk vda driver cache" }],
  pending: [{ field: "vcpu", from: "1", to: "2" }],
  steps: [],
};

Deno.test("what is ignored is no drift, and of an object the first plan counts", () => {
  const found = (...rules: readonly string[]): readonly (readonly string[])[] =>
    driftOf([plan, { ...plan, action: "none", changes: [] }], rules.map(parseIgnoreRule))
      .map(({ changes, pending }) => [...changes, ...pending].map(({ field }) => field));
  assert.deepEqual(found(), [["memory", "disk vda driver cache", "vcpu"]]);
  assert.deepEqual(found("domain/web-*:disk * cache", "domain/web-1:vcpu"), [["memory"]]);
  assert.deepEqual(found("network/*"), [["memory", "disk vda driver cache", "vcpu"]]);
  assert.deepEqual(found("domain/*"), []);
  assert.throws(() => parseIgnoreRule("memory"), /it names no object/);
});

Deno.test("a unified diff has hunks with their places, and nothing for what is the same", () => {
  const before = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join("\n");
  const after = before.replace("line 2\n", "").replace("line 11", "line eleven");
  assert.deepEqual(unifiedDiff(before, before, { name: "x" }), []);
  assert.deepEqual(unifiedDiff(before, after, { name: "x" }), [
    "--- before x",
    "+++ after x",
    "@@ -1,5 +1,4 @@",
    " line 1",
    "-line 2",
    " line 3",
    " line 4",
    " line 5",
    "@@ -8,5 +7,5 @@",
    " line 8",
    " line 9",
    " line 10",
    "-line 11",
    "+line eleven",
    " line 12",
  ]);
});
