/**
 * Who holds an object, in one phrase.
 *
 * @module
 */
import type { z } from "zod";
import type { holder } from "../../runtime/control/methods.ts";
import { recipeName } from "../output/path.ts";
import { formatDuration } from "../units.ts";
import { spoken } from "../words.ts";

/** Who holds a slot. */
export type Holder = z.output<typeof holder>;

/** What somebody does, for people: `backup`, `exclusive lease`. */
export function doing({ operation, job }: Pick<Holder, "operation" | "job">): string {
  if (job === "lease") return "exclusive lease";
  return spoken(operation.split(".").at(-1) ?? operation);
}

/** For whom: `run 7f11, nightly`, or the person where there is no run. */
export function forWhom({ run, title, principal }: Holder["caller"]): string {
  const name = title === undefined ? undefined : recipeName(title);
  return run === undefined ? name ?? principal : `run ${run}${name === undefined ? "" : `, ${name}`}`;
}

/** `backup (run 7f11, nightly, 41.0s, 63%)`. */
export function holderText(held: Holder, now: number): string {
  const percent = held.fraction === undefined ? "" : `, ${Math.round(held.fraction * 100)}%`;
  return `${doing(held)} (${forWhom(held.caller)}, ${formatDuration(now - held.since)}${percent})`;
}
