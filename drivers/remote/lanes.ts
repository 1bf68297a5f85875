/**
 * Further connections beside the session's, for when that one is stuck.
 *
 * A libvirtd takes only so many calls of one client at a time, and a hypervisor that hangs does not give them back: a few
 * hung guests would hold up everything else on the host. So a connection on which nothing moves any more is left alone, and
 * what comes next goes over another one.
 *
 * @module
 */
import type { RpcConnection } from "../../protocol/connection.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Traffic } from "./traffic.ts";

/** How many there may be beside the session's. */
const mostLanes = 8;

/** A lane that nobody has used for so long is closed, in milliseconds. */
const idleMs = 60_000;

/** A connection and what goes over it. */
export interface Lane {
  readonly rpc: RpcConnection;
  readonly traffic: Traffic;
}

/** What lanes are made with. */
export interface LanesOptions {
  readonly clock: Clock;
  /** Opens another connection; it is closed with the others. */
  readonly open: (signal: AbortSignal) => Promise<RpcConnection>;
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
    const lane = { rpc, traffic: new Traffic(this.#options.clock) };
    this.#known.set(rpc, lane);
    void rpc.closed.then(() => lane.traffic[Symbol.dispose]());
    return lane;
  }

  /**
   * A lane on which something moves: the session's own where it does, and where no other can be opened. What is urgent does
   * not wait to see whether a full one moves.
   */
  async choose(
    main: RpcConnection,
    { signal, urgent = false }: { readonly signal: AbortSignal; readonly urgent?: boolean },
  ): Promise<Lane> {
    const own = this.laneOf(main);
    const avoid = ({ traffic }: Lane): boolean => urgent ? traffic.full : traffic.stuck;
    if (!avoid(own)) return own;
    for (const lane of this.#spare) if (!avoid(lane)) return lane;
    if (this.#spare.size >= mostLanes && !urgent) return own;
    this.#opening ??= this.#open(signal).finally(() => this.#opening = undefined);
    return await this.#opening ?? own;
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
