/**
 * The open file behind a socket of Node's, which Node keeps to itself.
 *
 * @module
 */
import type { Server, Socket } from "node:net";
import { type Libc, openLibc } from "../../runtime/posix/libc.ts";

/** The number of the open file behind a socket; `undefined` where nobody knows it. */
export function descriptorOf(socket: Socket | Server): number | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

/** Where the C library cannot be asked, nothing is. */
const libc = libcOrNone();

function libcOrNone(): Libc | undefined {
  try {
    return openLibc();
  } catch {
    return undefined;
  }
}

/**
 * Keeps a socket of this machine from the programs that are started from here. Deno opens it so that they would have it too,
 * and one that outlives the daemon would then seem to listen in its place.
 */
export function keepFromPrograms(socket: Socket | Server): void {
  const fd = descriptorOf(socket);
  if (fd !== undefined) libc?.closeOnExec(fd);
}
