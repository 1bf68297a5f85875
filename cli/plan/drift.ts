/**
 * Drift: in what a host differs from what is desired, without what is to be ignored.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Change, Pending, PlanData } from "../../model/plan.ts";
import { Glob } from "../../runtime/permission/glob.ts";

/** Differences that do not count: those of a field of an object. */
export interface IgnoreRule {
  /** `domain/web-*`. */
  readonly object: Glob;
  /** `memory`, `disk * driver *`; every field where not given. */
  readonly field: Glob | undefined;
}

/**
 * Reads a rule: `KIND/NAME` or `KIND/NAME:FIELD`, with `*` in each.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function parseIgnoreRule(text: string): IgnoreRule {
  const [object = "", ...field] = text.split(":");
  if (!object.includes("/")) {
    throw new VirtError("invalid-argument", `Cannot ignore "${text}": it names no object`, {
      hint: "Write KIND/NAME or KIND/NAME:FIELD, for instance 'domain/web-*:memory'",
    });
  }
  return {
    object: Glob.parse(object),
    field: field.length === 0 ? undefined : Glob.parse(field.join(":").trim()),
  };
}

/** What is not as desired of one object. */
export interface Drift {
  /** `domain/web-1`. */
  readonly object: string;
  /** What would have to happen to it. */
  readonly action: PlanData["action"];
  readonly changes: readonly Change[];
  /** What is as desired and waits for the next start: no drift. */
  readonly pending: readonly Pending[];
}

/** In what objects differ from what is desired. Of each object the first plan counts: later ones follow on its carrying out. */
export function driftOf(plans: readonly PlanData[], rules: readonly IgnoreRule[]): readonly Drift[] {
  const first = new Map<string, PlanData>();
  for (const plan of plans) first.getOrInsert(`${plan.kind}/${plan.name}`, plan);
  return [...first].flatMap(([object, { action, changes, pending }]): Drift[] => {
    const mine = rules.filter((rule) => rule.object.matches(object));
    if (mine.some(({ field }) => field === undefined)) return [];
    const counts = ({ field }: Pending): boolean => !mine.some((rule) => rule.field?.matches(field) === true);
    const left = changes.filter(counts);
    const isChanged = left.length > 0 || (changes.length === 0 && action !== "none");
    const waits = pending.filter(counts);
    if (!isChanged && waits.length === 0) return [];
    return [{ object, action: isChanged ? action : "none", changes: left, pending: waits }];
  });
}
