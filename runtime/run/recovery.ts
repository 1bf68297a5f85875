/**
 * What a kernel finds of the runs of the one before, which died.
 *
 * @module
 */
import { operations } from "../../model/operations/mod.ts";
import type { RunRecord, StepRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Doubt } from "../uncertain.ts";

/** The states of a run that a living kernel drives. */
export const drivenStates = ["starting", "running", "cancelling"] as const;

/**
 * Marks the runs that a dead kernel left as interrupted, and the objects on which they may have acted as uncertain. To
 * be called before there is a kernel.
 *
 * @returns every uncertain object, for the kernel.
 */
export async function recoverRuns(store: Store, now: number): Promise<ReadonlyMap<string, Doubt>> {
  for (const run of await store.runs({ states: drivenStates })) {
    store.changeRun(run.id, { state: "interrupted", interruptedAt: now });
    for (const step of unsettledWrites(await store.steps(run.id))) {
      if (operations.get(step.operation ?? "")?.repeatable === true) continue;
      store.setUncertain({
        key: step.intent.object,
        label: step.intent.label,
        operation: step.operation ?? step.kind,
        principal: run.principal,
        run: run.id,
        step: step.number,
        title: run.title,
        since: step.issuedAt,
        reason: doubtReason(run),
      });
    }
  }
  await store.flush();
  return new Map((await store.uncertain()).map((record) => [record.key, {
    label: record.label,
    operation: record.operation,
    caller: {
      principal: record.principal,
      since: record.since,
      ...(record.run === undefined ? {} : { run: record.run }),
      ...(record.title === undefined ? {} : { title: record.title }),
    },
    since: record.since,
    reason: record.reason,
  }]));
}

/** The steps that may have acted and of which nobody wrote down what became. */
export function unsettledWrites(
  steps: readonly StepRecord[],
): (StepRecord & { readonly intent: NonNullable<StepRecord["intent"]> })[] {
  return steps.flatMap((step) =>
    step.intent === undefined || step.outcome !== undefined ? [] : [{ ...step, intent: step.intent }]
  );
}

function doubtReason({ id }: RunRecord): string {
  return `its runtime ended while it was under way; resume the run with: drover runs resume ${id}, ` +
    `or give it up with: drover runs abandon ${id}`;
}

/** Keeps what the kernel learns about uncertain objects; durable with the next write. */
export function rememberDoubt(
  store: Store,
  { key, doubt }: { readonly key: string; readonly doubt: Doubt | undefined },
): void {
  if (doubt === undefined) return store.clearUncertain(key);
  const { label, operation, caller, since, reason } = doubt;
  store.setUncertain({
    key,
    label,
    operation,
    principal: caller.principal,
    since,
    reason,
    ...(caller.run === undefined ? {} : { run: caller.run }),
    ...(caller.title === undefined ? {} : { title: caller.title }),
  });
}
