/**
 * One operation from the command line, as a run of one step: on record like any other, without recipe or sandbox.
 *
 * @module
 */
import { toErrorData, VirtError } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { CallRequest, CallResult } from "../call.ts";
import type { AuditRecord, RunRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";
import { Concealer } from "../secret/concealer.ts";
import { exitOf } from "./ending.ts";
import { stepRecord } from "./step_identity.ts";

/** What recording a call works with. */
export interface OperationRunOptions {
  readonly kernel: Kernel;
  readonly store: Store;
  readonly run: RunRecord;
  /** Hears that the run is on record, durably, before anything acts. */
  readonly begun?: () => void;
}

/** Carries one call out with a record of it: its intent before it acts, its outcome before it is told. */
export async function callRecorded(
  request: CallRequest,
  { kernel, store, run, begun }: OperationRunOptions,
): Promise<CallResult> {
  const { operation, connection, target, input } = request;
  const message = {
    t: "call",
    step: 0,
    operation,
    connection,
    ...(target === undefined ? {} : { target: { ...target } }),
    input,
    options: {},
  } as const;
  store.addRun(run);
  store.addStep(stepRecord(message, { run: run.id, issuedAt: kernel.clock.now() }));
  if (begun !== undefined) {
    await store.flush();
    begun();
  }
  const result = await kernel.call({
    ...request,
    conceal: concealerOf(request),
    caller: { ...request.caller, run: run.id },
    journal: {
      intent: async (intent) => {
        store.changeStep(run.id, 0, { intent });
        await store.flush();
      },
    },
  });
  try {
    const { caller: { from } } = request;
    await settleOperation(result.outcome, {
      kernel,
      store,
      run,
      about: {
        ...(target === undefined ? {} : { object: target.name }),
        ...(from === undefined ? {} : { from }),
      },
    });
  } catch (error) {
    const cause = toErrorData(error);
    const unwritten = new VirtError(
      "outcome-unknown",
      `${operation} ended, and that could not be written down`,
      {
        cause: error,
      },
    );
    return { ...result, outcome: { kind: "unknown", error: { ...toErrorData(unwritten), cause } } };
  }
  return result;
}

/** Takes the secret values that a call is given out of what comes back of it. */
function concealerOf({ operation, input }: CallRequest): Concealer {
  const concealer = new Concealer();
  if (typeof input !== "object" || input === null) return concealer;
  for (const field of operations.get(operation)?.secretInput ?? []) {
    const value: unknown = Reflect.get(input, field);
    if (typeof value === "string" || value instanceof Uint8Array) concealer.hold(field, value);
  }
  return concealer;
}

/** What is written down of an operation's end. */
interface SettleOptions extends OperationRunOptions {
  /** What the run's record does not say: on which object, and from where. */
  readonly about?: Pick<AuditRecord, "object" | "from">;
}

/** Writes down how the operation of a run ended, and ends the run with it. */
export async function settleOperation(
  outcome: Outcome,
  { kernel, store, run, about = {} }: SettleOptions,
): Promise<void> {
  const now = kernel.clock.now();
  const error = outcome.kind === "done" ? undefined : outcome.error;
  store.changeStep(run.id, 0, {
    outcome: outcome.kind,
    settledAt: now,
    ...(error === undefined ? {} : { error }),
  });
  store.changeRun(run.id, {
    state: outcome.kind === "done" ? "done" : "failed",
    endedAt: now,
    unknownOutcome: outcome.kind === "unknown",
    exit: error === undefined
      ? exitCode.done
      : outcome.kind === "unknown"
      ? exitCode.unknownOutcome
      : exitOf(error),
    ...(error === undefined ? {} : { error }),
    ...(outcome.kind === "done" && isToldAgain(run) ? { result: outcome.value } : {}),
  });
  store.addAudit({
    at: now,
    principal: run.principal,
    run: run.id,
    step: 0,
    decision: outcome.kind,
    operation: run.title,
    ...(run.hosts[0] === undefined ? {} : { uri: run.hosts[0].uri }),
    ...about,
    ...(error === undefined ? {} : { detail: error.code }),
  });
  await store.flush();
}

/** Whether whoever asks again for the same run gets its answer again. What is secret is on no record. */
function isToldAgain({ request, title }: RunRecord): boolean {
  return request !== undefined && operations.get(title)?.secretOutput !== true;
}
