import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import { type OperationName, operations } from "../../model/operations/mod.ts";
import type { CallResult } from "../../runtime/call.ts";
import { alice, everythingAllowed } from "../kit/caller.ts";
import { FakeHost, FakeKernel } from "../kit/fake_host.ts";

/** What a kernel finds out about a call on a domain that its predecessor began, when the domain is not there. */
async function foundOut(operation: OperationName, read: (host: FakeHost) => void): Promise<CallResult> {
  const host = new FakeHost();
  host.on(operation, () => Promise.resolve({}));
  read(host);
  const { kernel, connections } = new FakeKernel({ host });
  const token = { epoch: 1, counter: 1 };
  return await kernel.reconcile({
    operation,
    connections,
    connection: "host",
    target: { $ref: "domain", connection: "host", id: "b0e3a2c0-0000-4000-8000-000000000001", name: "web-1" },
    input: {},
    caller: alice,
    authority: everythingAllowed,
    intent: { object: "host/fake/domain/1", label: "web-1", token, before: {}, generation: 1, newId: "" },
  });
}

Deno.test("what was to remove its target has happened where that is gone", async () => {
  const { outcome } = await foundOut("domain.undefine", (host) => host.ready.open());
  assert.deepEqual(outcome, { kind: "done", value: {}, reconciled: true });
  const { outcome: destroyed } = await foundOut("domain.destroy", (host) => host.ready.open());
  assert.equal(destroyed.kind, "done");
});

Deno.test("what was to change its target is unknown where that is gone", async () => {
  const { outcome } = await foundOut("domain.suspend", (host) => host.ready.open());
  assert.equal(outcome.kind, "unknown");
});

Deno.test("what could not be read is not gone", async () => {
  const broken = new VirtError("unreachable", "The link broke");
  const { outcome } = await foundOut("domain.undefine", (host) => host.ready.fail(broken));
  assert.equal(outcome.kind, "unknown");
});

Deno.test("operations answer for gone targets in the form in which they answer", () => {
  const removing = [...operations.values()].filter(({ whenGone }) => whenGone !== undefined);
  assert.ok(removing.length > 10);
  for (const { name, output, whenGone, reconcile } of removing) {
    assert.deepEqual(output.parse(whenGone), whenGone, name);
    assert.equal(reconcile, "by-state", name);
  }
  for (const { name, verb } of operations.values()) {
    if (!["undefine", "discard", "delete"].includes(verb) || name === "pool.delete") continue;
    assert.ok(removing.some((each) => each.name === name), `${name} removes its target`);
  }
});
