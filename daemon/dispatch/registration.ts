/**
 * Registrations for events of objects that are no domains.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";

/** What a client registers for. */
export interface RegistrationRequest {
  /** What the events are of, as errors have it: `node device`. */
  readonly what: string;
  /** How each event is told, at the place of its number. */
  readonly events: readonly Telling[];
  readonly eventID: number;
  /** The object; all of its class where `undefined`. It need not be there. */
  readonly id: string | undefined;
}

/**
 * Registers a client for an event. It deregisters by {@linkcode EventRegistry.remove} with the same `what`.
 *
 * @returns what the client gets
 * @throws {VirtError} `internal`, as libvirt has it, for a number that no event has.
 */
export function register(
  session: HostSession,
  { what, events, eventID, id }: RegistrationRequest,
): { readonly callbackID: number } {
  const tell = events[eventID];
  if (tell === undefined) {
    throw new VirtError("internal", `unsupported ${what} event ID ${eventID}`, {
      detail: { from: "VIR_FROM_RPC" },
    });
  }
  const registration = { kind: `${what}:${eventID}`, tell };
  return { callbackID: session.events.add(id === undefined ? registration : { ...registration, id }) };
}
