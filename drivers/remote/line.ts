/**
 * The far side during one hop.
 *
 * @module
 */
import { isVirtError, type VirtError } from "../../model/error.ts";
import type { RpcConnection, RpcStream } from "../../protocol/connection.ts";
import {
  type ArgumentsOf,
  type ProcedureName,
  procedureRow,
  type ResultOf,
  type StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import type { Lanes } from "./lanes.ts";

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
    if (lanes === undefined || procedureRow(procedure).priority === "high") {
      const result = await this.rpc.call(procedure, args, { signal });
      this.#answered++;
      return result;
    }
    const entered = lanes.enter(lanes.laneOf(this.rpc), { signal, urgent });
    const { rpc, traffic } = entered instanceof Promise ? await entered : entered;
    try {
      const result = await rpc.call(procedure, args, { signal });
      traffic.leave();
      this.#answered++;
      return result;
    } catch (error) {
      if (isVirtError(error) && (error.remoteCode !== undefined || wasNotSent(error))) traffic.leave();
      throw error;
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

/** What was given up before it left keeps no place over there. */
function wasNotSent({ detail }: VirtError): boolean {
  return typeof detail === "object" && detail !== null && "mayHaveActed" in detail &&
    detail.mayHaveActed === false;
}
