/**
 * What goes out: everything that is queued in one turn goes out in one write.
 *
 * @module
 */
import { maxMessageBytes } from "./packet.ts";
import type { Transport } from "./transport.ts";
import { XdrWriter } from "./xdr/mod.ts";

/** A write of this size is begun without waiting for more to join it. */
export const fullWriteBytes = 512 * 1024;

/** What a sender asks and tells. */
export interface SenderOptions {
  readonly transport: Transport;
  /**
   * Writes whole packets until nothing is left to send or {@linkcode fullWriteBytes} are there. What it has written is
   * on its way when it returns.
   */
  readonly fill: (writer: XdrWriter) => void;
  /** What was filled in last has left, or has been taken over by the system. */
  readonly sent: () => void;
  /** The far side can no longer be written to. */
  readonly failed: (cause: unknown) => void;
}

/** Sends packets by a transport, one write at a time. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #writer = new XdrWriter({ room: 4096, limit: fullWriteBytes + 2 * maxMessageBytes });
  readonly #flush = (): void => this.#next();
  #scheduled = false;
  #stopped = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Says that there is something to send. It goes out when this turn ends, or when the write in progress has. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(this.#flush);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** `#scheduled` stays set while a write is in progress, since its end looks for more anyway. */
  #next(): void {
    if (this.#stopped) return;
    const writer = this.#writer;
    writer.clear();
    this.#options.fill(writer);
    if (writer.length === 0 || this.#stopped) {
      this.#scheduled = false;
      return;
    }
    this.#write(writer.view());
  }

  #write(data: Uint8Array): void {
    let writing: Promise<void>;
    try {
      writing = this.#options.transport.write(data);
    } catch (cause) {
      this.#failed(cause);
      return;
    }
    writing.then(() => {
      if (this.#stopped) return;
      this.#options.sent();
      this.#next();
    }, (cause) => this.#failed(cause));
  }

  #failed(cause: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.failed(cause);
  }
}
