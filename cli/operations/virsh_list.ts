/**
 * What everybody's hands know from virsh's lists.
 *
 * @module
 */
import type { Operation } from "../../model/operation.ts";
import type { GeneratedFlag } from "./input_flags.ts";
import { type Field, inputFields } from "./schema.ts";

/** Whether a list can be narrowed to what is active. */
function knowsActive(fields: readonly Field[]): boolean {
  return fields.some(({ name, kind }) => name === "active" && kind.kind === "boolean");
}

/** `--all` and `--inactive`, for lists that can be narrowed to what is active. */
export function virshListFlags(fields: readonly Field[]): Record<string, GeneratedFlag> {
  if (!knowsActive(fields)) return {};
  return {
    all: { kind: "boolean", optional: true, brief: "All, as drover OBJECT list does without any flag" },
    inactive: { kind: "boolean", optional: true, brief: "Only what is not active" },
  };
}

/** Flags that say which objects are wanted, so that virsh's own choice does not count. */
const choosing = /^--(no-?)?(all|inactive|active|state|help)\b|^-h$/i;

/**
 * The words of a list under its name in virsh: what is not active is only listed with `--all` or `--inactive`.
 *
 * @param words those behind the command's name
 */
export function virshListWords(operation: Operation, words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  const flags = end < 0 ? words : words.slice(0, end);
  const narrow = operation.verb === "list" && knowsActive(inputFields(operation)) &&
    !flags.some((word) => choosing.test(word));
  return narrow ? ["--active", ...words] : words;
}
