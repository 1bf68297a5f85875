/**
 * Going back to where a run was cancelled, so that it can be resumed from there.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DeliveryRecord, LeaseRecord, RunRecord, StepRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import { describeStep } from "./step_identity.ts";

/**
 * Makes a cancelled run an interrupted one that stands where it was cancelled. What the recipe did on its way out is
 * forgotten; what had been asked for before and was answered meanwhile is kept.
 *
 * @throws {VirtError} `wrong-state` where it changed something on its way out: then there is no way back.
 */
export async function rewindCancelled(run: RunRecord, store: Store): Promise<RunRecord> {
  const point = run.cancelPoint;
  if (point === undefined) throw noWayBack(run, "it is not on record where it was cancelled");
  const [steps, deliveries, leases] = await Promise.all([
    store.steps(run.id),
    store.deliveries(run.id),
    store.leases(run.id),
  ]);
  refuseChanges(run, { steps: steps.slice(point.steps), leases, since: point.at });
  const cut = deliveries.findIndex(({ delivery }) => delivery.t === "cancel");
  const before = cut === -1 ? deliveries : deliveries.slice(0, cut);
  const after = cut === -1 ? [] : deliveries.slice(cut + 1);
  const kept = after.filter(({ delivery }) => delivery.t === "answer" && delivery.step < point.steps);
  store.cutBack(run.id, { steps: point.steps, deliveries: before.length, logs: point.logs });
  for (const [index, { delivery }] of kept.entries()) {
    store.addDelivery({ run: run.id, sequence: before.length + index, delivery });
  }
  for (const number of unanswered(steps.slice(0, point.steps), [...before, ...kept])) {
    store.changeStep(run.id, number, { reopened: true });
  }
  for (const { id, kind, state, endedAt } of leases) {
    if (kind === "exclusive" && state === "released" && (endedAt ?? 0) >= point.at) {
      store.changeLease(id, { state: "held" });
    }
  }
  store.changeRun(run.id, {
    state: "interrupted",
    interruptedAt: run.endedAt,
    cancelPoint: undefined,
    endedAt: undefined,
    exit: undefined,
    error: undefined,
    result: undefined,
  });
  await store.flush();
  return await store.run(run.id) ?? run;
}

function refuseChanges(
  run: RunRecord,
  { steps, leases, since }: {
    readonly steps: readonly StepRecord[];
    readonly leases: readonly LeaseRecord[];
    readonly since: number;
  },
): void {
  const wrote = steps.find(({ effect, outcome }) => effect === "write" && outcome !== "not-done");
  if (wrote !== undefined) throw noWayBack(run, `it did ${describeStep(wrote)} on its way out`);
  const ended = leases.find(({ kind, state, endedAt }) =>
    kind === "temporary" && state !== "held" && (endedAt ?? Infinity) >= since
  );
  if (ended !== undefined) {
    throw noWayBack(run, `what it made for a time (${ended.label}) has been taken back`);
  }
}

/** Calls that were cancelled with the run: to be asked for once more. */
function unanswered(steps: readonly StepRecord[], deliveries: readonly DeliveryRecord[]): readonly number[] {
  const answered = new Set(deliveries.flatMap(({ delivery }) => "step" in delivery ? [delivery.step] : []));
  return steps.flatMap(({ number, outcome }) =>
    outcome === undefined || answered.has(number) ? [] : [number]
  );
}

function noWayBack({ id }: RunRecord, why: string): VirtError {
  return new VirtError("wrong-state", `Cannot resume run ${id}, which was cancelled: ${why}`, {
    hint: "Run the recipe again",
  });
}
