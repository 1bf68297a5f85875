/**
 * `drover drift`.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { DriftFlags } from "../commands/run.ts";
import type { DroverContext } from "../context.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { printList } from "../output/format.ts";
import { type Drift, driftOf, parseIgnoreRule } from "../plan/drift.ts";
import { exitOfRun } from "./follow.ts";
import { rehearsed } from "./plan.ts";

/** Compares what is there with what a recipe desires. Nothing can be changed: the grants hold no verb that does. */
export async function showDrift(this: DroverContext, flags: DriftFlags, file: string): Promise<void> {
  const { io } = this;
  const rules = (flags.ignore ?? []).map(parseIgnoreRule);
  const { run, plans } = await rehearsed(this, { flags, file });
  const found = driftOf(plans, rules);
  const rows = found.flatMap(rowsOf);
  await printList(rows, {
    kind: "drift",
    columns: [
      { header: "Object", value: ({ object }) => object },
      { header: "What", value: ({ what }) => what },
      { header: "Field", value: ({ field }) => field },
      { header: "Is", value: ({ is }) => is ?? "-" },
      { header: "Desired", value: ({ desired }) => desired ?? "-" },
    ],
    name: ({ object }) => object,
  }, { io, format: flags.output ?? "table" });
  if (run.error !== undefined) {
    io.stderr.write("The comparison ended early; beyond that nothing is known.\n");
    io.stderr.write(`${errorText(fromErrorData(run.error), painter(io, io.stderr))}\n`);
    return this.leaveWith(exitOfRun(run));
  }
  if (rows.some(({ what }) => what !== "pending")) this.leaveWith(exitCode.drift);
}

/** One field that is not as desired, or one object that is not there or should not be. */
interface Row {
  readonly object: string;
  readonly what: "missing" | "unwanted" | "changed" | "pending";
  readonly field: string;
  readonly is?: string | undefined;
  readonly desired?: string | undefined;
}

function rowsOf({ object, action, changes, pending }: Drift): readonly Row[] {
  const whole: Row[] = action === "create"
    ? [{ object, what: "missing", field: "" }]
    : action === "delete"
    ? [{ object, what: "unwanted", field: "" }]
    : [];
  return [
    ...whole,
    ...changes.map(({ field, from, to }): Row => ({ object, what: "changed", field, is: from, desired: to })),
    ...pending.map(({ field, from, to }): Row => ({ object, what: "pending", field, is: from, desired: to })),
  ];
}
