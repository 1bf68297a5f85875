/**
 * The methods of handles, as the recipe's side is told of them.
 *
 * @module
 */
import type { MethodName } from "../../model/channel.ts";
import { operations } from "../../model/operations/mod.ts";

/** The name, place and effect of every operation that handles offer. */
export function methodNames(): readonly MethodName[] {
  return [...operations.values()].map(({ name, on, as, effect }) => ({ operation: name, on, as, effect }));
}
