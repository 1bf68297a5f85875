/**
 * The far side during one hop.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { RpcConnection, RpcStream } from "../../protocol/connection.ts";
import {
  type ArgumentsOf,
  type ProcedureName,
  procedureRow,
  type ResultOf,
  type StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import { SignalWatch } from "../../protocol/signal_watch.ts";
import type { Lanes } from "./lanes.ts";
import type { Pace } from "./traffic.ts";

/** Where a line runs. */
export interface LineOptions {
  readonly signal: AbortSignal;
  readonly askedAt: number;
  /** Ways around it, where it is one of several lanes. */
  readonly lanes?: Lanes;
  /** Goes around at once where it is full. @default false */
  readonly urgent?: boolean;
}

/** A connection and the signal of the hop in which it is used. Never kept across hops: the next one has another. */
export class Line {
  readonly rpc: RpcConnection;
  readonly signal: AbortSignal;
  /** The moment before anything was asked on it; see `table.ts`. */
  readonly askedAt: number;
  readonly #options: LineOptions;
  #answered = 0;

  constructor(rpc: RpcConnection, options: LineOptions) {
    this.rpc = rpc;
    this.signal = options.signal;
    this.askedAt = options.askedAt;
    this.#options = options;
  }

  /** The same connection, asked anew. */
  again(askedAt: number): Line {
    return new Line(this.rpc, { ...this.#options, askedAt });
  }

  /** How many calls have been answered. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Calls the far side. Calls that do not need each other's answers are made together: they travel together too.
   *
   * @throws {VirtError} what the far side answers; `unreachable` where the link breaks; the signal's reason.
   */
  async call<P extends ProcedureName>(procedure: P, args: ArgumentsOf<P>): Promise<ResultOf<P>> {
    const { lanes, urgent = false } = this.#options;
    const { signal } = this;
    if (lanes === undefined) {
      const result = await this.rpc.call(procedure, args, { signal });
      this.#answered++;
      return result;
    }
    if (signal.aborted) throw givenUp(procedure, { reason: signal.reason, mayHaveActed: false });
    const pace = paceOf(procedure);
    const entered = lanes.enter(lanes.laneOf(this.rpc), { pace, signal, urgent });
    const { rpc, traffic } = entered instanceof Promise ? await entered : entered;
    const leave = (): void => traffic.leave(pace);
    if (signal.aborted) {
      leave();
      traffic.forget();
      throw givenUp(procedure, { reason: signal.reason, mayHaveActed: false });
    }
    // The signal ends the wait and not the call: the place is taken over there until it is answered.
    const answer = rpc.call(procedure, args);
    answer.then(leave, leave);
    try {
      const result = await unlessAborted(answer, {
        signal,
        aborted: () => givenUp(procedure, { reason: signal.reason, mayHaveActed: true }),
      });
      this.#answered++;
      return result;
    } finally {
      traffic.forget();
    }
  }

  /** The answer, or `undefined` where the far side's hypervisor has no such thing. */
  async maybe<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
  ): Promise<ResultOf<P> | undefined> {
    try {
      return await this.call(procedure, args);
    } catch (error) {
      if (isVirtError(error, "unsupported")) return undefined;
      throw error;
    }
  }

  /** Calls the far side and opens a stream with it. Whoever opens it ends it within the same hop. */
  async open<P extends StreamProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
  ): Promise<RpcStream<ResultOf<P>>> {
    const stream = await this.rpc.open(procedure, args, { signal: this.signal });
    this.#answered++;
    return stream;
  }
}

/** Calls that libvirt answers first of all, and yet waits for a guest's end before it does. */
const waitForEnds: ReadonlySet<ProcedureName> = new Set(["domainDestroy", "domainDestroyFlags"]);

function paceOf(procedure: ProcedureName): Pace {
  return procedureRow(procedure).priority === "high" && !waitForEnds.has(procedure) ? "quick" : "slow";
}

const signals = new SignalWatch();

/** Waits for an answer until a signal aborts; who waits no longer hears of no failure either. */
function unlessAborted<T>(
  answer: Promise<T>,
  { signal, aborted }: { readonly signal: AbortSignal; readonly aborted: () => VirtError },
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = signals.watch(signal, () => {
    stop();
    reject(aborted());
  });
  answer.then(
    (value) => {
      stop();
      resolve(value);
    },
    (error: unknown) => {
      stop();
      reject(error);
    },
  );
  return promise;
}

/** What became of a call that nobody waits for any more. */
function givenUp(
  procedure: ProcedureName,
  { reason, mayHaveActed }: { readonly reason: unknown; readonly mayHaveActed: boolean },
): VirtError {
  const code = isVirtError(reason) ? reason.code : "cancelled";
  const why = reason instanceof Error ? reason.message : String(reason);
  const what = mayHaveActed ? `Cannot learn what came of "${procedure}"` : `Cannot call "${procedure}"`;
  return new VirtError(code, `${what}: ${why}`, { detail: { mayHaveActed }, cause: reason });
}
