/**
 * Carrying plans out: step by step, each an ordinary operation; where one fails, what was done is taken back.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Change, PlanData, PlannedCall, PlanStep } from "../../model/plan.ts";
import { DomainHandle, type ShutdownOptions } from "../domain.ts";
import { Handle, objectsOf } from "../handle.ts";
import { VolumeHandle } from "../volume.ts";
import type { SecretValue } from "./desired.ts";
import { grow } from "./grow.ts";
import type { Observed } from "./observe.ts";

/** How a plan is carried out. */
export interface ApplyOptions {
  /** How a domain is shut down that shall be off. @default within 2 minutes, else it fails */
  readonly shutdown?: ShutdownOptions;
  /**
   * Whether a running domain is shut down and started where something waits for its next start, or can be changed only while it is
   * off. Where it does not start with its new definition it gets the old one again. Needs `domain:init_control,start`, and
   * `domain:stop` to pull its power cord.
   * @default "never"
   */
  readonly restart?: "never" | "if-needed";
}

/** What a plan is carried out with. */
export interface ApplyContext {
  readonly observed: Observed;
  readonly options: ApplyOptions;
  /** For a secret: its value. */
  readonly value?: SecretValue;
}

/** What came of it. */
export interface Applied {
  /** The object; absent where it is not there any more. */
  readonly self?: Handle;
  /** Changes that the hypervisor could not make while the object runs: they wait for the next start. */
  readonly deferred: readonly Change[];
  /** Whether anything was done; what waits for the next start already may be all there is. */
  readonly acted: boolean;
}

/**
 * Carries a plan out.
 *
 * @throws {VirtError} what a step failed with, when what came before it has been taken back; with what could not be taken
 * back in its message.
 */
export async function applyPlan(
  host: Handle<"connection">,
  plan: PlanData,
  { observed, options, value }: ApplyContext,
): Promise<Applied> {
  if (plan.blocked !== undefined) {
    throw new VirtError("wrong-state", `Cannot apply the plan for ${labelOf(plan)}: ${plan.blocked}`, {
      target: labelOf(plan),
      detail: { plan },
    });
  }
  const deferred: Change[] = [];
  const done: PlanStep[] = [];
  let { self } = observed;
  const call = async ({ operation, on, input, isTrial }: PlannedCall & Pick<PlanStep, "isTrial">): Promise<
    unknown
  > => {
    const through = { host, self, parent: observed.parent }[on];
    if (through === undefined) {
      throw new VirtError("not-found", `Cannot ${operation}: ${labelOf(plan)} is not there`);
    }
    if (operation === "domain.shutdown" && through instanceof DomainHandle) {
      return await through.shutdown(options.shutdown);
    }
    const { capacityBytes } = input;
    if (
      operation === "volume.resize" && through instanceof VolumeHandle && typeof capacityBytes === "number"
    ) {
      return await grow(host, through, { capacityBytes, pool: observed.parent?.name ?? "" });
    }
    const whole = operation === "secret.setValue" ? { ...input, value } : input;
    if (isTrial !== true) return await objectsOf(host).call(operation, through, { input: whole });
    // Whatever happens meanwhile, it is taken back when the run ends.
    const tried = await objectsOf(host).call(operation, through, {
      input: whole,
      options: { temporary: true },
    });
    if (isDisposable(tried)) await tried[Symbol.asyncDispose]();
    return tried;
  };
  for (const step of plan.steps) {
    try {
      const answer = await call(step);
      if (step.isTrial === true) continue;
      if (answer instanceof Handle) self = answer;
      done.push(step);
    } catch (error) {
      const change = step.elseNextBoot === undefined ? undefined : plan.changes[step.elseNextBoot];
      if (change !== undefined && isRefusal(error, step)) {
        deferred.push({ ...change, effect: "next-boot", why: `The hypervisor cannot: ${error.message}` });
        continue;
      }
      await takeBack(plan, { host, step, error, done, call });
      throw error;
    }
  }
  return {
    deferred,
    acted: done.length > 0,
    ...(self === undefined || plan.action === "delete" ? {} : { self }),
  };
}

function isDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && Symbol.asyncDispose in value;
}

/** Whether the hypervisor cannot do a step at all, as opposed to one that has failed. */
function isRefusal(error: unknown, { mayBeRefused }: PlanStep): error is VirtError {
  return isVirtError(error, "unsupported") ||
    (mayBeRefused === true && isVirtError(error, "invalid-argument"));
}

/** Takes back what was done, last first. What failed may have half happened: that is the driver's to settle. */
async function takeBack(
  plan: PlanData,
  { host, step, error, done, call }: {
    readonly host: Handle<"connection">;
    readonly step: PlanStep;
    readonly error: unknown;
    readonly done: readonly PlanStep[];
    readonly call: (call: PlannedCall) => Promise<unknown>;
  },
): Promise<void> {
  // Where nobody knows what happened, what to take back is not known either.
  if (isVirtError(error, "outcome-unknown")) return;
  const left: string[] = [];
  let isOver = false;
  for (const { says, undo } of done.toReversed()) {
    if (undo === undefined || isOver) {
      left.push(undo === undefined ? `${says} (there is no way back)` : says);
      continue;
    }
    try {
      await call(undo);
    } catch (failure) {
      // A run that is being cancelled begins nothing any more.
      isOver = isVirtError(failure, "cancelled");
      left.push(isOver ? says : `${says} (${messageOf(failure)})`);
    }
  }
  if (left.length === 0) return;
  const target = labelOf(plan);
  if (isOver) {
    const undone = plan.steps.slice(plan.steps.indexOf(step)).map(({ says }) => says);
    const message = `Cancelled in the middle of ${target}. Done, and so it stays: ${
      left.toReversed().join("; ")
    }. Not done: ${undone.join("; ")}`;
    const hint = "Ensure it again to bring it to its end";
    objectsOf(host).session.say({ t: "log", level: "warn", message: `${message}. ${hint}` });
    throw new VirtError("cancelled", message, { target, hint, cause: error, detail: { plan } });
  }
  throw new VirtError(
    "operation-failed",
    `Cannot ${step.says}: ${messageOf(error)}; and could not take back: ${left.join("; ")}`,
    { target, cause: error, detail: { plan } },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How people call what is planned. */
export function labelOf({ kind, name }: PlanData): string {
  return `${kind} "${name}"`;
}
