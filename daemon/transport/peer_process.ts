/**
 * Which process is at the other end of a socket of this machine.
 *
 * Neither Deno nor Node tell; the system's C library does. Where it cannot be asked, nobody knows.
 *
 * @module
 */
import type { Socket } from "node:net";
import { openLibc } from "../../runtime/posix/libc.ts";
import type { PeerProcess } from "../identity.ts";
import { descriptorOf } from "./descriptor.ts";

/** Asks the system about an open socket. */
type Ask = (fd: number) => PeerProcess | undefined;

const nobodyKnows: Ask = () => undefined;

let ask: Ask | undefined;

/**
 * The process that has connected to a socket of this machine, as the system saw it when it did.
 *
 * @returns nothing where the system cannot be asked: elsewhere than on Linux, or without permission for foreign functions
 */
export function peerProcess(socket: Socket): PeerProcess | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  ask ??= open();
  return ask(fd);
}

function open(): Ask {
  try {
    const libc = openLibc();
    return (fd) => libc.peerOf(fd);
  } catch {
    return nobodyKnows;
  }
}
