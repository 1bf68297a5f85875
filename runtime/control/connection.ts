/**
 * Messages over one connection of the control socket, in order, in both directions.
 *
 * @module
 */
import type { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { encodeFrame, FrameDecoder, FrameError } from "../../model/frame.ts";
import { controlLimits } from "./wire.ts";

const bounds = { maxBytes: controlLimits.frameBytes } as const;

/** A connection that carries messages in frames. */
export class MessageConnection<In, Out> implements AsyncDisposable {
  readonly #conn: Deno.Conn;
  readonly #schema: z.ZodType<In>;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(conn: Deno.Conn, schema: z.ZodType<In>) {
    this.#conn = conn;
    this.#schema = schema;
  }

  /**
   * Resolves when the message has been handed to the system; silent where the other side has gone.
   *
   * @throws {FrameError} where the message has no form on the wire, or is too large.
   */
  async send(message: Out): Promise<void> {
    const frame = encodeFrame(message, bounds);
    this.#sending = this.#sending.then(async () => {
      if (this.#closed) return;
      try {
        await this.#write(frame);
      } catch {
        // Nobody listens any more; the reading side notices and ends what belongs to them.
        this.#closed = true;
      }
    });
    await this.#sending;
  }

  /**
   * What the other side says, until it leaves.
   *
   * @throws {VirtError} `protocol` for anything that is not a message.
   */
  async *messages(): AsyncGenerator<In, void, undefined> {
    const decoder = new FrameDecoder(bounds);
    for await (const piece of this.#pieces()) {
      decoder.feed(piece);
      for (let value = this.#next(decoder); value !== undefined; value = this.#next(decoder)) yield value;
    }
  }

  /** Ends the connection, after what is on its way. */
  async close(): Promise<void> {
    await this.#sending;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // Already closed by the other side.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Not by the connection's stream, which closes it where writing fails: what the other side said last would be lost. */
  async #write(frame: Uint8Array): Promise<void> {
    for (let at = 0; at < frame.length;) at += await this.#conn.write(frame.subarray(at));
  }

  /** A connection that breaks is one that ended. */
  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(1 << 16);
    while (true) {
      const read = await this.#conn.read(buffer).catch(() => null);
      if (read === null) return;
      yield buffer.subarray(0, read);
    }
  }

  #next(decoder: FrameDecoder): In | undefined {
    let value: unknown;
    try {
      value = decoder.next();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      throw new VirtError("protocol", `Cannot read a control message: ${error.message}`, { cause: error });
    }
    if (value === undefined) return undefined;
    const parsed = this.#schema.safeParse(value);
    if (!parsed.success) {
      throw new VirtError("protocol", "Cannot read a control message: it is none of the protocol's", {
        cause: parsed.error.message,
      });
    }
    return parsed.data;
  }
}
