/**
 * All that the table describes, one by one, for tests that look at each.
 */
import { rows } from "../../../protocol/procedures/mod.ts";
import type { Xdr } from "../../../protocol/xdr/mod.ts";

/** One description out of the table. */
export interface NamedDescription {
  /** Such as `domainCreate arguments`. */
  readonly name: string;
  readonly description: Xdr<unknown>;
}

/** The arguments and the result of every procedure, and what every event tells. */
export const descriptions: readonly NamedDescription[] = rows.flatMap<NamedDescription>(({ name, row }) =>
  row.kind === "message" ? [{ name: `${name} event`, description: row.payload }] : [
    { name: `${name} arguments`, description: row.args },
    { name: `${name} result`, description: row.result },
  ]
);

/** A description and all those that it is made of. */
export function partsOf(description: Xdr<unknown>): readonly Xdr<unknown>[] {
  return [description, ...innerOf(description).flatMap(partsOf)];
}

function innerOf({ shape }: Xdr<unknown>): readonly Xdr<unknown>[] {
  switch (shape.kind) {
    case "list":
    case "fixedList":
    case "optional":
      return [shape.of];
    case "struct":
      return Object.values(shape.fields);
    case "union":
      return [
        shape.discriminant,
        ...Object.values<Xdr<unknown>>(shape.cases),
        ...(shape.otherwise === undefined ? [] : [shape.otherwise]),
      ];
    default:
      return [];
  }
}
