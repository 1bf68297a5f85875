/**
 * What carries the bytes of one connection: a socket, a TLS session, the standard streams of a program such as
 * `ssh`.
 *
 * @module
 */

/**
 * A pair of byte streams to one far side, already open. Its only user is a connection, which keeps at most one
 * `read` and one `write` outstanding.
 *
 * @example
 * ```ts
 * import type { Transport } from "./transport.ts";
 * async function unixTransport(path: string): Promise<Transport> {
 *   const socket = await Deno.connect({ transport: "unix", path });
 *   return {
 *     peer: path,
 *     read: (into) => socket.read(into),
 *     async write(data) {
 *       for (let sent = 0; sent < data.length;) sent += await socket.write(data.subarray(sent));
 *     },
 *     close: () => Promise.resolve(socket.close()),
 *   };
 * }
 * ```
 */
export interface Transport {
  /** The far side as people call it, for messages: `/run/libvirt/libvirt-sock`, `host.example:16514`. */
  readonly peer: string;

  /**
   * Fills the front of `into` with what has come, as soon as anything has.
   *
   * @returns how many bytes came, 1 or more; `null` when the far side has ended its stream, or after `close`.
   * @throws whatever broke the stream; a `VirtError` where something can be said about it (what `ssh` printed),
   *   whose message is then part of what callers read.
   */
  read(into: Uint8Array): Promise<number | null>;

  /**
   * Sends all of `data`. It stays untouched until the promise settles, and may be used again afterwards.
   *
   * @throws whatever broke the stream; how much of `data` left is then unknown.
   */
  write(data: Uint8Array): Promise<void>;

  /**
   * Ends both directions at once, also while a `read` or `write` is outstanding: these settle soon, in whichever way.
   * Never throws; a second call does nothing more than the first.
   *
   * @returns when nothing of it is left: no open socket, no child process.
   */
  close(): Promise<void>;
}
