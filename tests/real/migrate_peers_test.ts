/**
 * Domains that two real hosts move between themselves. That has no seams to disturb it at: the moments are anywhere.
 *
 * @module
 */
import { judgeMigration, type MigrationStage } from "./kit/migration_stage.ts";
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

const { hosts, test, testHosts } = migrationTests();

async function disturb(stage: MigrationStage, { what, kills, act }: Disturbance): Promise<void> {
  const ref = await stage.start();
  const ms = Math.random() * 1_200;
  stage.at({ phase: "migrate", when: { ms } }, () => act(stage));
  const told = await stage.migrate(ref, { ...byPeers, ...slowly });
  // Of a host that is stuck nobody can be told what it has done.
  const mayBeUnknown = told.kind === "unknown" && await stage.unstick();
  const when = `${what} after ${ms} ms`;
  judgeMigration(told, await stage.settled(), { when, mayBeDead: kills, mayBeUnknown });
}

// libvirt 9.0 takes minutes to notice that a guest is dead in the middle of being sent: they are sent beside each other.
for (const disturbance of guestDisturbances) {
  testHosts(`${disturbance.what} at some moment between peers, and the domain runs once`, async (set) => {
    const journeys = Array.from({ length: isDense ? 6 : 2 }, async () => {
      await using stage = await set();
      await disturb(stage, disturbance);
    });
    const ended = await Promise.allSettled(journeys);
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  });
}

for (const disturbance of hostDisturbances) {
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
  const told = await stage.migrate(ref, { ...byPeers, bandwidthMibPerS: 8, maxDowntimeMs: 3000 });
  await frozen;
  judgeMigration(told, await stage.settled(), { when: "before the last word", mayBeDead: true });
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
