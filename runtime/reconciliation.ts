/**
 * Finding out what became of an operation whose link broke.
 *
 * @module
 */
import { toErrorData, VirtError } from "../model/error.ts";
import type { CallResult } from "./call.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Observation, Reconciled } from "./driver.ts";
import type { KernelJob } from "./job.ts";
import type { ManagedObject } from "./object.ts";
import type { KernelSettings } from "./settings.ts";
import type { UncertainObjects } from "./uncertain.ts";
import type { TargetedCall } from "./understood_call.ts";

/** What is known of the operation. */
export interface InDoubt {
  readonly call: TargetedCall;
  readonly object: ManagedObject;
  /** The keys of all objects that it writes to. */
  readonly keys: ReadonlySet<string>;
  /** What was noted before it acted. */
  readonly before: Observation;
  /** What went wrong with it, for the caller where it turns out not to have happened. */
  readonly error: unknown;
}

/** What finding out needs. */
export interface ReconciliationOptions {
  readonly clock: Clock;
  readonly settings: KernelSettings;
  readonly uncertain: UncertainObjects;
  /** A fresh job for each try, with a fresh token, on the slot that the operation held. */
  readonly nextJob: (deadline: number) => KernelJob;
}

/** Finds out whether an operation happened; what stays unknown blocks its object for writes. */
export async function findOut(doubt: InDoubt, options: ReconciliationOptions): Promise<CallResult> {
  const { call: { request, operation }, object, keys, error } = doubt;
  request.onState?.({ kind: "reconciling" });
  const answer = await lookUntilKnown(doubt, options);
  const { conceal } = request;
  const told = (text: string): string => conceal?.text(text) ?? text;
  switch (answer.kind) {
    case "done":
      return { outcome: { kind: "done", value: answer.value, reconciled: true }, object };
    case "not-done":
      return { outcome: { kind: "not-done", error: toErrorData(error), reconciled: true }, object };
    case "unknown": {
      for (const key of keys) {
        options.uncertain.add(key, {
          label: object.label,
          operation: operation.name,
          caller: request.caller,
          since: options.clock.now(),
          reason: told(answer.reason),
        });
      }
      const unknown = new VirtError(
        "outcome-unknown",
        `Cannot tell whether ${operation.name} of ${object.label} happened: ${answer.reason}`,
        {
          target: object.label,
          hint: `Look at it, then: drover jobs accept ${[...keys][0]} --as done|not-done`,
          cause: error,
        },
      );
      return { outcome: { kind: "unknown", error: toErrorData(unknown) }, object };
    }
  }
}

async function lookUntilKnown(
  { call, before }: InDoubt,
  options: ReconciliationOptions,
): Promise<Reconciled<unknown>> {
  const { clock, settings, nextJob } = options;
  const { reconcile } = call.implementation;
  if (reconcile === undefined) {
    return { kind: "unknown", reason: `nothing can tell whether ${call.operation.name} happened` };
  }
  const deadline = clock.now() + settings.reconcileMs;
  while (true) {
    // A look that is never answered leaves time for another one.
    const tryUntil = Math.min(deadline, clock.now() + settings.reconcileMs / 3);
    const answer = await look(() => reconcile(nextJob(tryUntil), call.input, before));
    if (answer.kind !== "unknown" || clock.now() >= deadline) return answer;
    await sleep(clock, Math.min(settings.reconcilePauseMs, Math.max(1, deadline - clock.now())));
  }
}

/** A look that fails tells nothing; it is tried again. */
async function look(reconcile: () => Promise<Reconciled<unknown>>): Promise<Reconciled<unknown>> {
  try {
    return await reconcile();
  } catch (error) {
    return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}
