/**
 * Desired state: plans, and their carrying out.
 *
 * @module
 */
import type { DesiredData, DesiredKind } from "../../model/desired/mod.ts";
import type { Change } from "../../model/plan.ts";
import { type Handle, objectsOf } from "../handle.ts";
import type { HandleOf } from "../handles.ts";
import { type Applied, type ApplyOptions, applyPlan } from "./apply.ts";
import type { Desired } from "./desired.ts";
import { observe, type Observed } from "./observe.ts";
import { changeLine, Plan } from "./plan.ts";
import { isRefusedForRunning, startAgain, stop, waitsForRestart } from "./restart.ts";
import { wrongSpec } from "./wrong_spec.ts";

/** What came of making an object as it shall be. */
export interface Ensured<K extends DesiredKind = DesiredKind> {
  /** Whether anything was changed. */
  readonly changed: boolean;
  /** The object. Reading it throws where it shall not be there. */
  readonly object: HandleOf<K>;
  /** What was planned. */
  readonly plan: Plan<K>;
  /** Changes that the hypervisor could not make while the object runs: they wait for the next start. */
  readonly deferred: readonly Change[];
  /** Whether the domain was restarted, so that nothing waits for its next start. */
  readonly restarted: boolean;
}

/** Computes what would change for an object to be as desired. */
export async function planFor<K extends DesiredKind>(
  host: Handle<"connection">,
  desired: Desired<K>,
): Promise<Plan<K>> {
  return (await look(host, desired)).plan;
}

async function look<K extends DesiredKind>(
  host: Handle<"connection">,
  desired: Desired<K>,
): Promise<{ readonly plan: Plan<K>; readonly observed: Observed }> {
  const { kind, spec } = desired;
  // A kind and its spec belong together by the type of `Desired`; a value is in no plan.
  const data = { kind, spec } as DesiredData;
  const observed = await observe(host, data);
  const { present } = observed;
  try {
    const input = { desired: data, present };
    const computed = await objectsOf(host).invoke("connection.computePlan", host, input);
    return { plan: new Plan<K>(computed), observed };
  } catch (error) {
    throw wrongSpec(error, desired);
  }
}

/** Makes an object as it shall be. */
export async function ensure<K extends DesiredKind>(
  host: Handle<"connection">,
  desired: Desired<K>,
  options: ApplyOptions = {},
): Promise<Ensured<K>> {
  const first = await look(host, desired);
  tell(host, first.plan);
  const stops = options.restart === "if-needed" && isRefusedForRunning(first.plan, first.observed);
  if (stops) await stop(first.observed.self, options);
  const { plan, observed } = stops ? await look(host, desired) : first;
  let applied: Applied;
  try {
    applied = await applyPlan(host, plan, {
      observed,
      options,
      ...(desired.value === undefined ? {} : { value: desired.value }),
    });
  } finally {
    if (stops) await startAgain(host, observed.self, undefined);
  }
  const { self, deferred } = applied;
  const restarts = options.restart === "if-needed" && waitsForRestart(plan, { observed, applied });
  if (restarts) {
    await stop(self, options);
    await startAgain(host, self, observed.present.config);
  }
  return {
    changed: applied.acted || stops || restarts,
    plan: first.plan,
    deferred: restarts ? [] : deferred,
    restarted: stops || restarts,
    get object(): HandleOf<K> {
      // What a step or a look-up of the kind has found is of that class.
      if (self !== undefined) return self as HandleOf<K>;
      throw new TypeError(`There is no ${plan.kind} "${plan.name}": it shall not be there`);
    },
  };
}

/** Says what is going to happen, before it does. */
function tell(host: Handle<"connection">, plan: Plan): void {
  if (!plan.changed) return;
  const { session } = objectsOf(host);
  for (
    const line of [
      `${plan.action} ${plan.kind} "${plan.name}"`,
      ...plan.changes.map((each) => changeLine(each).trim()),
    ]
  ) {
    session.say({ t: "log", level: "info", message: line });
  }
}
