/**
 * Plans as recipes hold them.
 *
 * @module
 */
import type { Change, Pending, PlanAction, PlanData, PlanStep } from "../../model/plan.ts";
import type { DesiredKind } from "../../model/desired/mod.ts";

/** What would change for one object to be as desired. Computed by `host.plan`, carried out by `host.apply`. */
export class Plan<K extends DesiredKind = DesiredKind> implements PlanData {
  /** The kind of object. */
  declare readonly kind: K;
  /** The object's name. */
  declare readonly name: string;
  /** What happens to it. */
  declare readonly action: PlanAction;
  /** Each field that is not as it shall be, with when the change takes effect and why. */
  declare readonly changes: readonly Change[];
  /** What is defined already and waits for the next start. */
  declare readonly pending: readonly Pending[];
  /** The operations that make it so. */
  declare readonly steps: readonly PlanStep[];
  /** Why it cannot be applied as it is; absent where it can. */
  declare readonly blocked?: string | undefined;
  /** The definition before. */
  declare readonly before?: string | undefined;
  /** The definition after. */
  declare readonly after?: string | undefined;

  /** Plans come from `host.plan`. */
  constructor(data: PlanData) {
    Object.assign(this, data);
  }

  /** Whether anything changes. */
  get changed(): boolean {
    return this.action !== "none";
  }

  /** The plan for people, one line per change. */
  toString(): string {
    return [headline(this), ...this.changes.map(changeLine), ...this.pending.map(pendingLine)].join("\n");
  }
}

const symbols: Readonly<Record<PlanAction, string>> = {
  none: " ",
  create: "+",
  update: "~",
  replace: "-/+",
  delete: "-",
};

const effectWords: Readonly<Record<Change["effect"], string>> = {
  "live": "live",
  "next-boot": "next boot",
  "needs-stop": "stop",
  "replace": "replace",
};

function headline({ kind, name, action, blocked }: PlanData): string {
  const what = `${symbols[action]} ${kind} "${name}"`;
  if (action === "none") return `${what} is as it shall be`;
  return blocked === undefined ? what : `${what}: ${blocked}`;
}

/** One change in one line. */
export function changeLine({ field, from, to, effect, why }: Change): string {
  const [symbol, values] = from === undefined
    ? ["+", `${to ?? ""}`]
    : to === undefined
    ? ["-", from]
    : ["~", `${from} -> ${to}`];
  return `    ${symbol} ${field}: ${values}  [${effectWords[effect]}] ${why}`;
}

function pendingLine({ field, from, to }: Pending): string {
  return `    . ${field}: ${from ?? "nothing"} runs, ${to ?? "nothing"} is defined  [pending]`;
}
