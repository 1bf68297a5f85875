/**
 * Domains: starting and stopping.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { act } from "./act.ts";
import { type DomainJob, needGuest, statusOf } from "./domain.ts";

type Status = OutputOf<Operations["domain.start"]>;

async function start(job: DomainJob, { paused }: ParsedInputOf<Operations["domain.start"]>): Promise<Status> {
  const { object } = job;
  if (object.phase !== "inactive") {
    throw new VirtError("wrong-state", `Cannot start ${object.label}: it is already ${object.phase}`, {
      target: object.label,
    });
  }
  object.begin();
  try {
    const { id, name, config } = object;
    await act(job, "domain.spawn", { input: { id, name, xml: config } });
    await act(job, paused ? "domain.pause" : "domain.continue", {
      input: { id, reason: paused ? "starting" : "booted" },
    });
    return statusOf(object);
  } catch (error) {
    await giveBack(job);
    throw error;
  }
}

/** Takes back a start that did not succeed: the process that is recorded, and the phase. */
async function giveBack(job: DomainJob): Promise<void> {
  const { object } = job;
  try {
    if (object.live !== undefined) {
      await act(job, "domain.kill", {
        input: { id: object.id, reason: "failed" },
        givesBack: true,
        offline: true,
      });
    }
  } finally {
    if (object.phase === "starting") object.goDown();
  }
}

async function kill(job: DomainJob): Promise<void> {
  const { object } = job;
  if (object.phase !== "starting") needGuest(object, "destroy");
  await act(job, "domain.kill", { input: { id: object.id, reason: "destroyed" }, offline: true });
}

async function destroy(job: DomainJob): Promise<Status> {
  const { object } = job;
  // Between the kill and this job somebody may have started it again.
  if (object.live !== undefined) await kill(job);
  return statusOf(object);
}

export const domainLifeCycle = {
  "domain.start": { run: start },
  "domain.destroy": { run: destroy, kill },
} satisfies DriverMap;
