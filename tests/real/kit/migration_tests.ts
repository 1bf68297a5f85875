/**
 * Tests of guests that move between two real hosts, and what may disturb them on their way.
 *
 * @module
 */
import { guestNeeds } from "./guest_image.ts";
import { MigrationStage, type PhaseMoment, type Side } from "./migration_stage.ts";
import { unavailable } from "./requirements.ts";
import { TwoHosts } from "./two_hosts.ts";

/** A file's tests, all on the same two hosts. */
export interface MigrationTests {
  /** The hosts, while a test runs. */
  hosts(): TwoHosts;
  /** A test with a stage of its own. */
  test(name: string, run: (stage: MigrationStage) => Promise<void>): void;
}

/** Starts two hosts before a file's tests and ends them afterwards; where they cannot be had, the tests say why. */
export function migrationTests(): MigrationTests {
  const reason = unavailable(guestNeeds);
  let started: TwoHosts | undefined;
  let stages = 0;
  if (reason === undefined) {
    Deno.test.beforeAll(async () => {
      started = await TwoHosts.start();
    });
    Deno.test.afterAll(() => started?.stop());
  }
  const hosts = (): TwoHosts => {
    if (started === undefined) throw new Error("The hosts have not been started");
    return started;
  };
  const set = (): Promise<MigrationStage> => MigrationStage.set(hosts(), `traveller-${++stages}`);
  return {
    hosts,
    test: (name, run) => {
      Deno.test({
        name: reason === undefined ? name : `${name} (skipped: ${reason})`,
        ignore: reason !== undefined,
        fn: async () => {
          await using stage = await set();
          await run(stage);
        },
      });
    },
  };
}

/** With `DROVER_DISTURBANCES` every disturbance at every moment, else those that a migration stands or falls by. */
export const isDense = Deno.env.get("DROVER_DISTURBANCES") !== undefined;

/** How a guest's way is made long enough to be disturbed on it, and yet comes to an end. */
export const slowly = { bandwidthMibPerS: 32, maxDowntimeMs: 3000 } as const;

/** What the other host is called for what goes between peers. */
export const byPeers = { via: "peer-to-peer", destinationUri: "qemu+tcp://target/system" } as const;

/** Something that happens to a migration. */
export interface Disturbance {
  readonly what: string;
  /** Whether the guest itself may be dead afterwards. */
  readonly kills: boolean;
  act(stage: MigrationStage): void | Promise<void>;
}

/** Kills a daemon and starts it again. */
async function restarted({ hosts }: MigrationStage, side: Side): Promise<void> {
  hosts[side].kill();
  await hosts[side].restart();
}

/** What may happen to a guest itself. */
export const guestDisturbances: readonly Disturbance[] = (["source", "target"] as const).map((side) => ({
  what: `the guest is killed at the ${side}`,
  kills: true,
  act: (stage) => stage.killGuest(side),
}));

/** What may happen to those who move it. */
export const hostDisturbances: readonly Disturbance[] = (["source", "target"] as const).flatMap((side) => [
  { what: `the link to the ${side} is cut`, kills: false, act: (stage) => stage.cut(side) },
  { what: `the daemon of the ${side} is killed`, kills: false, act: (stage) => restarted(stage, side) },
]);

const phases = ["begin", "prepare", "perform", "finish", "confirm"] as const;

/** The seams of a migration. */
export const seams: readonly PhaseMoment[] = phases.flatMap((phase) =>
  (["before", "after"] as const).map((when) => ({ phase, when }))
);

/** Moments in the middle of its longest phase. */
export const midway: readonly PhaseMoment[] = [100, 400].map((ms) => ({ phase: "perform", when: { ms } }));

/** What a moment is called. */
export function momentText({ phase, when }: PhaseMoment): string {
  return typeof when === "string" ? `${when} ${phase}` : `${when.ms} ms into ${phase}`;
}
