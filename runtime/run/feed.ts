/**
 * What happens in a run, for those who watch it live. Nothing here is kept; the journal is what lasts.
 *
 * @module
 */
import type { RunEvent } from "../control/methods.ts";

/** How many events may wait for a slow watcher; the oldest are dropped then. */
const backlogLimit = 10_000;

interface Watcher {
  readonly backlog: RunEvent[];
  wake: (() => void) | undefined;
}

/** The events of one run. */
export class RunFeed {
  readonly #watchers = new Set<Watcher>();
  #closed = false;

  /** Tells everybody who watches. */
  publish(event: RunEvent): void {
    for (const watcher of this.#watchers) {
      if (watcher.backlog.length >= backlogLimit) watcher.backlog.shift();
      watcher.backlog.push(event);
      watcher.wake?.();
    }
  }

  /** Nothing more happens. Those who watch see what is left, and the end. */
  close(): void {
    this.#closed = true;
    for (const { wake } of this.#watchers) wake?.();
  }

  /** What happens from the call on, until the run or the signal ends it. */
  watch(signal?: AbortSignal): AsyncIterable<RunEvent> {
    const watcher: Watcher = { backlog: [], wake: undefined };
    this.#watchers.add(watcher);
    return this.#events(watcher, signal);
  }

  async *#events(watcher: Watcher, signal: AbortSignal | undefined): AsyncGenerator<RunEvent> {
    const onAbort = (): void => watcher.wake?.();
    signal?.addEventListener("abort", onAbort);
    try {
      while (signal?.aborted !== true) {
        const event = watcher.backlog.shift();
        if (event !== undefined) {
          yield event;
        } else if (this.#closed) {
          return;
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          watcher.wake = resolve;
          await promise;
          watcher.wake = undefined;
        }
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#watchers.delete(watcher);
    }
  }
}
