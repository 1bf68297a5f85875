/**
 * What a promise has come to so far, for tests that look while others still wait.
 *
 * @module
 */
import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";

/** A promise under observation. */
export class Seen<T> {
  #state: { readonly value: T } | { readonly error: unknown } | undefined;

  constructor(promise: Promise<T>) {
    promise.then(
      (value) => void (this.#state = { value }),
      (error: unknown) => void (this.#state = { error }),
    );
  }

  /** Whether it has come to anything. */
  settled(): boolean {
    return this.#state !== undefined;
  }

  /** What it resolved to. */
  value(): T {
    assert.ok(this.#state !== undefined, "it has settled");
    if ("error" in this.#state) throw this.#state.error;
    return this.#state.value;
  }

  /** What it failed with, which is an error of ours. */
  error(): VirtError {
    assert.ok(this.#state !== undefined && "error" in this.#state, "it has failed");
    assert.ok(this.#state.error instanceof VirtError);
    return this.#state.error;
  }
}

/** Watches a promise. */
export function seen<T>(promise: Promise<T>): Seen<T> {
  return new Seen(promise);
}
