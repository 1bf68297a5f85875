/**
 * Plans: what would change for an object to be as somebody wants it, and by which operations.
 *
 * @module
 */
import { z } from "zod";

/** When a change takes effect. */
export const changeEffects = ["live", "next-boot", "needs-stop", "replace"] as const;

/**
 * When a change takes effect: at once; when the object is started next; only while it is stopped; or only in another
 * object in its place.
 */
export type ChangeEffect = typeof changeEffects[number];

/** One thing that is not as it shall be. */
export interface Change {
  /** Where, in the words of the document: `memory`, `disk vda driver cache`. */
  readonly field: string;
  /** What it is; absent where it is not there. */
  readonly from?: string | undefined;
  /** What it shall be; absent where it shall not be there. */
  readonly to?: string | undefined;
  /** When the change takes effect. */
  readonly effect: ChangeEffect;
  /** Why it takes effect then and not otherwise. */
  readonly why: string;
}

/** What is defined already and waits for the next start: what runs differs from the definition. */
export interface Pending {
  /** Where, in the words of the document. */
  readonly field: string;
  /** What runs. */
  readonly from?: string | undefined;
  /** What is defined. */
  readonly to?: string | undefined;
}

/** What an operation of a plan is called on: the connection, the planned object, or the one that holds it. */
export type StepTarget = "host" | "self" | "parent";

/** An operation with its input. */
export interface PlannedCall {
  /** Its name: `domain.define`. */
  readonly operation: string;
  /** What it is called on. */
  readonly on: StepTarget;
  /** Its input, plain data. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** One operation of a plan. */
export interface PlanStep extends PlannedCall {
  /** What it does, for people. */
  readonly says: string;
  /** What takes it back when a later step fails; absent where nothing can or has to. */
  readonly undo?: PlannedCall | undefined;
  /** The change, by its place in `changes`, that waits for the next start where the hypervisor cannot do this one. */
  readonly elseNextBoot?: number | undefined;
  /** What it makes shows that it can be made, and goes again at once. */
  readonly isTrial?: boolean | undefined;
  /** That change also waits where the hypervisor does not know what it is given. */
  readonly mayBeRefused?: boolean | undefined;
}

/** What happens to the object. */
export const planActions = ["none", "create", "update", "replace", "delete"] as const;

/** What happens to the object. */
export type PlanAction = typeof planActions[number];

/** What would change for one object to be as desired. */
export interface PlanData {
  /** What kind of object: `domain`, `network`, … */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** What happens to it. */
  readonly action: PlanAction;
  /** Each field that is not as it shall be. */
  readonly changes: readonly Change[];
  /** What is defined already and waits for the next start. */
  readonly pending: readonly Pending[];
  /** In this order; empty where nothing changes. */
  readonly steps: readonly PlanStep[];
  /** Why the plan cannot be applied as it is; absent where it can. */
  readonly blocked?: string | undefined;
  /** The definition before; absent where there is none. */
  readonly before?: string | undefined;
  /** The definition after; absent where there is none. */
  readonly after?: string | undefined;
}

const text = z.string().max(65_536);
const call = {
  operation: z.string().max(128),
  on: z.enum(["host", "self", "parent"]),
  input: z.record(z.string().max(128), z.unknown()),
};
const difference = { field: text, from: text.optional(), to: text.optional() };

/** A plan. */
export const planSchema: z.ZodType<PlanData, PlanData> = z.object({
  kind: z.string().max(64),
  name: z.string().max(1024),
  action: z.enum(planActions),
  changes: z.array(z.object({ ...difference, effect: z.enum(changeEffects), why: text })),
  pending: z.array(z.object(difference)),
  steps: z.array(
    z.object({
      ...call,
      says: text,
      undo: z.object(call).optional(),
      elseNextBoot: z.int().min(0).optional(),
      mayBeRefused: z.boolean().optional(),
      isTrial: z.boolean().optional(),
    }),
  ),
  blocked: text.optional(),
  before: z.string().optional(),
  after: z.string().optional(),
});
