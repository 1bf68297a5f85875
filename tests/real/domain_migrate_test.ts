/**
 * Domains that move between two real hosts.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../model/object.ts";
import type { Outcome } from "../../model/outcome.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import { judgeMigration, MigrationStage, type PhaseMoment, type Side } from "./kit/migration_stage.ts";
import { unavailable } from "./kit/requirements.ts";
import { TwoHosts } from "./kit/two_hosts.ts";

const reason = unavailable(guestNeeds);
let hosts: TwoHosts;
if (reason === undefined) {
  Deno.test.beforeAll(async () => {
    hosts = await TwoHosts.start();
  });
  Deno.test.afterAll(() => hosts.stop());
}

let stages = 0;

function test(name: string, run: (stage: MigrationStage) => Promise<void>): void {
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn: async () => {
      await using stage = await MigrationStage.set(hosts, `traveller-${++stages}`);
      await run(stage);
    },
  });
}

function refIn(outcome: Outcome): ObjectRef {
  assert.equal(outcome.kind, "done", JSON.stringify(outcome));
  return (outcome as { readonly value: ObjectRef }).value;
}

const byPeers = { via: "peer-to-peer", destinationUri: "qemu+tcp://target/system" } as const;

for (const via of ["direct", "peer-to-peer", "tunnelled"] as const) {
  test(`a running domain moves ${via}, with its definition, and is gone from where it was`, async (stage) => {
    const ref = await stage.start();
    const there = refIn(await stage.migrate(ref, { ...(via === "direct" ? {} : byPeers), via }));
    assert.equal(there.connection, "target");
    assert.deepEqual(await stage.states(), { source: "absent", target: "running" });
    assert.match(await hosts.target.virsh("dominfo", stage.name), /Persistent:\s+yes/);
    assert.equal((await stage.bench.call("domain.info", {}, { on: there })).reason, "migrated");
    await stage.bench.refused("not-found", "domain.info", { input: {}, on: ref });
  });
}

/** With `DROVER_KILLS` every disturbance at every moment, else those that a migration stands or falls by. */
const all = Deno.env.get("DROVER_KILLS") !== undefined;

/** What may happen to a migration. */
const disturbances: Readonly<
  Record<string, { readonly act: (stage: MigrationStage) => void | Promise<void>; readonly kills: boolean }>
> = {
  "the guest is killed at the source": { act: (stage) => stage.killGuest("source"), kills: true },
  "the guest is killed at the target": { act: (stage) => stage.killGuest("target"), kills: true },
  "the link to the source is cut": { act: (stage) => stage.cut("source"), kills: false },
  "the link to the target is cut": { act: (stage) => stage.cut("target"), kills: false },
  "the daemon of the source is killed": { act: () => restarted("source"), kills: false },
  "the daemon of the target is killed": { act: () => restarted("target"), kills: false },
};

/** Kills a daemon and starts it again. */
async function restarted(side: Side): Promise<void> {
  hosts[side].kill();
  await hosts[side].restart();
}

const phases = ["begin", "prepare", "perform", "finish", "confirm"] as const;

const moments: readonly PhaseMoment[] = [
  ...phases.flatMap((phase) => (["before", "after"] as const).map((when) => ({ phase, when }))),
  ...[100, 400].map((ms) => ({ phase: "perform", when: { ms } })),
];

function textOf({ phase, when }: PhaseMoment): string {
  return typeof when === "string" ? `${when} ${phase}` : `${when.ms} ms into ${phase}`;
}

for (const [what, { act, kills }] of Object.entries(disturbances)) {
  for (const moment of all || kills ? moments : moments.filter(() => Math.random() < 0.3)) {
    test(`${what} ${textOf(moment)}, and the domain runs once, where its owner is told`, async (stage) => {
      const ref = await stage.start();
      stage.at(moment, () => act(stage));
      const told = await stage.migrate(ref, { bandwidthMibPerS: 32 });
      assert.ok(stage.reached);
      judgeMigration(told, await stage.settled(), { when: `${what} ${textOf(moment)}`, mayBeDead: kills });
    });
  }
}
