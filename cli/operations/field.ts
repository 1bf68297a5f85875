/**
 * One field of an answer, for scripts: `--field state`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Operation } from "../../model/operation.ts";
import { type PrintOptions, schemaVersion } from "../output/format.ts";
import { plainJson, plainLines } from "../output/plain.ts";
import { withoutUnit } from "../units.ts";
import { kebab } from "../words.ts";
import { cell, isItem } from "./cell.ts";
import { outputShape } from "./schema.ts";

/** How a field is printed. */
export interface FieldOptions extends PrintOptions {
  /** Its name, as it is or as a flag would be called. */
  readonly field: string;
}

/**
 * Prints one field of an operation's answer; of a list, that of each item on a line of its own.
 *
 * @throws {VirtError} `invalid-argument` where there is none of that name.
 */
export function printField(
  operation: Operation,
  value: unknown,
  { field, io, format }: FieldOptions,
): void {
  const shape = outputShape(operation);
  const declared = "fields" in shape ? shape.fields.map(({ name }) => name) : [];
  const items = Array.isArray(value) ? value : [value];
  for (const item of items) {
    // What is declared may be left out of an answer.
    const name = named(field, [...new Set([...declared, ...Object.keys(isItem(item) ? item : {})])]);
    const one = isItem(item) ? item[name] : undefined;
    io.stdout.write(
      format === "table" || format === "wide" || format === "name"
        ? `${plainLines(cell(name, one))}\n`
        : `${plainJson({ version: schemaVersion, kind: "field", item: one ?? null })}\n`,
    );
  }
}

function named(wanted: string, names: readonly string[]): string {
  const found = names.find((name) => [name, kebab(name), kebab(withoutUnit(name))].includes(wanted));
  if (found !== undefined) return found;
  throw new VirtError("invalid-argument", `The answer has no field "${wanted}"`, {
    ...(names.length === 0
      ? {}
      : { hint: `It has ${names.map((name) => kebab(withoutUnit(name))).join(", ")}` }),
  });
}
