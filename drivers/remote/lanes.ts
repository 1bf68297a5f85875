/**
 * Further connections beside the session's, for when that one is stuck.
 *
 * A libvirtd takes only so many calls of one client at a time, and a hypervisor that hangs does not give them back: a few
 * hung guests would hold up everything else on the host. So a connection on which nothing moves any more is left alone, and
 * what comes next goes over another one.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import { type Pace, Traffic } from "./traffic.ts";

/** How many there may be beside the session's. */
const mostLanes = 8;

/** A lane that nobody has used for so long is closed, in milliseconds. */
const idleMs = 60_000;

/** Where no other way is open, the own one is tried again after so long, in milliseconds. */
const retryMs = 500;

/** A connection and what goes over it. */
export interface Lane {
  readonly rpc: RpcConnection;
  readonly traffic: Traffic;
  /** Aborts when the connection has ended, with why. */
  readonly over: AbortSignal;
}

/** What lanes are made with. */
export interface LanesOptions {
  readonly clock: Clock;
  /** Opens another connection; it is closed with the others. */
  readonly open: (signal: AbortSignal) => Promise<RpcConnection>;
}

/** A call that wants a place. */
export interface Entering {
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly urgent: boolean;
}

/** The lanes of a session. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #known = new WeakMap<RpcConnection, Lane>();
  readonly #spare = new Set<Lane>();
  #opening: Promise<Lane | undefined> | undefined;
  #closer: Disposable | undefined;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** The lane of a connection. */
  laneOf(rpc: RpcConnection): Lane {
    const known = this.#known.get(rpc);
    if (known !== undefined) return known;
    const ending = new AbortController();
    const lane = { rpc, traffic: new Traffic(this.#options.clock), over: ending.signal };
    this.#known.set(rpc, lane);
    void rpc.closed.then((why) => {
      ending.abort(why);
      lane.traffic[Symbol.dispose]();
    });
    return lane;
  }

  /**
   * A lane with a place for a call: its own where there is one, or where something moves; for one that may take long else
   * another lane. What is urgent does not wait to see whether a full lane moves.
   *
   * @throws {VirtError} `unreachable` where the signal aborts before, or the own connection ends; nothing has been sent.
   */
  enter(own: Lane, call: Entering): Lane | Promise<Lane> {
    return own.traffic.tryEnter(call.pace) ? own : this.#wait(own, call);
  }

  async #wait(own: Lane, { pace, signal, urgent }: Entering): Promise<Lane> {
    while (urgent || !await own.traffic.enter(pace, signal)) {
      for (const lane of [own, ...this.#spare]) if (lane.traffic.tryEnter(pace)) return lane;
      if (signal.aborted) throw neverSent(signal.reason);
      if (own.over.aborted) throw linkLost(own.over.reason);
      if (pace === "slow" && (this.#spare.size < mostLanes || urgent)) {
        this.#opening ??= this.#open(signal).finally(() => this.#opening = undefined);
        if (await this.#opening !== undefined) continue;
      }
      // There is no other way: it may move again.
      if (pace === "slow") {
        await sleep(this.#options.clock, retryMs, AbortSignal.any([signal, own.over])).catch(() => {});
      } else if (await this.#enterSoon(own, signal)) return own;
    }
    return own;
  }

  /** Takes a place for a quick call as soon as there is one; `false` where there is none for a while. */
  async #enterSoon({ traffic }: Lane, signal: AbortSignal): Promise<boolean> {
    const waited = new AbortController();
    using _timer = this.#options.clock.after(retryMs, () => waited.abort());
    return await traffic.enter("quick", AbortSignal.any([signal, waited.signal]));
  }

  /** Opens another lane. Those who come meanwhile share it. */
  async #open(signal: AbortSignal): Promise<Lane | undefined> {
    let rpc: RpcConnection;
    try {
      rpc = await this.#options.open(signal);
    } catch {
      return undefined;
    }
    const lane = this.laneOf(rpc);
    this.#spare.add(lane);
    void rpc.closed.then(() => this.#spare.delete(lane));
    this.#closer ??= this.#closeLater();
    return lane;
  }

  /** Has no more timers; the connections are closed by whoever opens them. */
  close(): void {
    this.#closer?.[Symbol.dispose]();
    this.#closer = undefined;
    this.#spare.clear();
  }

  #closeLater(): Disposable {
    const timer = this.#options.clock.after(idleMs, () => {
      this.#closer = undefined;
      for (const lane of this.#spare) {
        if (!lane.traffic.idle) continue;
        this.#spare.delete(lane);
        void lane.rpc.close();
      }
      if (this.#spare.size > 0) this.#closer = this.#closeLater();
    });
    timer.wanted?.(false);
    return timer;
  }
}

/** What became of a call that still waited when its connection ended. */
function linkLost(why: unknown): VirtError {
  const text = why instanceof Error ? why.message : String(why);
  return new VirtError("unreachable", text, { detail: { mayHaveActed: false }, cause: why });
}

/** What became of a call that has waited in vain. Who cancelled wants to hear of that. */
function neverSent(reason: unknown): unknown {
  if (isVirtError(reason) && reason.code !== "timed-out") return reason;
  return new VirtError(
    "unreachable",
    "The far side answers none of the calls that it has taken, and takes no others",
    {
      hint: "Guests that hang hold them: look which, and destroy them",
      detail: { mayHaveActed: false },
      cause: reason,
    },
  );
}
