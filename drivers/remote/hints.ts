/**
 * Looks at objects of which something was heard.
 *
 * @module
 */
import type { Identity } from "./object.ts";
import { keyOf } from "./table.ts";

/** How many looks are on their way at once: what jobs ask must not queue behind them. */
const looksAtOnce = 2;

/** Objects that are to be looked at: each once, however much is heard of it. */
export class Hints {
  readonly #look: (identity: Identity) => Promise<void>;
  readonly #waiting = new Map<string, Identity>();
  readonly #looking = new Set<string>();
  #closed = false;

  /** `look` does not reject. */
  constructor(look: (identity: Identity) => Promise<void>) {
    this.#look = look;
  }

  /** Something was heard of an object. */
  add(identity: Identity): void {
    if (this.#closed) return;
    this.#waiting.set(keyOf(identity), identity);
    this.#next();
  }

  /** Forgets what was heard: everything is being read anyway. */
  clear(): void {
    this.#waiting.clear();
  }

  close(): void {
    this.#closed = true;
    this.clear();
  }

  #next(): void {
    for (const [key, identity] of this.#waiting) {
      if (this.#looking.size >= looksAtOnce) return;
      if (this.#looking.has(key)) continue;
      this.#waiting.delete(key);
      this.#looking.add(key);
      void this.#look(identity).then(() => {
        this.#looking.delete(key);
        this.#next();
      });
    }
  }
}
