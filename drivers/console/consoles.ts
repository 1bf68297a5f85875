/**
 * The consoles that a connection has open, each once, however many read it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { consoleKeptBytes } from "../../model/operations/domain_channel.ts";
import { type ConsoleLine, type ConsoleReceiver, ConsoleSession } from "./session.ts";

/** How many may be open at once: what they keep is memory that guests fill. */
const mostOpen = 256;

/** How a console is opened. */
export interface OpenOptions {
  /** What the session is called. */
  readonly id: string;
  /** Who opens it. */
  readonly reader: string;
  /** Opens the line to the guest. */
  readonly dial: (receiver: ConsoleReceiver, signal: AbortSignal) => Promise<ConsoleLine>;
  readonly signal: AbortSignal;
}

/** The consoles of one connection, by a key that names domain and device. */
export class Consoles {
  readonly #sessions = new Map<string, ConsoleSession>();
  readonly #opening = new Map<string, Promise<void>>();
  /** Those that ended and were opened anew while somebody still read them, by their ids. */
  readonly #former = new Map<string, ConsoleSession>();

  /** The session of a console, also one that has ended: the one with an id while anybody reads it, else the latest. */
  get(key: string, id?: string): ConsoleSession | undefined {
    return (id === undefined ? undefined : this.#former.get(id)) ?? this.#sessions.get(key);
  }

  /**
   * The session of a console, opened where it is not. Those who ask at the same time share one.
   *
   * @throws {VirtError} `budget-exceeded` where too many are open; whatever dialling throws; the signal's reason.
   */
  async open(key: string, { id, reader, dial, signal }: OpenOptions): Promise<ConsoleSession> {
    for (let other = this.#opening.get(key); other !== undefined; other = this.#opening.get(key)) {
      // If it fails it may be for a reason of its own; then this one tries.
      await endedOrAborted(other, signal);
    }
    const known = this.#sessions.get(key);
    if (known !== undefined && known.over === undefined) {
      known.join(reader);
      return known;
    }
    this.#makeRoom();
    const session = new ConsoleSession({ id, keptBytes: consoleKeptBytes });
    const opening = dial(session, signal).then((line) => session.connect(line));
    this.#opening.set(key, opening.catch(() => {}));
    try {
      await opening;
    } finally {
      this.#opening.delete(key);
    }
    session.join(reader);
    this.#sessions.set(key, session);
    if (known?.isRead === true) this.#former.set(known.id, known);
    return session;
  }

  /** A reader leaves whatever it has open; what nobody reads any more is hung up. */
  async leave(reader: string): Promise<void> {
    for (const [key, session] of [...this.#sessions]) {
      if (session.leave(reader)) await this.#rest(key, session);
    }
    for (const [id, session] of this.#former) {
      if (session.leave(reader) && !session.isRead) this.#former.delete(id);
    }
  }

  /** All readers leave a console. */
  async close(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    session?.leaveAll();
    if (session !== undefined) await this.#rest(key, session);
  }

  async #rest(key: string, session: ConsoleSession): Promise<void> {
    if (session.isRead) return;
    this.#sessions.delete(key);
    await session.hangUp("nobody reads it any more");
  }

  /** What has ended and was not closed by its readers makes room for others. */
  #makeRoom(): void {
    const [oldest] = this.#former.keys();
    if (this.#former.size >= mostOpen && oldest !== undefined) this.#former.delete(oldest);
    if (this.#sessions.size < mostOpen) return;
    for (const [key, { over }] of this.#sessions) {
      if (over !== undefined) this.#sessions.delete(key);
    }
    if (this.#sessions.size < mostOpen) return;
    throw new VirtError(
      "budget-exceeded",
      `Cannot open another console: ${mostOpen} are open on this connection`,
      { hint: "Close those that are not read any more" },
    );
  }
}

/** Resolves when a promise that does not fail has ended. */
async function endedOrAborted(other: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort);
  await Promise.race([other, promise]);
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
}
