/**
 * Group commit: writes stand in an open transaction until somebody needs them durable; all who need it at the same
 * time wait for one commit.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { DatabaseSync } from "node:sqlite";
import { VirtError } from "../../model/error.ts";
import type { Clock } from "../clock.ts";

/** After how many writes a commit is due even if nobody waits for one. */
const pendingLimit = 1000;

/** How long a write may stand undurable where nobody waits for it, in milliseconds. */
const lingerMs = 250;

/** How a {@linkcode Committer} commits. */
export interface CommitterOptions {
  /** What the journal is called in messages. */
  readonly path: string;
  /** Puts a commit off, so that more writes join it. @default the next turn of the event loop */
  readonly defer?: (commit: () => void) => void;
  /** Commits what nobody waits for after a while. Absent: only with the next flush. */
  readonly clock?: Clock;
  /** Stands around every commit, to measure it. @default nobody watches */
  readonly watchCommit?: (commit: () => void) => void;
}

/** The open transaction of a database. */
export class Committer {
  readonly #db: DatabaseSync;
  readonly #options: CommitterOptions;
  #writes = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #linger: Disposable | undefined;
  #failure: VirtError | undefined;

  constructor(db: DatabaseSync, options: CommitterOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Writes inside the open transaction. A write that fails, fails the next flush, and the journal with it. */
  write(statement: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      if (this.#writes === 0) this.#db.exec("BEGIN IMMEDIATE");
      this.#writes++;
      statement();
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    if (this.#writes >= pendingLimit) this.#schedule();
    else if (this.#options.clock !== undefined && this.#waiting === undefined) {
      this.#linger ??= this.#options.clock.after(lingerMs, () => this.#schedule());
    }
  }

  /** Resolves when everything written so far is durable. */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#writes === 0) return Promise.resolve();
    return this.#schedule();
  }

  /** Commits now what is open. */
  commit(): void {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#writes > 0 && this.#failure === undefined) {
      try {
        const { watchCommit } = this.#options;
        const commit = (): void => this.#db.exec("COMMIT");
        if (watchCommit === undefined) commit();
        else watchCommit(commit);
        this.#writes = 0;
      } catch (cause) {
        this.#fail(cause);
      }
    }
    if (this.#failure === undefined) waiting?.resolve();
    else waiting?.reject(this.#failure);
  }

  #schedule(): Promise<void> {
    if (this.#waiting === undefined) {
      this.#waiting = Promise.withResolvers<void>();
      // Nobody may be waiting for a commit that was due by itself.
      this.#waiting.promise.catch(() => {});
      (this.#options.defer ?? setImmediate)(() => this.commit());
    }
    return this.#waiting.promise;
  }

  #fail(cause: unknown): void {
    this.#failure = new VirtError(
      "operation-failed",
      `Cannot write the journal "${this.#options.path}": ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      {
        hint: "Nothing is changed any more until the journal can be written; look for space on its disk",
        cause,
      },
    );
    this.#writes = 0;
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
    if (this.#waiting !== undefined) queueMicrotask(() => this.commit());
  }
}
