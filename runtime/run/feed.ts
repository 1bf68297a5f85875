/**
 * What happens in a run, for those who watch it live. Nothing here is kept; the journal is what lasts.
 *
 * @module
 */
import type { RunEvent } from "../control/methods.ts";

/** How many events may wait for a slow watcher; the oldest are dropped then. */
const backlogLimit = 10_000;

/** The events of one run. */
export class RunFeed {
  readonly #listeners = new Set<(event: RunEvent | undefined) => void>();
  #closed = false;

  /** Tells everybody who listens. */
  publish(event: RunEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Nothing more happens. Those who watch see what is left, and the end. */
  close(): void {
    this.#closed = true;
    for (const listener of [...this.#listeners]) listener(undefined);
    this.#listeners.clear();
  }

  /** Hears what happens as it happens; `undefined` is the end. */
  listen(listener: (event: RunEvent | undefined) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** What happens from the call on, until the run or the signal ends it. */
  watch(signal?: AbortSignal): AsyncIterable<RunEvent> {
    const backlog: (RunEvent | undefined)[] = this.#closed ? [undefined] : [];
    let wake: (() => void) | undefined;
    const listening = this.listen((event) => {
      if (backlog.length >= backlogLimit) backlog.shift();
      backlog.push(event);
      wake?.();
    });
    const next = (): Promise<void> => new Promise((resolve) => wake = resolve);
    return events();

    async function* events(): AsyncGenerator<RunEvent> {
      const onAbort = (): void => wake?.();
      signal?.addEventListener("abort", onAbort);
      try {
        while (signal?.aborted !== true) {
          if (backlog.length === 0) await next();
          if (backlog.length === 0) continue;
          const event = backlog.shift();
          if (event === undefined) return;
          yield event;
        }
      } finally {
        signal?.removeEventListener("abort", onAbort);
        listening[Symbol.dispose]();
      }
    }
  }
}
