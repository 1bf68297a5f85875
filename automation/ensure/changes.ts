/**
 * From differences to changes: when each takes effect, why, and which steps make those that can be made at once.
 *
 * @module
 */
import type { Change, PlanData, PlanStep } from "../../model/plan.ts";
import { type Merged, told } from "./context.ts";
import type { Difference } from "./difference.ts";
import { type FieldRule, fieldRule, type LiveCall, type LiveWorld } from "./field_rule.ts";

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
  const saying = ({ differences }: Merged): readonly Difference[] =>
    differences.filter((each) => fieldRule(options.rules, each).isName !== true);
  if (running === undefined) {
    return {
      changes: saying(config).map((each) => asChange(each, "off", options)),
      steps: [],
      pending: [],
    };
  }
  const world: LiveWorld = { before: running.before, after: running.after, config: config.after };
  const changes: Change[] = [];
  const groups = new Map<string, RankedStep>();
  const pending: Difference[] = [];
  const inConfig = new Map(saying(config).map((each) => [placeOf(each), each]));
  const inLive = new Map(saying(running).map((each) => [placeOf(each), each]));
  for (const [place, difference] of new Map([...inConfig, ...inLive])) {
    const rule = fieldRule(options.rules, difference);
    const live = inLive.get(place);
    const isDefined = !inConfig.has(place);
    const call = live === undefined || (isDefined && rule.isTranslated === true)
      ? undefined
      : rule.live?.(live, world);
    const waits = isDefined && call?.isKnownToSome === true;
    if (call !== undefined && !waits && options.can(call.operation)) {
      const { group, says, operation, input, undo, isKnownToSome } = call;
      const step = {
        says,
        operation,
        on: "self" as const,
        input,
        ...(undo === undefined ? {} : { undo: { ...undo, on: "self" as const } }),
        elseNextBoot: changes.length,
        ...(isKnownToSome === true ? { mayBeRefused: true } : {}),
      };
      groups.getOrInsert(group, { step, rank: rankOf(call) });
      changes.push({ ...told(difference), effect: "live", why: rule.why });
    } else if (!isDefined) {
      changes.push(asChange(difference, live === undefined ? "so already" : "running", options));
    } else if (rule.isTranslated !== true) {
      pending.push(difference);
    }
  }
  return { changes, steps: inOrder(groups), pending: pending.map(told) };
}

interface RankedStep {
  readonly step: PlanStep;
  readonly rank: number;
}

/** What others need comes first, and what cannot be taken back comes last. */
function inOrder(groups: ReadonlyMap<string, RankedStep>): PlanStep[] {
  return [...groups.values()].sort((one, other) => one.rank - other.rank).map(({ step }) => step);
}

function rankOf({ isFirst, isLast, undo }: LiveCall): number {
  if (isFirst === true) return 0;
  return undo === undefined ? 3 : isLast === true ? 2 : 1;
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
  const { effect = when === "so already" ? "live" : "next-boot" } = rule;
  const why = rule.effect !== undefined && rule.effect !== "next-boot"
    ? rule.why
    : when === "off"
    ? `The ${kind} is off`
    : when === "so already"
    ? "What runs is so already"
    : rule.otherwise ?? rule.why;
  return { ...told(difference), effect, why };
}
