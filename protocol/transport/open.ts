/**
 * Opening whatever carries the bytes.
 *
 * @module
 */
import type { ClientMachine } from "../client_machine.ts";
import type { ConnectionClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Transport } from "../transport.ts";
import { openTcp, openUnix } from "./socket.ts";

/** What opening needs beside where to. */
export interface OpenTransportOptions {
  /** Times the end of programs. */
  readonly clock: ConnectionClock;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Whether a person sits there whom ssh may ask. @default false */
  readonly interactive?: boolean;
  /** The ssh program, where the URI names none. @default "ssh" */
  readonly sshProgram?: string;
  /** The machine whose certificates are used. @default the one that this runs on */
  readonly machine?: ClientMachine;
}

/**
 * Opens the way to an endpoint. Nothing has been said to the daemon when it is open.
 *
 * @throws {VirtError} `unreachable`, `permission-denied`, `not-found`, `invalid-argument` or `protocol`, each with what
 * to do.
 * @throws the signal's reason once it aborts.
 *
 * @example
 * ```ts
 * import { parseUri } from "../../model/uri.ts";
 * import type { ConnectionClock } from "../clock.ts";
 * import { endpointOf } from "../endpoint.ts";
 * import type { Transport } from "../transport.ts";
 * import { openTransport } from "./open.ts";
 * function open(clock: ConnectionClock): Promise<Transport> {
 *   return openTransport(endpointOf(parseUri("qemu:///system")), { clock, signal: AbortSignal.timeout(5000) });
 * }
 * ```
 */
export async function openTransport(endpoint: Endpoint, options: OpenTransportOptions): Promise<Transport> {
  const { link, uri } = endpoint;
  options.signal.throwIfAborted();
  // What most connections do not need is loaded where it is.
  switch (link.kind) {
    case "unix":
      return await openUnix(link, { ...options, uri });
    case "tcp":
      return await openTcp(link, { ...options, uri });
    case "tls": {
      const { openTls } = await import("./tls.ts");
      return await openTls(link, { ...options, uri });
    }
    case "ssh": {
      const { openSsh } = await import("./ssh.ts");
      return await openSsh(link, { ...options, uri, interactive: options.interactive ?? false });
    }
    case "ext": {
      const { openProgram } = await import("./program.ts");
      return await openProgram(link, { ...options, uri });
    }
  }
}
