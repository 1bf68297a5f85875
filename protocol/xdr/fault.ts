/**
 * How a message that cannot be read or written is refused.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/** Where in a message the fault lies. */
export interface FaultPlace {
  /** The innermost field of a structure that was being worked on; empty outside of one. */
  readonly field: string;
  /** Bytes from the start of the message. */
  readonly offset: number;
}

/** The error of a message that cannot be read. */
export function readFault(what: string, place: FaultPlace): VirtError {
  return new VirtError("protocol", `Cannot read ${subject(place)}: ${what} at byte ${place.offset}`, {
    detail: place,
  });
}

/** The error of a value that cannot be written. */
export function writeFault(what: string, place: FaultPlace): VirtError {
  return new VirtError("protocol", `Cannot write ${subject(place)}: ${what}`, { detail: place });
}

function subject({ field }: FaultPlace): string {
  return field === "" ? "the message" : `field "${field}" of the message`;
}
