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

/**
 * How many unanswered calls fill a connection: libvirt takes five of each client, and the last place is left to those that
 * are answered at once. Source: libvirtd.conf, max_client_requests.
 */
const crowd = 4;

/** A full connection on which nothing was answered for so long is stuck, in milliseconds. */
const stuckMs = 500;

/** How many there may be beside the session's. */
const mostLanes = 8;

/** A lane that nobody has used for so long is closed, in milliseconds. */
const idleMs = 60_000;

/** What goes over a connection. */
export class Traffic {
  readonly #clock: Pick<Clock, "now">;
  #unanswered = 0;
  #movedAt: number;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#movedAt = clock.now();
  }

  /** A call goes out. */
  sent(): void {
    if (this.#unanswered++ === 0) this.#movedAt = this.#clock.now();
  }

  /** A call was answered. What nobody waits for any more still keeps its place over there. */
  answered(): void {
    this.#unanswered--;
    this.#movedAt = this.#clock.now();
  }

  get idle(): boolean {
    return this.#unanswered === 0;
  }

  /** Whether the far side takes nothing more before it has answered. */
  get full(): boolean {
    return this.#unanswered >= crowd;
  }

  /** Whether nothing moves. */
  get stuck(): boolean {
    return this.full && this.#clock.now() - this.#movedAt > stuckMs;
  }
}

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
    return lane;
  }

  /**
   * A lane on which something moves: the session's own where it does. What is urgent does not wait to see whether a full one
   * moves.
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
    const lane = this.laneOf(await this.#options.open(signal));
    this.#spare.add(lane);
    void lane.rpc.closed.then(() => this.#spare.delete(lane));
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
