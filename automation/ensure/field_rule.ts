/**
 * What a table of fields says: when a change of a field takes effect, why, and by which operation it is made while the object
 * runs.
 *
 * @module
 */
import type { ChangeEffect, PlannedCall } from "../../model/plan.ts";
import type { Difference } from "./difference.ts";
import type { Element } from "./element.ts";

/** What runs, and what it shall be. */
export interface LiveWorld {
  /** The document of what runs. */
  readonly before: Element;
  /** The same, with what is wanted. */
  readonly after: Element;
  /** What is defined, with what is wanted. */
  readonly config: Element;
}

/** A change of something that runs. */
export interface LiveCall {
  /** Differences of one group are changed by one call. */
  readonly group: string;
  readonly says: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What takes it back; absent where nobody knows what it was before. */
  readonly undo?: Pick<PlannedCall, "operation" | "input">;
  /** Taking it back is up to the guest: it comes when what can be refused has not been. */
  readonly isLast?: boolean;
  /** Others are plugged into it: it comes before them. */
  readonly isFirst?: boolean;
  /** Not every hypervisor knows it: where one does not, it waits for the next start, and is not tried again. */
  readonly isKnownToSome?: boolean;
}

/** One row of a table of fields. The first one that fits counts. */
export interface FieldRule {
  /** Fits the path of a difference: `devices/disk/iotune/…`, `vcpu@current`. */
  readonly path: RegExp;
  /** When a change takes effect that cannot be made live, or that the row has no operation for. @default "next-boot" */
  readonly effect?: ChangeEffect;
  /** Why it takes effect then; for a live change, why it can be made. */
  readonly why: string;
  /** The operation that makes it while the object runs; `undefined` where this one cannot be made so. */
  readonly live?: (difference: Difference, world: LiveWorld) => LiveCall | undefined;
  /** Why it could not be made live, where it could have been. */
  readonly otherwise?: string;
  /** What runs says something else by its nature, or the guest has the last word: no difference, and nothing to repeat. */
  readonly isTranslated?: boolean;
  /** It says which element of a list is meant, and is no change of its own. */
  readonly isName?: boolean;
}

/** The rule for a difference. */
export function fieldRule(rules: readonly FieldRule[], { path }: Difference): FieldRule {
  return rules.find((rule) => rule.path.test(path)) ??
    { path: /./, why: "It is read when the object starts" };
}
