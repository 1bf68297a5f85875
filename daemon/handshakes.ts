/**
 * Clients that have connected for TLS and have not finished its handshake: so many at a time, for so long.
 *
 * libvirt lets them count as clients that have not said who they are, and waits for ever. Whoever opens connections and says
 * nothing would keep everybody else out by that; here the oldest of them gives way.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { ConnectionClock } from "../protocol/clock.ts";

/** How many handshakes there may be, and how long one may take. */
export interface HandshakeLimits {
  readonly clock: ConnectionClock;
  readonly most: number;
  /** In milliseconds. */
  readonly withinMs: number;
}

/** What identifies a connection on both of its layers. */
type Ends = Pick<Socket, "remoteAddress" | "remotePort">;

/** A handshake that goes on. */
interface Handshake {
  readonly socket: Socket;
  readonly timer: Disposable;
}

/** Handshakes that go on, the oldest first. */
export class Handshakes {
  readonly #limits: HandshakeLimits;
  readonly #open = new Map<string, Handshake>();

  constructor(limits: HandshakeLimits) {
    this.#limits = limits;
  }

  /** How many go on. */
  get size(): number {
    return this.#open.size;
  }

  /** Somebody has connected. */
  begin(socket: Socket): void {
    // Who has left has no address any more.
    if (socket.remotePort === undefined) return void socket.destroy();
    const { clock, most, withinMs } = this.#limits;
    const [oldest] = this.#open.size >= most ? this.#open.values() : [];
    oldest?.socket.destroy();
    if (oldest !== undefined) this.end(oldest.socket);
    const key = keyOf(socket);
    const timer = clock.after(withinMs, () => {
      this.#open.delete(key);
      socket.destroy();
    });
    this.#open.set(key, { socket, timer });
    // A socket without anybody who listens to its errors ends the process.
    socket.on("error", () => {});
    socket.once("close", () => this.#forget(key, socket));
  }

  /** A handshake is over: somebody is in. */
  end(ends: Ends): void {
    const key = keyOf(ends);
    this.#open.get(key)?.timer[Symbol.dispose]();
    this.#open.delete(key);
  }

  /** A handshake has failed: nothing more is heard of who it was. */
  fail(ends: Ends): void {
    const failed = this.#open.get(keyOf(ends));
    this.end(ends);
    failed?.socket.destroy();
  }

  /** Ends them all. */
  close(): void {
    for (const { socket, timer } of this.#open.values()) {
      timer[Symbol.dispose]();
      socket.destroy();
    }
    this.#open.clear();
  }

  /** Another one may have the same port by now. */
  #forget(key: string, socket: Socket): void {
    const found = this.#open.get(key);
    if (found?.socket !== socket) return;
    found.timer[Symbol.dispose]();
    this.#open.delete(key);
  }
}

function keyOf({ remoteAddress, remotePort }: Ends): string {
  return `${remoteAddress} ${remotePort}`;
}
