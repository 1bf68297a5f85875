/**
 * A gate: those who come early wait until something has finished, whether it went well or not.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type Clock } from "./clock.ts";

/** How long and how patiently to wait at a gate. */
export interface GateWait {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * A gate that opens once. Lists, look-ups by name and event registration wait at the gate of their driver's
 * enumeration, so that a list is never partial; failure opens the gate too and is what the waiters get.
 */
export class Gate {
  #state: { readonly kind: "closed" } | { readonly kind: "open" } | {
    readonly kind: "failed";
    readonly error: unknown;
  } = {
    kind: "closed",
  };
  readonly #waiters = new Set<() => void>();

  /** Whether what was waited for has finished, well or badly. */
  get settled(): boolean {
    return this.#state.kind !== "closed";
  }

  /** Opens the gate: the work succeeded. */
  open(): void {
    this.#settle({ kind: "open" });
  }

  /** Opens the gate: the work failed, and everybody who waits hears why. */
  fail(error: unknown): void {
    this.#settle({ kind: "failed", error });
  }

  /**
   * Waits until the gate opens.
   *
   * @throws {VirtError} `timed-out` past the deadline; the work's own error where it failed; the signal's reason.
   */
  async wait({ clock, deadline, signal }: GateWait): Promise<void> {
    signal.throwIfAborted();
    if (this.#state.kind === "closed") {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = clock.after(Math.max(0, deadline - clock.now()), () => {
        reject(new VirtError("timed-out", "Cannot list objects: the hypervisor is still being read"));
      });
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(resolve);
      try {
        await promise;
      } finally {
        this.#waiters.delete(resolve);
        timer[Symbol.dispose]();
        signal.removeEventListener("abort", onAbort);
      }
    }
    if (this.#state.kind === "failed") throw this.#state.error;
  }

  #settle(state: { readonly kind: "open" } | { readonly kind: "failed"; readonly error: unknown }): void {
    if (this.#state.kind !== "closed") return;
    this.#state = state;
    for (const wake of [...this.#waiters]) wake();
  }
}
