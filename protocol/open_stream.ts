/**
 * Streams as those who open them see them.
 *
 * @module
 */
import type { VirtError } from "../model/error.ts";
import type { RpcStream, StreamPiece } from "./connection.ts";
import type { Ending } from "./lost.ts";
import { type Packet, packetStatus } from "./packet.ts";
import { type CallInit, type PendingCall, ValueCall } from "./pending_call.ts";
import type { ClientStream } from "./stream.ts";
import type { XdrWriter } from "./xdr/mod.ts";

/** A stream that is open, with what the opening call answered. */
class OpenStream<R> implements RpcStream<R> {
  readonly result: R;
  readonly #stream: ClientStream;

  constructor(stream: ClientStream, result: R) {
    this.#stream = stream;
    this.result = result;
  }

  read(signal?: AbortSignal): Promise<StreamPiece | undefined> {
    return this.#stream.read(signal);
  }

  write(data: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#stream.write(data, signal);
  }

  hole(length: bigint): Promise<void> {
    return this.#stream.hole(length);
  }

  finish(): Promise<void> {
    return this.#stream.finish();
  }

  abort(): Promise<void> {
    return this.#stream.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stream.abort();
  }
}

/** A call that opens a stream. */
export interface OpeningInit<A, R> extends Omit<CallInit<A, R>, "resolve"> {
  readonly resolve: (stream: RpcStream<R>) => void;
  /** Makes the stream under the call's number, since its data may come before the answer does. */
  readonly begin: (serial: number) => ClientStream;
}

/** A call whose answer is a stream. */
export class OpeningCall<A, R> implements PendingCall {
  readonly #call: ValueCall<A, R>;
  readonly #begin: (serial: number) => ClientStream;
  #stream: ClientStream | undefined;
  #taken = false;

  constructor({ resolve, begin, ...init }: OpeningInit<A, R>) {
    this.#begin = begin;
    this.#call = new ValueCall({
      ...init,
      resolve: (result) => {
        if (this.#stream === undefined) return;
        this.#taken = true;
        resolve(new OpenStream(this.#stream, result));
      },
    });
  }

  get slow(): boolean {
    return this.#call.slow;
  }

  get awaited(): boolean {
    return this.#call.awaited;
  }

  matches(packet: Packet): boolean {
    return this.#call.matches(packet);
  }

  send(writer: XdrWriter, serial: number): boolean {
    if (!this.#call.send(writer, serial)) return false;
    this.#stream = this.#begin(serial);
    return true;
  }

  whenSettled(action: () => void): void {
    this.#call.whenSettled(action);
  }

  answered(packet: Packet): void {
    this.#call.answered(packet);
    if (packet.status === packetStatus.error) this.#stream?.forget();
    else if (!this.#taken) this.#stream?.discard();
  }

  abort(signal: AbortSignal): void {
    this.#call.abort(signal);
  }

  broken(ending: Ending): void {
    this.#call.broken(ending);
  }

  refuse(error: VirtError): void {
    this.#call.refuse(error);
  }
}
