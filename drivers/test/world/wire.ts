/**
 * How client and hypervisor speak over a socket: one JSON document per line, both ways.
 *
 * @module
 */
import { type ErrorData } from "../../../model/error.ts";
import type { WorldRequest } from "./hypervisor.ts";
import type { Change } from "./record.ts";

/** Both sides must speak the same version. */
export const wireVersion = 1;

/** The longest line that is accepted, in UTF-16 units: an enumeration of a large host. */
const lineLimit = 512 * 1024 * 1024;

/** From a client to the hypervisor. */
export type ToHypervisor =
  | { readonly t: "hello"; readonly version: number }
  | { readonly t: "request"; readonly id: number; readonly request: WorldRequest }
  /** Leave as soon as every client has gone. */
  | { readonly t: "leave" };

/** From the hypervisor to a client. */
export type ToClient =
  | { readonly t: "welcome"; readonly version: number; readonly hostUuid: string }
  | {
    readonly t: "reply";
    readonly id: number;
    readonly result?: unknown;
    readonly changes: readonly Change[];
  }
  | { readonly t: "error"; readonly id: number; readonly error: ErrorData }
  | { readonly t: "changes"; readonly changes: readonly Change[] };

/** Messages on a connection. */
export class Wire<Out, In> {
  readonly #connection: Deno.Conn;
  readonly #encoder = new TextEncoder();
  #writing: Promise<void> = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Sends a message behind those that are on their way. */
  send(message: Out): Promise<void> {
    const bytes = this.#encoder.encode(`${JSON.stringify(message)}\n`);
    const sent = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    });
    this.#writing = sent.catch(() => {});
    return sent;
  }

  /** What the other side says, until the connection ends. */
  async *messages(): AsyncGenerator<In> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    let pieces: string[] = [];
    let length = 0;
    while (true) {
      const count = await this.#connection.read(buffer).catch(() => null);
      if (count === null) return;
      const parts = decoder.decode(buffer.subarray(0, count), { stream: true }).split("\n");
      const last = parts.pop() ?? "";
      for (const part of parts) {
        pieces.push(part);
        // Both ends are of one version of this program.
        yield JSON.parse(pieces.join("")) as In;
        pieces = [];
        length = 0;
      }
      pieces.push(last);
      length += last.length;
      if (length > lineLimit) return;
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The other side was faster.
    }
  }
}
