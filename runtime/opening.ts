/**
 * A connection that is being opened, for all who wait for it.
 *
 * @module
 */
import type { DriverConnection } from "./driver.ts";
import type { Person } from "./person.ts";

/** Who wants a connection. */
export interface ConnectOptions {
  /** Ends the wait; an attempt for which nobody waits any more is given up. */
  readonly signal?: AbortSignal;
  /** Whom to ask, where the far side wants to know who we are. */
  readonly person?: Person;
}

/** Begins an attempt. */
export type Attempt = (how: Required<ConnectOptions>) => Promise<DriverConnection>;

/** One attempt and its outcome, shared by all who want the same connection. */
export class Opening {
  readonly connection: Promise<DriverConnection>;
  readonly #waiting = new Set<ConnectOptions>();
  readonly #aborter = new AbortController();
  #settled = false;

  constructor(attempt: Attempt, first: ConnectOptions) {
    this.#waiting.add(first);
    this.connection = attempt({ signal: this.#aborter.signal, person: this.#anybody() });
    this.connection.finally(() => this.#settled = true).catch(() => {});
  }

  /** Whether it has been given up. */
  get abandoned(): boolean {
    return this.#aborter.signal.aborted;
  }

  /**
   * The connection, for one more who wants it.
   *
   * @throws the signal's reason, or what connecting fails with.
   */
  async wait(options: ConnectOptions): Promise<DriverConnection> {
    const { signal } = options;
    this.#waiting.add(options);
    try {
      if (signal === undefined) return await this.connection;
      signal.throwIfAborted();
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await Promise.race([this.connection, aborted]);
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    } finally {
      this.#waiting.delete(options);
      if (this.#waiting.size === 0 && !this.#settled) this.#giveUp(signal?.reason);
    }
  }

  #giveUp(reason: unknown): void {
    this.#aborter.abort(reason);
    // It may have come about in spite of that.
    this.connection.then((connection) => connection.close()).catch(() => {});
  }

  /** Asks whichever of those who wait can be asked. */
  #anybody(): Person {
    const persons = (): readonly Person[] => [...this.#waiting].flatMap(({ person }) => person ?? []);
    return {
      get atTerminal(): boolean {
        return persons().some(({ atTerminal }) => atTerminal);
      },
      credentials: async (question, signal) => await persons()[0]?.credentials(question, signal),
    };
  }
}
