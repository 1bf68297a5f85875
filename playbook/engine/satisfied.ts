/**
 * Whether an operation has nothing to do, because the object is as it would be afterwards: what makes a task that is run
 * twice change nothing the second time.
 *
 * @module
 */
import { isVirtError } from "drover";
import { call } from "./call.ts";
import { looks, removing } from "./looks.ts";
import { isMap } from "./values.ts";

/** Whether an operation on an object has nothing to do. */
export async function isSatisfied(
  operation: string,
  { handle, input }: { readonly handle: object; readonly input: Readonly<Record<string, unknown>> },
): Promise<boolean> {
  const look = Object.hasOwn(looks, operation) ? looks[operation] : undefined;
  if (look === undefined) return false;
  const info = await call(handle, "info", [{}]);
  return isMap(info) && look(info, input);
}

/** Whether an error says that there is nothing to take away. */
export function isGoneAlready(operation: string, error: unknown): boolean {
  return removing.includes(operation) && isVirtError(error, "not-found");
}
