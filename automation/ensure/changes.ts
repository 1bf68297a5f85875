/**
 * From differences to changes: when each takes effect, why, and which steps make those that can be made at once.
 *
 * @module
 */
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { type Merged, told } from "./context.ts";
import type { Difference } from "./difference.ts";
import { type FieldRule, fieldRule, type LiveWorld } from "./field_rule.ts";

/** What follows from the differences of an object. */
export interface Changes {
  readonly changes: readonly Change[];
  /** What is changed in what runs. */
  readonly steps: readonly PlanStep[];
  readonly pending: PlanData["pending"];
}

/** By what the differences are judged. */
export interface ChangeOptions {
  /** How messages call the object: `domain`. */
  readonly kind: string;
  readonly rules: readonly FieldRule[];
  readonly can: (operation: string) => boolean;
}

/**
 * What changes in the definition and in what runs, and what of it by which operation.
 *
 * @param running what runs; `undefined` where the object is off
 */
export function listChanges(config: Merged, running: Merged | undefined, options: ChangeOptions): Changes {
  if (running === undefined) {
    return {
      changes: config.differences.map((each) => asChange(each, "off", options)),
      steps: [],
      pending: [],
    };
  }
  const world: LiveWorld = { before: running.before, after: running.after, config: config.after };
  const changes: Change[] = [];
  const groups = new Map<string, PlanStep>();
  const pending: Difference[] = [];
  const inConfig = new Map(config.differences.map((each) => [placeOf(each), each]));
  const inLive = new Map(running.differences.map((each) => [placeOf(each), each]));
  for (const [place, difference] of new Map([...inConfig, ...inLive])) {
    const rule = fieldRule(options.rules, difference);
    const live = inLive.get(place);
    const isDefined = !inConfig.has(place);
    const call = live === undefined || (isDefined && rule.isTranslated === true)
      ? undefined
      : rule.live?.(live, world);
    if (call !== undefined && options.can(call.operation)) {
      const { group, says, operation, input, undo } = call;
      groups.getOrInsert(group, {
        says,
        operation,
        on: "self",
        input,
        undo: { ...undo, on: "self" },
        elseNextBoot: changes.length,
      });
      changes.push({ ...told(difference), effect: "live", why: rule.why });
    } else if (!isDefined) {
      changes.push(asChange(difference, live === undefined ? "so already" : "running", options));
    } else if (rule.isTranslated !== true) {
      pending.push(difference);
    }
  }
  return { changes, steps: [...groups.values()], pending: pending.map(told) };
}

function placeOf({ field, path }: Difference): string {
  return `${path} ${field}`;
}

function asChange(
  difference: Difference,
  when: "off" | "running" | "so already",
  { kind, rules }: ChangeOptions,
): Change {
  const rule = fieldRule(rules, difference);
  const { effect = "next-boot" } = rule;
  const why = effect !== "next-boot"
    ? rule.why
    : when === "off"
    ? `The ${kind} is off`
    : when === "so already"
    ? "What runs is so already"
    : rule.otherwise ?? rule.why;
  return { ...told(difference), effect, why };
}
