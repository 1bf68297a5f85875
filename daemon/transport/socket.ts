/**
 * Sockets of Node's as what carries the bytes of a connection: of this machine, TCP, TLS.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Transport } from "../../protocol/transport.ts";

/** As much as may lie here unread before the client has to wait, in bytes. */
const roomBytes = 64 * 1024;

/** A socket that a client has connected to. */
export class SocketTransport implements Transport {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #gone: Promise<void>;
  #chunks: Uint8Array[] = [];
  /** How much of the first chunk has been taken. */
  #taken = 0;
  #waitingBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wakeReader: (() => void) | undefined;

  constructor(socket: Socket, peer: string) {
    this.peer = peer;
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gone = promise;
    socket.on("data", (chunk: Uint8Array) => this.#arrived(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", (error: Error) => {
      this.#failure ??= error;
      this.#end();
    });
    socket.on("close", () => {
      this.#end();
      resolve();
    });
    socket.resume();
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#chunks.length > 0) return Promise.resolve(this.#take(into));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#wakeReader = undefined;
        if (this.#chunks.length > 0) resolve(this.#take(into));
        else if (this.#failure !== undefined) reject(this.#failure);
        else resolve(null);
      };
      if (this.#ended) settle();
      else this.#wakeReader = settle;
    });
  }

  write(data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended || this.#socket.destroyed) {
        return reject(this.#failure ?? new Error("the client has left"));
      }
      this.#socket.write(data, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#gone;
  }

  #arrived(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= roomBytes) this.#socket.pause();
    this.#wakeReader?.();
  }

  #end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  #take(into: Uint8Array): number {
    let count = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined && count < into.length; chunk = this.#chunks[0]) {
      const part = chunk.subarray(this.#taken, this.#taken + into.length - count);
      into.set(part, count);
      count += part.length;
      this.#taken += part.length;
      if (this.#taken < chunk.length) break;
      this.#chunks.shift();
      this.#taken = 0;
    }
    this.#waitingBytes -= count;
    if (this.#waitingBytes < roomBytes && this.#socket.isPaused()) this.#socket.resume();
    return count;
  }
}
