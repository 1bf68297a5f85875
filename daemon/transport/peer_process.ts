/**
 * Which process is at the other end of a socket of this machine.
 *
 * Neither Deno nor Node tell; the system's C library does. Where it cannot be asked, nobody knows.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { PeerProcess } from "../identity.ts";

/** Linux's numbers, which are the same on all processors that Deno runs on (asm-generic/socket.h). */
const solSocket = 1;
const soPeerCred = 17;

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

/** The number of the open file behind a socket, which Node keeps to itself. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

function open(): Ask {
  if (Deno.build.os !== "linux") return nobodyKnows;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    });
    return (fd) => {
      const found = new Int32Array(3);
      const length = new Uint32Array([found.byteLength]);
      if (symbols.getsockopt(fd, solSocket, soPeerCred, found, length) !== 0) return undefined;
      const [pid = 0, uid = 0, gid = 0] = found;
      return { pid, uid: uid >>> 0, gid: gid >>> 0 };
    };
  } catch {
    return nobodyKnows;
  }
}
