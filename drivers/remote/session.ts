/**
 * A connection that is opened again after a break.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { Clock, ClockTimer } from "../../runtime/clock.ts";

/** What a session is made with. */
export interface SessionOptions {
  /** The URI, for messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Opens a connection, with everything that belongs to it: transport, authentication, the hypervisor's name. */
  readonly connect: (signal: AbortSignal) => Promise<RpcConnection>;
}

/** What makes a fresh connection ready for others; where it fails, that connection is given up. */
export type Prepare = (rpc: RpcConnection, signal: AbortSignal) => Promise<void>;

/** The pauses between two tries, in milliseconds. */
const firstPauseMs = 100;
const longestPauseMs = 30_000;
/** The longest pause while somebody waits. */
const awaitedPauseMs = 2_000;
/** A connection that has lasted so long was a good one, in milliseconds. */
const lastingMs = 30_000;

type State =
  | { readonly kind: "up"; readonly rpc: RpcConnection }
  | { readonly kind: "down"; readonly since: number; readonly why: VirtError }
  | { readonly kind: "closed" };

/**
 * A session with a far side. Whoever calls while it is down waits: nothing has been sent. What was in flight when the
 * connection broke is rejected by the connection itself.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #prepare: Prepare;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  #state: State;
  #pause: { readonly timer: ClockTimer; readonly until: number; readonly end: () => void } | undefined;
  #loop: Promise<void> | undefined;

  /**
   * Takes over a first connection, which is prepared in the background like every later one.
   */
  constructor(rpc: RpcConnection, options: SessionOptions & { readonly prepare: Prepare }) {
    this.#options = options;
    this.#prepare = options.prepare;
    this.#state = { kind: "down", since: options.clock.now(), why: notYet(options.name) };
    this.#loop = this.#run(rpc);
  }

  /** The connection, where there is one that is ready. */
  get rpc(): RpcConnection | undefined {
    return this.#state.kind === "up" ? this.#state.rpc : undefined;
  }

  /**
   * The connection, as soon as there is one.
   *
   * @throws {VirtError} `unreachable` where the signal aborts before, or the session is closed; nothing has been sent.
   */
  async up(signal: AbortSignal): Promise<RpcConnection> {
    while (true) {
      const { rpc } = this;
      if (rpc !== undefined) return rpc;
      this.#refuseClosed();
      if (signal.aborted) throw this.#unreachable(signal.reason);
      await this.#changed(signal);
    }
  }

  /** Ends it, and with it whatever waits for it. */
  async close(): Promise<void> {
    const { rpc } = this;
    this.#state = { kind: "closed" };
    this.#closing.abort(closed(this.#options.name));
    this.#pause?.end();
    this.#wake();
    await rpc?.close();
    await this.#loop;
  }

  /** Opens connections, one after the other, until the session is closed. */
  async #run(first: RpcConnection): Promise<void> {
    let rpc: RpcConnection | undefined = first;
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        rpc ??= await this.#options.connect(this.#closing.signal);
        const lasted = await this.#serve(rpc);
        // Who breaks each connection as soon as it is there is not to be read anew ten times in a second.
        failures = lasted >= lastingMs ? 0 : failures + 1;
      } catch (error) {
        failures++;
        this.#goDown(toVirtError(error));
      }
      rpc = undefined;
      if (!this.#closing.signal.aborted) await this.#rest(failures);
    }
  }

  /** Lets others use a connection until it ends; resolves with how long that was, in milliseconds. */
  async #serve(rpc: RpcConnection): Promise<number> {
    try {
      await this.#prepare(rpc, this.#closing.signal);
    } catch (error) {
      await rpc.close();
      throw error;
    }
    if (this.#closing.signal.aborted) {
      await rpc.close();
      return 0;
    }
    const since = this.#options.clock.now();
    this.#state = { kind: "up", rpc };
    this.#wake();
    this.#goDown(await rpc.closed);
    return this.#options.clock.now() - since;
  }

  #goDown(why: VirtError): void {
    if (this.#state.kind === "closed") return;
    const since = this.#state.kind === "down" ? this.#state.since : this.#options.clock.now();
    this.#state = { kind: "down", since, why };
  }

  /** Waits before the next try, shorter where somebody waits for it. */
  #rest(failures: number): Promise<void> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wanted = Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (0.8 + 0.4 * clock.random());
    const ms = this.#waiters.size > 0 ? Math.min(wanted, awaitedPauseMs) : wanted;
    const end = (): void => {
      this.#pause?.timer[Symbol.dispose]();
      this.#pause = undefined;
      resolve();
    };
    const timer = clock.after(ms, end);
    timer.wanted?.(this.#waiters.size > 0);
    this.#pause = { timer, until: clock.now() + ms, end };
    return promise;
  }

  /** Resolves when the state changes, or the signal aborts. */
  #changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiters.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    this.#hurry();
    return promise.finally(() => {
      this.#waiters.delete(wake);
      signal.removeEventListener("abort", wake);
    });
  }

  /** Somebody waits: a long pause becomes a short one. */
  #hurry(): void {
    const pause = this.#pause;
    if (pause === undefined) return;
    const { clock } = this.#options;
    const left = pause.until - clock.now();
    if (left <= awaitedPauseMs) return pause.timer.wanted?.(true);
    pause.timer[Symbol.dispose]();
    const timer = clock.after(awaitedPauseMs, pause.end);
    this.#pause = { timer, until: clock.now() + awaitedPauseMs, end: pause.end };
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #refuseClosed(): void {
    if (this.#state.kind === "closed") throw closed(this.#options.name);
  }

  #unreachable(reason: unknown): VirtError {
    const { name, clock } = this.#options;
    // Who cancelled wants to hear of that, and not of the link.
    if (isVirtError(reason) && reason.code !== "timed-out") return reason;
    if (this.#state.kind !== "down") return closed(name);
    const { since, why } = this.#state;
    const seconds = Math.round((clock.now() - since) / 1000);
    return new VirtError(
      "unreachable",
      `Cannot reach "${name}": not connected for ${seconds} s, ${why.message}`,
      {
        detail: { mayHaveActed: false },
        cause: why,
      },
    );
  }
}

function notYet(name: string): VirtError {
  return new VirtError("unreachable", `"${name}" has not been read yet`, { detail: { mayHaveActed: false } });
}

function closed(name: string): VirtError {
  return new VirtError("unreachable", `Cannot reach "${name}": the connection is closed`, {
    detail: { mayHaveActed: false },
  });
}

function toVirtError(error: unknown): VirtError {
  if (error instanceof VirtError) return error;
  return new VirtError("internal", error instanceof Error ? error.message : String(error), { cause: error });
}
