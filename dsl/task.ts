/**
 * Something long that is under way: it can be waited for, followed, and aborted.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { CallOptions, CallProgress } from "./call_options.ts";

/** What hears why a promise failed. */
// deno-lint-ignore no-explicit-any -- as promises have it, whose place tasks take
type OnFailed<B> = ((error: any) => B | PromiseLike<B>) | null;

/**
 * A call that takes its time. It is a promise of what comes of it, and more: how far it is, and a way to end it.
 *
 * @example
 * ```ts
 * import type { Domain, Host, Log } from "drover";
 *
 * export async function move(vm: Domain, target: Host, log: Log): Promise<Domain> {
 *   const moving = vm.migrate({ to: target });
 *   for await (const { fraction } of moving.progress()) {
 *     log.info(`${Math.round(fraction * 100)} %`);
 *   }
 *   return await moving;
 * }
 * ```
 */
export class Task<T> implements Promise<T> {
  /** What promises are called. */
  readonly [Symbol.toStringTag] = "Task";
  readonly #result: Promise<T>;
  readonly #controller = new AbortController();
  readonly #listeners = new Set<() => void>();
  #latest: CallProgress | undefined;
  #count = 0;
  #over = false;

  /** Tasks come from what begins them; a recipe does not make them. */
  constructor(begin: (options: CallOptions) => Promise<T>, options: CallOptions = {}) {
    const { signal, onProgress } = options;
    const { signal: own } = this.#controller;
    this.#result = begin({
      ...options,
      signal: signal === undefined ? own : AbortSignal.any([own, signal]),
      onProgress: (progress) => {
        this.#latest = progress;
        this.#count++;
        this.#wake();
        return onProgress?.(progress);
      },
    }).finally(() => {
      this.#over = true;
      this.#wake();
    });
  }

  /** How far it is, as far as has been told. */
  get latest(): CallProgress | undefined {
    return this.#latest;
  }

  /**
   * Asks it to end early. What has been done may be done for good: awaiting the task tells what became of it.
   *
   * @param reason what the task fails with, where it could be ended
   */
  abort(reason = "The recipe does not want it any more"): void {
    this.#controller.abort(new VirtError("cancelled", reason));
    this.#hearFailure();
  }

  /**
   * How far it is, whenever that is told, until it ends. Who looks seldom sees the latest. Where it fails, the loop throws
   * what awaiting it throws.
   */
  async *progress(): AsyncGenerator<CallProgress, void, void> {
    this.#hearFailure();
    let seen = 0;
    while (true) {
      if (this.#count > seen && this.#latest !== undefined) {
        seen = this.#count;
        yield this.#latest;
      } else if (this.#over) {
        await this.#result;
        return;
      } else {
        await this.#more();
      }
    }
  }

  /** As promises do. */
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: OnFailed<B>,
  ): Promise<A | B> {
    return this.#result.then(onDone, onFailed);
  }

  /** As promises do. */
  catch<B = never>(onFailed?: OnFailed<B>): Promise<T | B> {
    return this.#result.catch(onFailed);
  }

  /** As promises do. */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.#result.finally(onSettled);
  }

  /** Whoever follows or aborts it hears of its failure: it is not one that nobody has seen. */
  #hearFailure(): void {
    this.#result.catch(() => {});
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#listeners.add(resolve));
  }

  #wake(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
