/**
 * Whatever fails at whatever step of a migration: exactly one domain runs afterwards, the right one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createTestDriver, effectsOn, type FaultKind, Faults } from "../../../drivers/test/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import { Bench } from "../bench.ts";
import { testXml } from "../contract/host.ts";

/** Two hosts, of each of which the faults can be set. */
interface Pair extends AsyncDisposable {
  readonly bench: Bench;
  readonly here: string;
  readonly there: string;
  readonly ref: ObjectRef<"domain">;
  readonly faults: { readonly here: Faults; readonly there: Faults };
}

let pairs = 0;

async function pair({ start = true }: { readonly start?: boolean } = {}): Promise<Pair> {
  const number = ++pairs;
  const here = `from-${number}`;
  const there = `to-${number}`;
  const faults = { here: new Faults(), there: new Faults() };
  const drivers = [createTestDriver({ faults: faults.here }), createTestDriver({ faults: faults.there })];
  // One driver by scheme; which faults a host has is told by its name.
  const bench = await Bench.open(
    { host: `test:///default?host=${here}`, other: `test:///default?host=${there}` },
    {
      drivers: [{
        name: "test",
        schemes: ["test"],
        connect: (uri, environment) =>
          drivers[uri.parameters.get("host") === here ? 0 : 1]!.connect(uri, environment),
      }],
      settings: { reconcileMs: 2_000, reconcilePauseMs: 1 },
    },
  );
  const ref = await bench.call("domain.define", { xml: testXml.domain("mover") });
  if (start) await bench.call("domain.start", {}, { on: ref });
  return { bench, here, there, ref, faults, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

/** Where the domain is and what it does: on either side its state and whether it is defined, or nothing. */
async function whereabouts({ bench }: Pair): Promise<{ readonly host?: string; readonly other?: string }> {
  const found: Record<string, string> = {};
  for (const connection of ["host", "other"]) {
    const entries = await bench.call("domain.list", { name: "mover" }, { connection });
    for (const { state, persistent } of entries) {
      found[connection] = `${state}${persistent ? " defined" : ""}`;
    }
  }
  return found;
}

const arrived = { other: "running defined" };
const stayed = { host: "running defined" };

Deno.test("a running domain moves to another host with its definition", async () => {
  await using hosts = await pair();
  const { bench, ref } = hosts;
  const moved = await bench.call("domain.migrate", { to: "other" }, { on: ref });
  assert.deepEqual([moved.connection, moved.id], ["other", ref.id]);
  assert.deepEqual(await whereabouts(hosts), arrived);
});

Deno.test("a migration keeps what it is told to keep", async () => {
  await using hosts = await pair();
  const { bench, ref } = hosts;
  await bench.call(
    "domain.migrate",
    { to: "other", undefineSource: false, persistent: false, paused: true },
    { on: ref },
  );
  assert.deepEqual(await whereabouts(hosts), { host: "shutoff defined", other: "paused" });
});

Deno.test("a domain that its user paused stays paused where it goes", async () => {
  await using hosts = await pair();
  const { bench, ref } = hosts;
  await bench.call("domain.suspend", {}, { on: ref });
  await bench.call("domain.migrate", { to: "other" }, { on: ref });
  assert.deepEqual(await whereabouts(hosts), { other: "paused defined" });
});

Deno.test("a migration that cannot be is refused before anything happens", async () => {
  await using hosts = await pair();
  const { bench, ref, here } = hosts;
  const before = effectsOn(here).length;
  await bench.refused("invalid-argument", "domain.migrate", { on: ref, input: { to: "host" } });
  await bench.refused("invalid-argument", "domain.migrate", { on: ref, input: { to: "nowhere" } });
  await bench.refused("wrong-state", "domain.migrate", { on: ref, input: { to: "other", offline: true } });
  assert.equal(effectsOn(here).length, before);
  await bench.call("snapshot.create", { name: "one" }, { on: ref });
  await bench.refused("wrong-state", "domain.migrate", { on: ref, input: { to: "other" } });
});

Deno.test("an offline migration moves the definition of a domain that does not run", async () => {
  await using hosts = await pair({ start: false });
  const { bench, ref } = hosts;
  await bench.refused("wrong-state", "domain.migrate", { on: ref, input: { to: "other" } });
  await bench.call("domain.migrate", { to: "other", offline: true }, { on: ref });
  assert.deepEqual(await whereabouts(hosts), { other: "shutoff defined" });
});

const steps = {
  here: ["migration.transfer", "migration.hand-over", "migration.confirm"],
  there: ["migration.prepare", "migration.finish"],
} as const;
const kinds: readonly FaultKind[] = ["fail", "lose-request", "lose-answer"];

for (const side of ["here", "there"] as const) {
  for (const effect of steps[side]) {
    for (const kind of kinds) {
      Deno.test(`when ${effect} meets ${kind}, one domain runs and the outcome says where`, async () => {
        await using hosts = await pair();
        const { bench, ref, faults } = hosts;
        faults[side].add({ kind, effect });
        const { outcome } = await bench.result("domain.migrate", { to: "other" }, { on: ref });
        const where = await whereabouts(hosts);
        if (effect === "migration.confirm" && kind === "fail") {
          // It runs there, so it has moved; only its definition is left behind here.
          assert.equal(outcome.kind, "done");
          assert.deepEqual(where, { ...arrived, host: "shutoff defined" });
          return;
        }
        assert.notEqual(outcome.kind, "unknown", JSON.stringify(outcome));
        assert.deepEqual(where, outcome.kind === "done" ? arrived : stayed);
        if (outcome.kind === "done") return;
        await bench.call("domain.migrate", { to: "other" }, { on: ref });
        assert.deepEqual(await whereabouts(hosts), arrived);
      });
    }
  }
}

for (const effect of ["migration.transfer", "migration.hand-over"] as const) {
  Deno.test(`when the guest dies here at ${effect}, nothing is left waiting there`, async () => {
    await using hosts = await pair();
    const { bench, ref, faults } = hosts;
    faults.here.add({ kind: "guest-dies", effect });
    const { outcome } = await bench.result("domain.migrate", { to: "other" }, { on: ref });
    assert.equal(outcome.kind, "not-done");
    assert.deepEqual(await whereabouts(hosts), { host: "shutoff defined" });
  });
}

Deno.test("when the guest that waits there dies, the domain goes on here", async () => {
  await using hosts = await pair();
  const { bench, ref, faults } = hosts;
  faults.there.add({ kind: "guest-dies", effect: "migration.finish" });
  const { outcome } = await bench.result("domain.migrate", { to: "other" }, { on: ref });
  assert.equal(outcome.kind, "not-done");
  assert.deepEqual(await whereabouts(hosts), stayed);
});

Deno.test("a guest that was handed over and could not be ended here cannot be resumed here", async () => {
  await using hosts = await pair();
  const { bench, ref, faults } = hosts;
  faults.here.add({ kind: "fail", effect: "migration.confirm" });
  faults.here.add({ kind: "fail", effect: "domain.kill" });
  await bench.call("domain.migrate", { to: "other" }, { on: ref });
  assert.deepEqual(await whereabouts(hosts), { ...arrived, host: "paused defined" });
  await bench.refused("wrong-state", "domain.resume", { on: ref, input: {} });
  await bench.call("domain.destroy", {}, { on: ref });
});

Deno.test("an offline migration never asks whether the domain lives", async () => {
  for (
    const [side, effect] of [["there", "domain.write-definition"], [
      "here",
      "domain.remove-definition",
    ]] as const
  ) {
    for (const kind of kinds) {
      await using hosts = await pair({ start: false });
      const { bench, ref, faults } = hosts;
      faults[side].add({ kind, effect });
      const { outcome } = await bench.result("domain.migrate", { to: "other", offline: true }, { on: ref });
      const where = await whereabouts(hosts);
      if (outcome.kind === "done") {
        assert.deepEqual(where, { other: "shutoff defined" }, `${kind} at ${effect}`);
      } else if (effect === "domain.write-definition") {
        assert.deepEqual(where, { host: "shutoff defined" }, `${kind} at ${effect}`);
      }
    }
  }
});
