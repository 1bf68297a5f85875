/**
 * Taking back what a run made for a time only.
 *
 * @module
 */
import { type ErrorCode, VirtError } from "../../model/error.ts";
import { objectClasses, type ObjectRef } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Authority, Caller, CallIntent } from "../call.ts";
import { sleep } from "../clock.ts";
import type { DriverConnection } from "../driver.ts";
import type { LeaseRecord, LeaseUndo, StepRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";

/** How often an undo is tried before it counts as stuck, and the pause before the next try in milliseconds. */
const undoPausesMs: readonly number[] = [0, 250, 2000];

/** The object is not there: what was to be taken back is gone. */
const goneCodes: ReadonlySet<ErrorCode> = new Set(["not-found", "object-gone"]);

/** What taking back needs. */
export interface UndoContext {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly caller: Caller;
  readonly connections: ReadonlyMap<string, DriverConnection>;
}

/** Whoever was allowed to make something for a time is allowed to have it taken back. */
export const kernelAuthority: Authority = {
  check: () => {},
  checkReach: () => {},
  sees: () => true,
};

/**
 * The operation that takes another one back.
 *
 * @throws {VirtError} `invalid-argument` where there is none.
 */
export function undoOf(operation: Operation): string {
  if (operation.undo !== undefined) return operation.undo;
  throw new VirtError("invalid-argument", `Cannot make ${operation.name} temporary: nothing takes it back`, {
    hint: "Leave out temporary, or take it back yourself in a finally block",
  });
}

/**
 * Takes back what a temporary lease stands for, as often as it needs; what is gone already counts as taken back.
 *
 * @throws {VirtError} what the last try failed with.
 */
export async function undo(lease: LeaseRecord, context: UndoContext): Promise<void> {
  if (lease.undo === undefined) return;
  const target = lease.undo.target ?? await findMade(lease, context);
  if (target === undefined) return;
  let failure: unknown;
  for (const pauseMs of undoPausesMs) {
    if (pauseMs > 0) await sleep(context.kernel.clock, pauseMs);
    try {
      return await undoOnce(lease.undo, { target, context });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** The object that an answer is about: the reference in it, else what the call was on. */
export function madeRef(value: unknown, target: ObjectRef | undefined): ObjectRef | undefined {
  if (isRef(value)) return value;
  if (typeof value === "object" && value !== null) {
    const inside = Object.values(value).find(isRef);
    if (inside !== undefined) return inside;
  }
  return target;
}

/** What the operation that takes an answer back is given; nothing where its target says it all. */
export function undoInput(made: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
  const fields = operations.get(made)?.undoInput;
  if (fields === undefined || typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([field]) => fields.includes(field)));
}

async function undoOnce(
  { operation, connection, input }: LeaseUndo,
  { target, context }: { readonly target: ObjectRef; readonly context: UndoContext },
): Promise<void> {
  const { kernel, connections } = context;
  const driver = connections.get(connection);
  const object = driver?.find(target);
  const stop = `${target.$ref}.destroy`;
  const removes = operations.get(operation)?.whenGone !== undefined;
  // What runs cannot be removed, and nobody needs it to run any more.
  if (
    removes && object?.phase === "active" && operation !== stop && driver !== undefined &&
    kernel.supports(driver, stop)
  ) {
    await call(stop, { connection, target, context });
  }
  await call(operation, { connection, target, context, ...(input === undefined ? {} : { input }) });
}

async function call(
  operation: string,
  { connection, target, context, input = {} }: {
    readonly connection: string;
    readonly target: ObjectRef;
    readonly context: UndoContext;
    readonly input?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { outcome } = await context.kernel.call({
    operation,
    connections: context.connections,
    connection,
    ...(operations.get(operation)?.on === "connection" ? {} : { target }),
    input,
    caller: context.caller,
    authority: kernelAuthority,
    rebase: true,
  });
  context.store.addAudit({
    at: context.kernel.clock.now(),
    principal: context.caller.principal,
    ...(context.caller.run === undefined ? {} : { run: context.caller.run }),
    decision: outcome.kind === "done" ? "undone" : outcome.kind,
    operation,
    connection,
    object: `${objectClasses[target.$ref].label} "${target.name}"`,
  });
  throwUnlessGone(outcome);
}

function throwUnlessGone(outcome: Outcome): void {
  if (outcome.kind === "done" || goneCodes.has(outcome.error.code)) return;
  const { code, message, ...rest } = outcome.error;
  throw new VirtError(code, message, rest);
}

/** What a step made whose answer was never written down: by looking, as its journalled intent allows. */
async function findMade(lease: LeaseRecord, context: UndoContext): Promise<ObjectRef | undefined> {
  const step = (await context.store.steps(lease.run)).find(({ number }) => number === lease.step);
  if (step?.intent === undefined || step.outcome === "not-done") return undefined;
  const outcome = await reconcileStep({ ...step, intent: step.intent }, context);
  if (outcome.kind === "not-done") return undefined;
  if (outcome.kind === "done") return madeRef(outcome.value, lease.undo?.made.target);
  throw new VirtError(
    "outcome-unknown",
    `Cannot tell whether ${lease.label} exists: ${outcome.error.message}`,
    {
      target: lease.label,
    },
  );
}

/** Finds out what became of a step from its record alone, without the recipe. */
export async function reconcileStep(
  step: StepRecord & { readonly intent: CallIntent },
  { kernel, caller, connections }: Omit<UndoContext, "store">,
): Promise<Outcome> {
  const { outcome } = await kernel.reconcile({
    operation: step.operation ?? "",
    connections,
    connection: step.connection ?? "host",
    ...(step.ref === undefined ? {} : { target: step.ref }),
    input: step.input,
    caller,
    authority: kernelAuthority,
    intent: step.intent,
  });
  if (outcome.kind !== "unknown") kernel.accept(step.intent.object);
  return outcome;
}

function isRef(value: unknown): value is ObjectRef {
  return typeof value === "object" && value !== null && "$ref" in value && typeof value.$ref === "string" &&
    Object.hasOwn(objectClasses, value.$ref);
}
