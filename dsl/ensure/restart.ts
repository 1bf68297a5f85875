/**
 * Restarting a domain for changes that wait for its next start.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { DomainHandle } from "../domain.ts";
import { type Handle, objectsOf } from "../handle.ts";
import type { Applied, ApplyOptions } from "./apply.ts";
import type { Observed } from "./observe.ts";
import type { Plan } from "./plan.ts";

/** Whether something of what was planned waits for the domain's next start, which nobody has planned. */
export function waitsForRestart(plan: Plan, { observed, applied }: Outcome): boolean {
  if (plan.kind !== "domain" || observed.present.live === undefined) return false;
  if (plan.action === "delete" || plan.steps.some(({ operation }) => operation === "domain.shutdown")) {
    return false;
  }
  return applied.deferred.length > 0 || plan.pending.length > 0 ||
    plan.changes.some(({ effect }) => effect === "next-boot");
}

/** Whether a plan is refused for no other reason than that the domain runs. */
export function isRefusedForRunning({ kind, changes, blocked }: Plan, { present }: Observed): boolean {
  return kind === "domain" && blocked !== undefined && present.live !== undefined &&
    changes.some(({ effect }) => effect === "needs-stop") &&
    !changes.some(({ effect }) => effect === "replace");
}

/** What was there, and what came of the plan. */
interface Outcome {
  readonly observed: Observed;
  readonly applied: Applied;
}

/** Shuts the domain down, as it is said how. */
export async function stop(self: Handle | undefined, { shutdown }: ApplyOptions): Promise<void> {
  if (self instanceof DomainHandle) await self.shutdown(shutdown);
}

/**
 * Starts a domain that was stopped for a change. Where it does not start with its new definition it gets the old one, and is
 * started with that.
 *
 * @throws {VirtError} what the start failed with, saying what the domain does now.
 */
export async function startAgain(
  host: Handle<"connection">,
  self: Handle | undefined,
  former: string | undefined,
): Promise<void> {
  if (!(self instanceof DomainHandle)) return;
  const objects = objectsOf(host);
  try {
    await objects.invoke("domain.start", self, {}, { rebase: true });
  } catch (error) {
    if (!isVirtError(error) || error.code === "outcome-unknown" || error.code === "cancelled") throw error;
    let now = "it is off";
    if (former !== undefined) {
      try {
        await objects.invoke("domain.define", host, { xml: former, keepPasswords: true });
        await objects.invoke("domain.start", self, {}, { rebase: true });
        now = "it runs with its old definition again";
      } catch (failure) {
        now = `it is off, and does not start with its old definition either: ${
          failure instanceof Error ? failure.message : String(failure)
        }`;
      }
    }
    throw new VirtError(
      error.code,
      `Cannot start ${self} with its new definition: ${error.message}; ${now}`,
      {
        target: self.toString(),
        cause: error,
      },
    );
  }
}
