/**
 * The far side during one hop.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { RpcConnection, RpcStream } from "../../protocol/connection.ts";
import type {
  ArgumentsOf,
  ProcedureName,
  ResultOf,
  StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import type { Traffic } from "./traffic.ts";

/** A connection and the signal of the hop in which it is used. Never kept across hops: the next one has another. */
export class Line {
  readonly rpc: RpcConnection;
  readonly signal: AbortSignal;
  /** The moment before anything was asked on it; see `table.ts`. */
  readonly askedAt: number;
  readonly #traffic: Traffic | undefined;
  #answered = 0;

  constructor(
    rpc: RpcConnection,
    { signal, askedAt, traffic }: {
      readonly signal: AbortSignal;
      readonly askedAt: number;
      readonly traffic?: Traffic;
    },
  ) {
    this.rpc = rpc;
    this.signal = signal;
    this.askedAt = askedAt;
    this.#traffic = traffic;
  }

  /** The same connection, asked anew. */
  again(askedAt: number): Line {
    const traffic = this.#traffic;
    return new Line(this.rpc, {
      signal: this.signal,
      askedAt,
      ...(traffic === undefined ? {} : { traffic }),
    });
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
    this.#traffic?.sent();
    try {
      const result = await this.rpc.call(procedure, args, { signal: this.signal });
      this.#traffic?.answered();
      this.#answered++;
      return result;
    } catch (error) {
      if (isVirtError(error) && error.remoteCode !== undefined) this.#traffic?.answered();
      throw error;
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
