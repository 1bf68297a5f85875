/**
 * Deleting a snapshot takes several steps outside. The tree changes when they have all been taken, and not before.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver, effectsOn, Faults } from "../../../drivers/test/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

const twoDisks = testXml.domain("web").replace(
  "</disk>",
  "</disk><disk type='file' device='disk'><source file='/images/b'/><target dev='vdb'/></disk>",
);

let hosts = 0;

interface World extends AsyncDisposable {
  readonly bench: Bench;
  readonly faults: Faults;
  readonly host: string;
  readonly domain: ObjectRef;
  readonly snapshot: (name: string) => Promise<ObjectRef>;
}

/** A domain with two disks and a chain of three snapshots. */
async function world(): Promise<World> {
  const faults = new Faults();
  const host = `snapshots-${++hosts}`;
  const bench = await Bench.open(`test:///default?host=${host}`, {
    drivers: [createTestDriver({ faults })],
    settings: { reconcilePauseMs: 1 },
  });
  const domain = await bench.call("domain.define", { xml: twoDisks });
  for (const name of ["one", "two", "three"]) await bench.call("snapshot.create", { name }, { on: domain });
  return {
    bench,
    faults,
    host,
    domain,
    snapshot: (name) => bench.call("snapshot.lookup", { name }, { on: domain }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

async function tree({ bench, domain }: World): Promise<readonly string[]> {
  const entries = await bench.call("snapshot.list", {}, { on: domain });
  return entries.map(({ snapshot, parent, children, current }) =>
    `${parent ?? ""}/${snapshot.name} ${children}${current ? "*" : ""}`
  );
}

const whole = ["/one 1", "one/two 1", "two/three 0*"];

for (
  const [effect, after] of [
    ["snapshot.begin-delete", 0],
    ["snapshot.discard-data", 0],
    ["snapshot.discard-data", 1],
    ["snapshot.forget", 0],
  ] as const
) {
  for (const kind of ["fail", "lose-request", "lose-answer"] as const) {
    Deno.test(`a snapshot whose delete meets ${kind} at ${effect} ${after + 1} can be deleted again`, async () => {
      await using w = await world();
      const two = await w.snapshot("two");
      w.faults.add({ kind, effect, after });
      const { outcome } = await w.bench.result("snapshot.delete", {}, { on: two });
      if (effect === "snapshot.forget" && kind === "lose-answer") assert.equal(outcome.kind, "done");
      else {
        assert.equal(outcome.kind, "not-done");
        assert.deepEqual(await tree(w), whole);
        assert.equal((await w.snapshot("two")).name, "two");
        await w.bench.call("snapshot.delete", {}, { on: two });
      }
      assert.deepEqual(await tree(w), ["/one 1", "one/three 0*"]);
    });
  }
}

Deno.test("nobody goes back to a snapshot whose delete has begun", async () => {
  await using w = await world();
  const two = await w.snapshot("two");
  w.faults.add({ kind: "fail", effect: "snapshot.discard-data", after: 1 });
  await w.bench.refused("operation-failed", "snapshot.delete", { on: two, input: {} });
  await w.bench.refused("wrong-state", "snapshot.revert", { on: two, input: {} });
});

Deno.test("a delete that is tried again does not drop the same data twice", async () => {
  await using w = await world();
  const two = await w.snapshot("two");
  w.faults.add({ kind: "fail", effect: "snapshot.discard-data", after: 1 });
  await w.bench.refused("operation-failed", "snapshot.delete", { on: two, input: {} });
  await w.bench.call("snapshot.delete", {}, { on: two });
  const dropped = effectsOn(w.host).filter(({ effect }) => effect === "snapshot.discard-data");
  assert.equal(dropped.length, 2);
  assert.equal(new Set(dropped.map(({ digest }) => digest)).size, 2);
});

Deno.test("a delete with children that fails in the middle leaves a tree that hangs together", async () => {
  await using w = await world();
  const one = await w.snapshot("one");
  w.faults.add({ kind: "fail", effect: "snapshot.forget", after: 1 });
  await w.bench.refused("operation-failed", "snapshot.delete", { on: one, input: { children: true } });
  assert.deepEqual(await tree(w), ["/one 1", "one/two 0*"]);
  await w.bench.call("snapshot.delete", { children: true }, { on: one });
  assert.deepEqual(await tree(w), []);
});
