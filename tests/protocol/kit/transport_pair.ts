/**
 * Two transports within the process, each the far side of the other.
 *
 * @module
 */
import type { Transport } from "../../../protocol/transport.ts";

/** How a pair is made. */
export interface TransportPairOptions {
  /** As much as lies between the two before a writer has to wait, in bytes. @default 212992, as Linux has it */
  readonly roomBytes?: number;
  /** How many bytes of `available` a read takes, to cut packets in pieces. @default all */
  readonly cut?: (available: number) => number;
}

/** What lies between a writer and a reader. */
class Pipe {
  readonly #roomBytes: number;
  readonly #cut: (available: number) => number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};

  constructor({ roomBytes = 212_992, cut = (available) => available }: TransportPairOptions) {
    this.#roomBytes = roomBytes;
    this.#cut = cut;
  }

  /** Bytes that nobody has read yet. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      while (this.#bytes >= this.#roomBytes && !this.#ended) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      if (this.#ended) throw new Error("broken pipe");
      const part = data.slice(at, at + this.#roomBytes - this.#bytes);
      at += part.length;
      this.#bytes += part.length;
      this.#chunks.push(part);
      this.#wakeReader();
    }
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#bytes === 0) {
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const [chunk = new Uint8Array(0), ...rest] = this.#chunks;
    const available = Math.min(chunk.length, into.length);
    const count = Math.max(1, Math.min(available, this.#cut(available)));
    into.set(chunk.subarray(0, count));
    this.#chunks = count === chunk.length ? rest : [chunk.subarray(count), ...rest];
    this.#bytes -= count;
    this.#wakeWriter();
    return count;
  }

  end(): void {
    this.#ended = true;
    this.#wakeReader();
    this.#wakeWriter();
  }
}

/** Two ends of a link. */
export interface TransportPair {
  readonly client: Transport;
  readonly server: Transport;
  /** Bytes that the server has sent and the client has not read. */
  unreadByClient(): number;
  /** Bytes that the client has sent and the server has not read. */
  unreadByServer(): number;
}

/** Makes two transports that lead to each other. */
export function transportPair(options: TransportPairOptions = {}): TransportPair {
  const toServer = new Pipe(options);
  const toClient = new Pipe(options);
  const end = (peer: string, { read, write }: { readonly read: Pipe; readonly write: Pipe }): Transport => ({
    peer,
    read: (into) => read.read(into),
    write: (data) => write.write(data),
    close(): Promise<void> {
      read.end();
      write.end();
      return Promise.resolve();
    },
  });
  return {
    client: end("server in memory", { read: toClient, write: toServer }),
    server: end("client in memory", { read: toServer, write: toClient }),
    unreadByClient: () => toClient.bytes,
    unreadByServer: () => toServer.bytes,
  };
}
