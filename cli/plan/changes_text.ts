/**
 * Planned changes for people, with Terraform's symbols and words.
 *
 * @module
 */
import { Plan } from "../../dsl/ensure/plan.ts";
import type { PlanAction, PlanData } from "../../model/plan.ts";
import { plain } from "../output/plain.ts";
import { unifiedDiff } from "./unified_diff.ts";

/** How plans are shown. */
export interface ChangesTextOptions {
  /** Whether definitions are shown as unified diffs too. @default false */
  readonly diff?: boolean | undefined;
}

/** The plans in which anything changes or waits, then how many of which kind there are. */
export function changesText(plans: readonly PlanData[], { diff = false }: ChangesTextOptions = {}): string {
  const shown = plans.filter(({ action, pending }) => action !== "none" || pending.length > 0);
  const blocks = shown.flatMap((plan) => [
    ...new Plan(plan).toString().split("\n").map((line) => `  ${plain(line)}`),
    ...(diff ? diffLines(plan) : []),
    "",
  ]);
  return [...blocks, summary(plans), ""].join("\n");
}

function diffLines({ kind, name, before = "", after = "", action }: PlanData): readonly string[] {
  if (action === "none") return [];
  const to = action === "delete" ? "" : after;
  return unifiedDiff(before, to, { name: `${kind}/${name}` }).map((line) => plain(line));
}

function summary(plans: readonly PlanData[]): string {
  const count = (...actions: readonly PlanAction[]): number =>
    plans.filter(({ action }) => actions.includes(action)).length;
  if (plans.every(({ action }) => action === "none")) return "No changes. Everything is as it is desired.";
  return `Plan: ${count("create", "replace")} to add, ${count("update")} to change, ${
    count("delete", "replace")
  } to destroy.`;
}
