/**
 * The moments at which a kernel's death matters: before and after each commit of its journal, and before and after each
 * hop. Counted, so that a test can choose one; the process kills itself there, as `kill -9` would.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { HopInfo, Scheduler } from "../../runtime/scheduler.ts";

/** The moments of one process. */
export class Moments {
  readonly #deadly: number;
  #seen = 0;

  /** @param deadly the number of the moment to die at; none where it is never reached */
  constructor(deadly: number) {
    this.#deadly = deadly;
  }

  /** How many there were. */
  get seen(): number {
    return this.#seen;
  }

  /** Puts commits of the journal off as in production, with a moment on both sides. */
  readonly defer = (commit: () => void): void => {
    setImmediate(() => {
      this.#pass();
      commit();
      this.#pass();
    });
  };

  /** Lets hops go straight through, with a moment on both sides. */
  readonly scheduler: Scheduler = {
    hop: async <T>(_info: HopInfo, go: () => Promise<T>): Promise<T> => {
      this.#pass();
      const result = await go();
      this.#pass();
      return result;
    },
    handOver: (grant) => grant(),
  };

  #pass(): void {
    if (this.#seen++ === this.#deadly) Deno.kill(Deno.pid, "SIGKILL");
  }
}
