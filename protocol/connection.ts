/**
 * One connection to a server that speaks libvirt's protocol: calls, streams, events.
 *
 * @module
 */
import type { VirtError } from "../model/error.ts";
import type {
  ArgumentsOf,
  MessageName,
  MessageOf,
  ProcedureName,
  ResultOf,
  StreamProcedureName,
} from "./procedures/mod.ts";

/** How a single call is made. */
export interface CallOptions {
  /**
   * Ends the wait. The call is not sent any more if it has not been; a server that has it goes on with it, and its
   * answer is thrown away.
   */
  readonly signal?: AbortSignal;
}

/** What `detail` of an error says of a call that got no answer. */
export interface LostCall {
  /** `false` only where nothing of the call was sent: the far side cannot have done anything. */
  readonly mayHaveActed: boolean;
}

/**
 * An open connection. It never opens itself again: once it is broken it stays so.
 *
 * @example
 * ```ts
 * import { ClientConnection } from "./client_connection.ts";
 * import type { RpcConnection } from "./connection.ts";
 * import type { Transport } from "./transport.ts";
 * declare const transport: Transport;
 * const clock = { now: Date.now, after: (ms: number, action: () => void) => {
 *   const timer = setTimeout(action, ms);
 *   return { [Symbol.dispose]: () => clearTimeout(timer) };
 * } };
 * await using connection: RpcConnection = new ClientConnection(transport, { clock });
 * await connection.call("connectOpen", { name: "test:///default", flags: 0 });
 * const { domains } = await connection.call("connectListAllDomains", { needResults: 1, flags: 0 });
 * ```
 */
export interface RpcConnection extends AsyncDisposable {
  /**
   * Calls a procedure. Calls are answered in any order; at most a few of them are with the server at a time, and further
   * ones wait here in the order in which they were made.
   *
   * @throws {VirtError} What the server answered, with `remoteCode`. `unreachable` where the connection broke before an
   *   answer came, the signal's own code or `cancelled` where the signal aborted, `protocol` where the answer makes no
   *   sense: each of these with {@linkcode LostCall} as its `detail`. `invalid-argument` for arguments that the
   *   procedure cannot take, `unsupported` for one that passes open files.
   */
  call<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    options?: CallOptions,
  ): Promise<ResultOf<P>>;

  /**
   * Calls a procedure that opens a stream.
   *
   * @throws {VirtError} as `call` does
   */
  open<P extends StreamProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    options?: CallOptions,
  ): Promise<RpcStream<ResultOf<P>>>;

  /**
   * Listens to an event. The server sends it only after it was asked to, by a call. A listener is called while the
   * event is taken from the socket, so it returns soon; what it throws is reported and keeps nobody else from hearing.
   *
   * @returns ends the listening when it is disposed
   */
  on<M extends MessageName>(message: M, listener: (payload: MessageOf<M>) => void): Disposable;

  /** Resolves once, with why the connection ended; never rejects. */
  readonly closed: Promise<VirtError>;

  /** Ends the connection and everything on it. What is waiting is rejected. A second call waits for the same end. */
  close(): Promise<void>;
}

/** What a stream delivers: bytes, or so many bytes that are all zero and were not sent. */
export type StreamPiece = { readonly data: Uint8Array<ArrayBuffer> } | { readonly hole: bigint };

/**
 * A stream of bytes beside the calls. Whoever opened it ends it: by `finish` where all went well, by `abort` or disposal
 * where not.
 *
 * @example
 * ```ts
 * import type { RpcConnection } from "./connection.ts";
 * declare const connection: RpcConnection;
 * const vol = { pool: "images", name: "disk.img", key: "/images/disk.img" };
 * await using stream = await connection.open("storageVolDownload", { vol, offset: 0n, length: 0n, flags: 0 });
 * for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
 *   if ("data" in piece) console.log(piece.data.length);
 * }
 * await stream.finish();
 * ```
 */
export interface RpcStream<R> extends AsyncDisposable {
  /** What the opening call answered. */
  readonly result: R;

  /**
   * The next piece; `undefined` once the far side has sent everything, and after `finish`. What came before an error is
   * delivered before it.
   *
   * @throws {VirtError} the server's error; `unreachable` after a broken connection; `cancelled` after `abort` or when
   *   the signal aborts, which leaves the stream as it is; `budget-exceeded` where the reader let too much pile up
   *   while others waited for answers.
   */
  read(signal?: AbortSignal): Promise<StreamPiece | undefined>;

  /**
   * Sends bytes. The far side does not acknowledge them: what it could not take is told by a later `write` or by
   * `finish`. `data` must not change until the promise settles.
   *
   * @param signal ends the wait; where a part of `data` had been sent already, the stream is aborted
   * @throws {VirtError} as `read` does; `wrong-state` after `finish`
   */
  write(data: Uint8Array, signal?: AbortSignal): Promise<void>;

  /**
   * Says that `length` bytes follow that are all zero, without sending them. Only for a stream that was opened with the
   * flag for this.
   *
   * @param length in bytes, 1 or more
   * @throws {VirtError} as `write` does; `invalid-argument`
   */
  hole(length: bigint): Promise<void>;

  /**
   * Ends the stream well and waits until the server says that it is done: only then is what was written safe. What has
   * not been read is dropped.
   *
   * @throws {VirtError} the server's error; `unreachable` after a broken connection; `cancelled` after `abort`
   */
  finish(): Promise<void>;

  /** Gives the stream up and waits until the server has. Does nothing to a stream that has ended. Never rejects. */
  abort(): Promise<void>;
}
