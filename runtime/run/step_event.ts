/**
 * How a step stands, as those who watch a run are told.
 *
 * @module
 */
import { operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { CallState } from "../call.ts";
import type { RunEvent } from "../control/methods.ts";
import type { StepRecord } from "../journal/record.ts";
import { labelOf, type StepMessage } from "./step_identity.ts";

type OperationEvent = Extract<RunEvent, { readonly type: "operation" }>;

/** What every event about a step says. */
type StepFacts = Pick<OperationEvent, "type" | "step" | "operation" | "effect" | "target">;

/** A step that takes its time. */
export type LongStep = Extract<StepMessage, { readonly t: "call" | "acquire" }>;

/** A step whose call is under way. */
export function stepStateEvent(message: LongStep, state: CallState, at: number): OperationEvent {
  const facts = { ...factsOf(message), at };
  switch (state.kind) {
    case "waiting": {
      const { position, holder } = state;
      return { ...facts, state: "waiting", position, ...(holder === undefined ? {} : { holder }) };
    }
    case "running":
    case "reconciling":
      return { ...facts, state: state.kind };
    case "progress": {
      const { fraction, detail } = state;
      return { ...facts, state: "running", fraction, ...(detail === undefined ? {} : { detail }) };
    }
  }
}

/** A step whose call has ended. */
export function stepEndEvent(message: LongStep, outcome: Outcome, at: number): OperationEvent {
  return {
    ...factsOf(message),
    at,
    state: outcome.kind,
    ...(outcome.kind === "done" ? {} : { error: outcome.error }),
  };
}

/** A step as the journal has it; `replayed` where its answer was taken from there. */
export function recordedStepEvent(
  step: StepRecord,
  { at, replayed }: { readonly at: number; readonly replayed?: boolean },
): OperationEvent {
  const { number, operation, kind, effect, label, outcome, error } = step;
  return {
    type: "operation",
    at,
    step: number,
    operation: operation ?? (kind === "acquire" ? "exclusive" : kind),
    effect,
    target: label,
    state: outcome ?? "running",
    ...(error === undefined ? {} : { error }),
    ...(replayed === undefined ? {} : { replayed }),
  };
}

function factsOf(message: LongStep): StepFacts {
  const operation = message.t === "call" ? message.operation : "exclusive";
  return {
    type: "operation",
    step: message.step,
    operation,
    effect: operations.get(operation)?.effect ?? "read",
    target: labelOf(message),
  };
}
