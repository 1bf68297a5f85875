/**
 * What a migration has come to that did not end as it should: both hosts are looked at, and the domain runs on one of them
 * then, the right one.
 *
 * The guest on the other host decides: once it runs there, what is here must not run any more. A guest that waits there
 * never runs without being told to, so it can be dropped, and then the one here goes on.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { In } from "../operation_types.ts";
import { act, actTogether, lookAgain } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { domainNamed, domOf } from "./domain.ts";
import type { MigrationJob } from "./migration_job.ts";
import { keepsDefinition, migrateFlags, migrationParameters } from "./migration_plan.ts";
import {
  lookFrom,
  lookFromSource,
  type SourceStanding,
  type Standing,
  standingOf,
} from "./migration_standing.ts";
import type { Shows } from "./object_call.ts";
import { notFound } from "./refusal.ts";

type Migrate = In<"domain.migrate">;

/** The domain as it is known on the other host. */
export async function arrived(job: MigrationJob): Promise<ObjectRef<"domain">> {
  const { id, name } = job.object;
  const { peer } = job;
  const { table } = connectionOf(peer);
  if (table.byId("domain", id) === undefined) {
    await lookAgain(job.peer, [domainNamed({ name, uuid: id })]);
  }
  const domain = table.byId("domain", id);
  if (domain === undefined) throw notFound("domain", name);
  return peer.ref(domain, "domain");
}

/** What is done here: whatever it is, the domain's own liveness does not stop it. */
const decided = { doing: "migrate", offline: true, givesBack: true, acts: true } as const;

/** Ends what is left here of a domain that runs on the other host. */
export async function endHere(job: MigrationJob, { undefineSource }: Migrate): Promise<void> {
  const dom = domOf(job);
  await actTogether(job, "end here", async (line) => {
    await unless(["not-found", "wrong-state"], () => line.call("domainDestroy", { dom }));
    if (!undefineSource) return;
    // Source: libvirt, virDomainUndefineFlagsValues: managed save, snapshots, checkpoints; its NVRAM is still in use.
    await unless(
      ["not-found", "wrong-state"],
      () => line.call("domainUndefineFlags", { dom, flags: 0b11001 }),
    );
  }, decided);
}

/** What an error of these codes means has been done already. */
async function unless(codes: readonly string[], deed: () => Promise<unknown>): Promise<void> {
  try {
    await deed();
  } catch (error) {
    if (!isVirtError(error) || !codes.includes(error.code)) throw error;
  }
}

/** Drops a guest that waits on the other host. `false` where it waits no longer, but runs. */
async function dropThere(job: MigrationJob): Promise<boolean> {
  const { object } = job;
  const dom = domOf(job);
  const params = migrationParameters({ destination_name: object.name });
  return await actTogether(job.peer, "drop there", async (line) => {
    // To be told that the migration is cancelled is always an error.
    await unless(
      ["operation-failed", "not-found", "wrong-state", "internal"],
      () =>
        line.call("domainMigrateFinish3Params", {
          params,
          cookieIn: new Uint8Array(),
          flags: 0,
          cancelled: 1,
        }),
    );
    // It may have been told to run since it was looked at: then it may be the only one that does.
    const { is } = await standingOf(line, object);
    if (is === "between") {
      await unless(["not-found", "wrong-state"], () => line.call("domainDestroy", { dom }));
    }
    return is !== "running" && is !== "split";
  }, { ...decided, also: () => [domainNamed(dom)], target: object });
}

/** Has the guest here go on. */
async function goOnHere(job: MigrationJob, { atWork }: { readonly atWork: boolean }): Promise<void> {
  const dom = domOf(job);
  if (atWork) {
    const flags = migrateFlags.changeProtection;
    await act(
      job,
      "domainMigrateConfirm3Params",
      { dom, params: [], cookieIn: new Uint8Array(), flags, cancelled: 1 },
      decided,
    );
  } else {
    await act(job, "domainResume", { dom }, decided);
  }
}

const goesOn = { unknown: "the migration still goes on" } as const;

/**
 * Looks from both ends and brings the domain to one of them.
 *
 * @returns whether it has migrated; why that cannot be told yet, or at all.
 * @throws {VirtError} `unreachable` where one of the hosts cannot be looked at.
 */
export async function settle(job: MigrationJob, input: Migrate): Promise<Shows> {
  const { object } = job;
  // Here first: a guest that was gone here before is not one that still waits to be handed over.
  const here = await lookFromSource(job);
  const there = await lookFrom(job.peer, object);
  if (input.offline) return await settleOffline(job, { input, there, here });
  switch (there.is) {
    case "running":
      return await settleArrived(job, { input, there, here });
    case "between":
      return await settleWaiting(job, { input, here });
    case "split":
      // Half of the guest is on either host: neither may be touched; it can be taken up again.
      return there.failed ? false : goesOn;
    case "absent":
    case "off":
      return await settleHere(job, { input, here });
  }
}

/** It runs there. */
async function settleArrived(
  job: MigrationJob,
  { input, there, here }: {
    readonly input: Migrate;
    readonly there: Extract<Standing, { is: "running" }>;
    readonly here: SourceStanding;
  },
): Promise<Shows> {
  switch (here.is) {
    case "absent":
      return true;
    case "off":
      if (input.undefineSource) await endHere(job, input);
      return true;
    case "between":
      // The source's own libvirtd ends it as the last thing that it does.
      if (here.atWork && input.via !== "direct") return goesOn;
      await endHere(job, input);
      return true;
    case "running":
      if (here.atWork && input.via !== "direct") return goesOn;
      if (!there.arrived) return { unknown: "it runs on both hosts, and not by this migration" };
      await endHere(job, input);
      return true;
    case "split":
      return here.failed ? false : goesOn;
  }
}

/** A guest waits there, for memory or for the word to run. */
async function settleWaiting(
  job: MigrationJob,
  { input, here }: { readonly input: Migrate; readonly here: SourceStanding },
): Promise<Shows> {
  if (here.atWork && input.via !== "direct") return goesOn;
  if (!await dropThere(job)) return goesOn;
  return await settleHere(job, { input, here: await lookFromSource(job) });
}

/** It does not run there, and will not. */
async function settleHere(
  job: MigrationJob,
  { input, here }: { readonly input: Migrate; readonly here: SourceStanding },
): Promise<Shows> {
  switch (here.is) {
    case "running":
      return here.atWork ? goesOn : false;
    case "between":
      if (here.atWork && input.via !== "direct") return goesOn;
      await goOnHere(job, here);
      return false;
    case "off":
      // It had arrived, and has stopped there since.
      return here.reason === "migrated";
    case "absent":
      return { unknown: "it is on neither host: whether it had arrived before it ended cannot be seen" };
    case "split":
      return here.failed ? false : goesOn;
  }
}

/** Only a definition was to move. */
async function settleOffline(
  job: MigrationJob,
  { input, there, here }: {
    readonly input: Migrate;
    readonly there: Standing;
    readonly here: SourceStanding;
  },
): Promise<Shows> {
  if (there.is === "absent" || !keepsDefinition(job.object, input)) return false;
  if (input.undefineSource && here.is === "off") await endHere(job, input);
  return true;
}
