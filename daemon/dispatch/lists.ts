/**
 * Lists of names, as older clients ask for them: with room for so many.
 *
 * @module
 */
import type { ProcedureName } from "../../protocol/procedures/mod.ts";
import { apiName } from "./api_name.ts";
import { libraryError } from "./error.ts";

/** For how many there is room, and what was called. */
export interface Room {
  readonly procedure: ProcedureName;
  /** What the client has room for. */
  readonly room: number;
  /** What the argument is called. @default "maxnames" */
  readonly argument?: string;
}

/**
 * As many of a list as a client has room for.
 *
 * @throws {VirtError} `invalid-argument` where that is less than none.
 */
export function fitting<T>(
  all: readonly T[],
  { procedure, room, argument = "maxnames" }: Room,
): readonly T[] {
  if (room >= 0) return all.slice(0, room);
  throw libraryError(
    "VIR_ERR_INVALID_ARG",
    `${argument} in ${apiName(procedure)} must be greater than or equal to zero`,
    procedure,
  );
}
