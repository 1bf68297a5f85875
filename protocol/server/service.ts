/**
 * What answers the calls of a connection.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ProcedureName } from "../procedures/mod.ts";
import type { RemoteErrorData } from "../remote_error.ts";
import type { ServerStream } from "./stream.ts";

/** Answers the calls of one connection, and knows who is at its other end. */
export interface Service {
  /**
   * Whether calls of a procedure are answered at all.
   *
   * @throws {VirtError} where they may not be made now: before somebody has said who he is.
   */
  admits(procedure: ProcedureName): boolean;

  /**
   * Answers a call. Calls are answered in any order.
   *
   * @param args what the procedure takes, as its row in the table of procedures describes it
   * @returns what the procedure gives, or a promise of it; where the procedure opens a stream, an {@linkcode OpenedStream}
   * @throws whatever is to be the answer
   */
  answer(procedure: ProcedureName, args: unknown): unknown;

  /** An error as it goes out. It must not throw. */
  describe(error: unknown, procedure: ProcedureName | undefined): RemoteErrorData;
}

/** The answer to a call that opens a stream. */
export interface OpenedStream<R = unknown> {
  /** What the procedure gives. */
  readonly result: R;
  /**
   * Moves the bytes, from when the answer has been queued on. It ends when there is nothing more to move: then the client
   * is told that all is well, or of the error with which it failed. It ends soon after the stream's signal has aborted.
   */
  readonly run: (stream: ServerStream) => Promise<void>;
}

/** libvirt's words for a procedure that nobody answers. Clients know it by this text and nothing else. */
export function unknownProcedure(number: number): VirtError {
  return rpcError(`unknown procedure: ${number | 0}`);
}

/** A fault of the protocol, in libvirt's words. */
export function rpcError(message: string, cause?: unknown): VirtError {
  return new VirtError("protocol", message, {
    remoteCode: "VIR_ERR_RPC",
    detail: { from: "VIR_FROM_RPC" },
    ...(cause === undefined ? {} : { cause }),
  });
}
