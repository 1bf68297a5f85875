/**
 * Two kernels on one host: each sees all that the other does, and whoever comes later sees the same.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObjectRef } from "../../../model/object.ts";
import type { OperationName } from "../../../model/operations/mod.ts";
import type { ManagedObject } from "../../../runtime/object.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

/** What is known of every object. */
function known(bench: Bench): readonly string[] {
  const view = (
    { key, name, phase, persistent, config, persistentConfig, live, facts }: ManagedObject,
  ): string => JSON.stringify({ key, name, phase, persistent, config, persistentConfig, live, facts });
  return [...bench.host.objects()].map(view).sort();
}

async function trees(bench: Bench): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { domain } of await bench.call("domain.list", {})) {
    for (const entry of await bench.call("snapshot.list", {}, { on: domain })) {
      lines.push(
        `${domain.name} ${entry.parent ?? ""}/${entry.snapshot.name} ${entry.children} ${entry.current}`,
      );
    }
  }
  return lines.sort();
}

const names = ["a", "b"] as const;
const verbs = [
  "define",
  "define",
  "domain.start",
  "domain.start",
  "domain.suspend",
  "domain.resume",
  "domain.destroy",
  "domain.discard",
  "domain.undefine",
  "domain.managedSave",
  "memory",
  "next memory",
  "rename",
  "take",
  "take",
  "revert",
  "delete",
  "pool",
  "pool.start",
  "pool.destroy",
  "pool.discard",
  "volume",
] as const;

/** Does something, which may well be refused. */
async function act(bench: Bench, verb: typeof verbs[number], name: string): Promise<void> {
  const call = <N extends OperationName>(...given: Parameters<typeof bench.result<N>>): Promise<unknown> =>
    bench.result(...given);
  const look = async (operation: "domain.lookup" | "pool.lookup"): Promise<ObjectRef | undefined> => {
    const { outcome } = await bench.result(operation, { name });
    return outcome.kind === "done" ? await bench.call(operation, { name }) : undefined;
  };
  if (verb === "define") await call("domain.define", { xml: testXml.domain(name) });
  else if (verb === "pool") await call("pool.define", { xml: testXml.pool(name) });
  else if (verb.startsWith("pool.") || verb === "volume") {
    const on = await look("pool.lookup");
    if (on === undefined) return;
    if (verb === "volume") await call("volume.create", { xml: testXml.volume("disk", 4096) }, { on });
    else await call(verb as "pool.start", {}, { on });
  } else {
    const on = await look("domain.lookup");
    if (on === undefined) return;
    if (verb === "next memory") {
      await call("domain.setMemory", { memoryKib: 20_000 + name.length, config: true }, { on });
    } else if (verb === "memory") await call("domain.setMemory", { memoryKib: 30_000 + name.length }, { on });
    else if (verb === "rename") {
      await call("domain.rename", { newName: `${name}${name}`.slice(0, 2) }, { on });
    } else if (verb === "take") await call("snapshot.create", {}, { on });
    else if (verb === "revert" || verb === "delete") {
      const [entry] = await bench.call("snapshot.list", {}, { on });
      if (entry !== undefined) await call(`snapshot.${verb}`, {}, { on: entry.snapshot });
    } else await call(verb as "domain.start", {}, { on });
  }
}

let hosts = 0;

Deno.test("whatever two kernels do to one host, both know what there is, and so does a third that comes later", async () => {
  const step = fc.record({
    who: fc.integer({ min: 0, max: 1 }),
    verb: fc.constantFrom(...verbs),
    name: fc.constantFrom(...names),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const uri = `test:///default?host=mirror-${++hosts}`;
      await using one = await Bench.open(uri);
      await using other = await Bench.open(uri);
      for (const { who, verb, name } of steps) {
        await act(who === 0 ? one : other, verb, name);
        assert.deepEqual(known(one), known(other), verb);
      }
      await using third = await Bench.open(uri);
      assert.deepEqual(await trees(one), await trees(other));
      assert.deepEqual(await trees(one), await trees(third));
      assert.deepEqual(known(one), known(third));
    }),
    { numRuns: 60 },
  );
});
