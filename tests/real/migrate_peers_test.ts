/**
 * Domains that two real hosts move between themselves. That has no seams to disturb it at: the moments are anywhere.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import { judgeMigration, type MigrateInput, type MigrationStage } from "./kit/migration_stage.ts";
import {
  byPeers,
  type Disturbance,
  guestDisturbances,
  hostDisturbances,
  isDense,
  migrationTests,
  slowly,
} from "./kit/migration_tests.ts";
import { until } from "./kit/until.ts";

const { hosts, test } = migrationTests();

/**
 * How long the hosts may take, in milliseconds. Where the guest's process dies libvirt 9.0 may never come to an end: what
 * waits for the memory to be sent keeps off what would end the guest.
 */
const patienceMs = 60_000;

/** Sends the guest, and judges what has become of it. */
async function sendAndJudge(
  stage: MigrationStage,
  ref: ObjectRef,
  { input, when, mayBeDead }: {
    readonly input: MigrateInput;
    readonly when: string;
    readonly mayBeDead: boolean;
  },
): Promise<void> {
  const told = await stage.migrate(ref, { ...byPeers, ...input }, { deadline: Date.now() + patienceMs });
  // Of a host that is stuck nobody can be told what it has done.
  const mayBeUnknown = told.kind === "unknown" && await stage.unstick();
  judgeMigration(told, await stage.settled(), { when, mayBeDead, mayBeUnknown });
}

async function disturb(stage: MigrationStage, { what, kills, act }: Disturbance): Promise<void> {
  const ref = await stage.start();
  const ms = Math.random() * 1_200;
  stage.at({ phase: "migrate", when: { ms } }, () => act(stage));
  await sendAndJudge(stage, ref, { input: slowly, when: `${what} after ${ms} ms`, mayBeDead: kills });
}

for (const disturbance of [...guestDisturbances, ...hostDisturbances]) {
  for (let time = 0; time < (isDense ? 10 : 1); time++) {
    test(`${disturbance.what} at some moment between peers, and the domain runs once (${time})`, async (stage) => {
      await disturb(stage, disturbance);
    });
  }
}

test("the guest is killed at the source when only the last word of its host is missing", async (stage) => {
  const ref = await stage.start();
  let frozen: Promise<void> | undefined;
  stage.at({ phase: "migrate", when: "before" }, () => {
    frozen = freezeWhenSent(stage);
    // It is waited for below; until then nobody else may be told.
    frozen.catch(() => {});
  });
  const input = { bandwidthMibPerS: 8, maxDowntimeMs: 3000 };
  await sendAndJudge(stage, ref, { input, when: "before the last word", mayBeDead: true });
  await frozen;
});

/** Stops the daemon of the target while memory is sent, kills what is left at the source then, and lets it go on. */
async function freezeWhenSent(stage: MigrationStage): Promise<void> {
  const isSending = async (): Promise<boolean> =>
    /Memory processed/.test((await hosts().source.tryVirsh("domjobinfo", stage.name)).output);
  await until(isSending, { what: "memory to be sent" });
  hosts().target.freeze();
  try {
    const isSent = async (): Promise<boolean> =>
      (await hosts().source.tryVirsh("domstate", "--reason", stage.name)).output.includes(
        "paused (migrating)",
      );
    await until(isSent, { what: "the guest that was sent" });
    stage.killGuest("source");
  } finally {
    hosts().target.thaw();
  }
}

test("the wire between the hosts breaks, and the domain goes on where it was", async (stage) => {
  const ref = await stage.start();
  stage.at({ phase: "migrate", when: { ms: 700 } }, () => hosts().unplug());
  const told = await stage.migrate(ref, { ...byPeers, bandwidthMibPerS: 4 });
  const states = await stage.settled();
  await hosts().plug();
  judgeMigration(told, states, { when: "the wire broke", mayBeDead: false });
  if (told.kind !== "not-done") throw new Error(`It is said to be ${told.kind}`);
});
