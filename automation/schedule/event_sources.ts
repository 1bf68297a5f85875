/**
 * The connections whose events schedules wait for: opened, kept open, and opened again.
 *
 * @module
 */
import { toErrorData } from "../../model/error.ts";
import type { VirtEvent } from "../../model/event.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { BorrowedConnection } from "../../runtime/connections.ts";
import type { DriverConnection } from "../../runtime/driver.ts";
import type { Kernel } from "../../runtime/kernel.ts";
import { wordsOf } from "./outcome.ts";

/** Before a connection that could not be opened is tried again, in milliseconds: at first, and at most. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** How long the first enumeration of a host may take, in milliseconds. */
const enumerationMs = 60_000;

/** An event of a connection that is listened to. */
export interface HeardEvent {
  readonly uri: string;
  readonly connection: DriverConnection;
  readonly event: VirtEvent;
}

/** What sources work with. */
export interface EventSourcesOptions {
  readonly kernel: Pick<Kernel, "borrow" | "subscribe">;
  readonly clock: Clock;
  /** Hears every event, and a `resync` whenever listening has begun. */
  readonly onEvent: (heard: HeardEvent) => void;
}

/** One connection. */
interface Source {
  readonly closing: AbortController;
  readonly ended: Promise<void>;
}

/** Connections that are listened to. */
export class EventSources {
  readonly #options: EventSourcesOptions;
  readonly #sources = new Map<string, Source>();
  readonly #troubles = new Map<string, string>();

  constructor(options: EventSourcesOptions) {
    this.#options = options;
  }

  /** Why a connection is not listened to; `undefined` where it is. */
  troubleOf(uri: string): string | undefined {
    return this.#troubles.get(uri);
  }

  /** Listens to these connections, and to no others. */
  listenTo(uris: ReadonlySet<string>): void {
    for (const [uri, { closing }] of this.#sources) {
      if (uris.has(uri)) continue;
      this.#sources.delete(uri);
      this.#troubles.delete(uri);
      closing.abort();
    }
    for (const uri of uris) {
      if (this.#sources.has(uri)) continue;
      const closing = new AbortController();
      this.#troubles.set(uri, "it is being connected to");
      this.#sources.set(uri, { closing, ended: this.#keep(uri, closing.signal) });
    }
  }

  /** Listens to nothing any more. */
  async close(): Promise<void> {
    const sources = [...this.#sources.values()];
    this.listenTo(new Set());
    await Promise.all(sources.map(({ ended }) => ended));
  }

  /** Never rejects. */
  async #keep(uri: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
      try {
        await this.#listen(uri, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const data = toErrorData(error);
        this.#troubles.set(uri, wordsOf(data, "it cannot be connected to"));
      }
      await sleep(clock, pauseMs, signal).catch(() => {});
    }
  }

  /** A link that breaks later is its driver's to mend: subscribers get a `resync` then. */
  async #listen(uri: string, signal: AbortSignal): Promise<void> {
    const { kernel, clock, onEvent } = this.#options;
    const borrowed: BorrowedConnection = await kernel.borrow(uri, { signal });
    try {
      const { connection } = borrowed;
      await connection.ready.wait({ clock, deadline: clock.now() + enumerationMs, signal });
      using _subscription = kernel.subscribe(
        connection,
        (event) => onEvent({ uri, connection, event }),
      );
      this.#troubles.delete(uri);
      const at = clock.now();
      onEvent({
        uri,
        connection,
        event: { sequence: 0, at, object: connection.self.ref("host"), type: "resync", detail: "listening" },
      });
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    } finally {
      await borrowed[Symbol.asyncDispose]();
    }
  }
}
