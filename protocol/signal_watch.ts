/**
 * Many who watch one signal.
 *
 * @module
 */

/**
 * Calls of one hop share its signal. With a listener each, to take one away costs a walk over all of them; here a signal
 * has one listener for as long as anybody watches it.
 */
export class SignalWatch {
  readonly #watchers = new Map<AbortSignal, { readonly all: Set<() => void>; readonly heard: () => void }>();

  /**
   * Calls `aborted` when the signal aborts, which it has not yet.
   *
   * @returns ends the watch
   */
  watch(signal: AbortSignal, aborted: () => void): () => void {
    let watchers = this.#watchers.get(signal);
    if (watchers === undefined) {
      const all = new Set<() => void>();
      const heard = (): void => {
        for (const each of all) each();
      };
      watchers = { all, heard };
      this.#watchers.set(signal, watchers);
      signal.addEventListener("abort", heard);
    }
    const { all, heard } = watchers;
    all.add(aborted);
    return () => {
      if (!all.delete(aborted) || all.size > 0) return;
      this.#watchers.delete(signal);
      signal.removeEventListener("abort", heard);
    };
  }
}
