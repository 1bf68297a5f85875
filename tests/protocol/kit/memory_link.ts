/**
 * A transport within the process: what a test pushes into it, in pieces of its choice, is what a connection reads.
 *
 * @module
 */
import type { Transport } from "../../../protocol/transport.ts";

/** How a link is made. */
export interface MemoryLinkOptions {
  /** @default "memory" */
  readonly peer?: string;
  /** Takes what the connection writes, as a copy, one write at a time. */
  readonly written: (data: Uint8Array<ArrayBuffer>) => void;
}

/** A pair of byte streams, of which a test holds the far end. */
export class MemoryLink {
  /** The near end, for a connection. */
  readonly transport: Transport;
  readonly #written: (data: Uint8Array<ArrayBuffer>) => void;
  #pieces: Uint8Array[] = [];
  #ended = false;
  #broken: { readonly cause: unknown } | undefined;
  #closed = false;
  #wakeReader: () => void = () => {};
  #writable = Promise.resolve();
  #letWrite: () => void = () => {};
  #reads = 0;
  #cutAt: number | undefined;

  constructor({ peer = "memory", written }: MemoryLinkOptions) {
    this.#written = written;
    this.transport = {
      peer,
      read: (into) => this.#read(into),
      write: (data) => this.#write(data),
      close: () => this.#close(),
    };
  }

  /** Whether the connection has closed its end. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How often the connection has begun to read. */
  get reads(): number {
    return this.#reads;
  }

  /** Bytes that were pushed and have not been read. */
  get unread(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Delivers bytes. Each piece is read by a read of its own, or by several where there is no room for all of it. */
  push(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) if (piece.length > 0) this.#pieces.push(piece);
    this.#wakeReader();
  }

  /** Ends the far side's stream behind what was pushed. */
  end(): void {
    this.#ended = true;
    this.#wakeReader();
  }

  /** Breaks the link at once, for reads and writes that are in progress too. */
  break(cause: unknown = new Error("connection reset")): void {
    this.#broken = { cause };
    this.#wakeReader();
    this.#letWrite();
  }

  /** Breaks the link in the middle of the next write: so many bytes of it still arrive. */
  cutNextWrite(bytes: number): void {
    this.#cutAt = bytes;
  }

  /** Lets writes wait, as a far side does that no longer reads, until the returned function is called. */
  holdWrites(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writable = promise;
    this.#letWrite = resolve;
    return resolve;
  }

  async #read(into: Uint8Array): Promise<number | null> {
    this.#reads++;
    while (true) {
      if (this.#closed) return null;
      if (this.#broken !== undefined) throw this.#broken.cause;
      const [piece] = this.#pieces;
      if (piece !== undefined) return this.#take(piece, into);
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }

  #take(piece: Uint8Array, into: Uint8Array): number {
    const count = Math.min(piece.length, into.length);
    into.set(piece.subarray(0, count));
    if (count === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(count);
    return count;
  }

  async #write(data: Uint8Array): Promise<void> {
    await this.#writable;
    if (this.#broken !== undefined) throw this.#broken.cause;
    if (this.#closed) throw new Error("the link is closed");
    if (this.#cutAt === undefined) return this.#written(new Uint8Array(data));
    const arrived = data.slice(0, this.#cutAt);
    if (arrived.length > 0) this.#written(arrived);
    this.break();
    throw new Error("broken pipe");
  }

  #close(): Promise<void> {
    this.#closed = true;
    this.#wakeReader();
    this.#letWrite();
    return Promise.resolve();
  }
}
