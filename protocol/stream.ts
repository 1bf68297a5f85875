/**
 * The client's side of a stream: data and holes both ways, and the handshakes that end it.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { WaitingBuffer } from "./back_pressure.ts";
import type { StreamPiece } from "./connection.ts";
import { type Ending, lost, signalled } from "./lost.ts";
import {
  beginPacket,
  endPacket,
  type Packet,
  type PacketHeader,
  packetStatus,
  packetType,
  streamChunkBytes,
} from "./packet.ts";
import { readRemoteError } from "./packet_error.ts";

import { type Place, Queue } from "./queue.ts";
import { StreamInbox } from "./stream_inbox.ts";
import { encode, hyper, struct, uint, XdrReader, type XdrWriter } from "./xdr/mod.ts";

/** What a stream asks of its connection. */
export interface StreamLink {
  /** The far side, for messages. */
  readonly peer: string;
  /** The stream has something to send. */
  ready(stream: ClientStream): void;
  /** Something waits for the reader. */
  added(stream: ClientStream): void;
  /** The reader took something, or what waited for it is no longer wanted. */
  taken(stream: ClientStream): void;
  /** Somebody began to wait for this stream. */
  awaited(): void;
  /** Nothing that still comes for the stream matters. */
  ended(stream: ClientStream): void;
}

/** Something to send on a stream, in one packet or several. */
export interface Outgoing {
  readonly type: number;
  readonly status: number;
  readonly data: Uint8Array;
  /** How much of the data is on its way. */
  at: number;
  /** Whether anything of it is on its way. */
  begun: boolean;
  readonly resolve: () => void;
  readonly reject: (error: VirtError) => void;
}

type State =
  | { readonly phase: "open" }
  | { readonly phase: "finishing" | "aborting"; readonly done: PromiseWithResolvers<void> }
  | { readonly phase: "finished" }
  | { readonly phase: "failed"; readonly error: VirtError };

const holeBody = struct({ length: hyper, flags: uint });
const noData = new Uint8Array(0);
const reader = new XdrReader();

/** A stream, from the call that opens it to the end of what may still come for it. */
export class ClientStream implements WaitingBuffer {
  /** The name of the procedure that opens it. */
  readonly name: string;
  readonly #link: StreamLink;
  readonly #program: number;
  readonly #version: number;
  readonly #procedure: number;
  readonly #inbox = new StreamInbox();
  readonly #outgoing = new Queue<Outgoing>();
  /** On its way, but not yet taken over by the system. */
  readonly #leaving = new Set<Outgoing>();
  #serial = 0;
  #state: State = { phase: "open" };

  constructor(name: string, header: Omit<PacketHeader, "type" | "status">, link: StreamLink) {
    this.name = name;
    this.#program = header.program;
    this.#version = header.version;
    this.#procedure = header.procedure;
    this.#serial = header.serial;
    this.#link = link;
  }

  /** The serial number of the call that opened it, which all its packets carry. */
  get serial(): number {
    return this.#serial;
  }

  /** What waits for the reader, in bytes; 0 where it cannot become more. */
  get heldBytes(): number {
    return this.#inbox.ended ? 0 : this.#inbox.heldBytes;
  }

  /** Whether somebody waits for something that the far side has to send. */
  get awaited(): boolean {
    return this.#inbox.awaited || this.#state.phase === "finishing" || this.#state.phase === "aborting";
  }

  /** Whether a packet carries this stream's numbers. */
  matches(packet: Packet): boolean {
    return packet.program === this.#program && packet.version === this.#version &&
      packet.procedure === this.#procedure;
  }

  /** Sends one packet of what waits to be sent, first come first served. @returns what is on its way as a whole now */
  send(writer: XdrWriter): Outgoing | undefined {
    const { first: outgoing } = this.#outgoing;
    if (outgoing === undefined) return undefined;
    const start = beginPacket(writer, {
      program: this.#program,
      version: this.#version,
      procedure: this.#procedure,
      type: outgoing.type,
      serial: this.#serial,
      status: outgoing.status,
    });
    const chunk = outgoing.data.subarray(outgoing.at, outgoing.at + streamChunkBytes);
    writer.raw(chunk);
    endPacket(writer, start);
    outgoing.begun = true;
    outgoing.at += chunk.length;
    if (outgoing.at < outgoing.data.length) return undefined;
    this.#outgoing.shift();
    this.#leaving.add(outgoing);
    return outgoing;
  }

  /** Whether something waits to be sent. */
  get sends(): boolean {
    return this.#outgoing.size > 0;
  }

  /**
   * Takes a packet of this stream that came.
   *
   * @throws {VirtError} `protocol` where no server sends such a packet
   */
  receive(packet: Packet): void {
    if (packet.status === packetStatus.continue) {
      if (this.#state.phase !== "open") return;
      if (packet.type === packetType.streamHole) this.#receiveHole(packet);
      else this.#receiveData(packet);
      return;
    }
    if (packet.type !== packetType.streamHole) {
      if (packet.status === packetStatus.error) return this.fail(readRemoteError(packet));
      if (packet.status === packetStatus.ok) return this.#acknowledged();
    }
    throw new VirtError(
      "protocol",
      `Cannot go on with the stream of "${this.name}": packet of type ${packet.type} with status ${packet.status}`,
    );
  }

  /** Ends the stream with an error of the far side's, or because there is no far side any more. */
  fail(error: VirtError): void {
    const state = this.#state;
    if (state.phase === "finished" || state.phase === "failed") return;
    this.#state = { phase: "failed", error };
    this.#inbox.fail(error);
    this.#rejectOutgoing(error);
    this.#link.taken(this);
    this.#link.ended(this);
    if (state.phase === "finishing") state.done.reject(error);
    else if (state.phase === "aborting") state.done.resolve();
  }

  /** Ends the stream because the connection has. */
  broken(why: Ending): void {
    const what = `Cannot go on with the stream of "${this.name}" from "${this.#link.peer}"`;
    this.fail(lost({ what, mayHaveActed: true }, why));
  }

  giveUp(limitBytes: number): void {
    this.#cut(
      new VirtError(
        "budget-exceeded",
        `Cannot go on with the stream of "${this.name}": nobody has read it for a while, and more than ${limitBytes} bytes ` +
          `of it would have to be kept while others wait for "${this.#link.peer}"`,
        { hint: "Read it as it comes, or on a connection of its own" },
      ),
    );
  }

  /** Gives up a stream of which nobody knows: whoever wanted it does not wait any more. */
  discard(): void {
    this.#cut(this.#aborted());
  }

  /** Ends a stream that the far side has refused to open. */
  forget(): void {
    this.fail(this.#aborted());
  }

  read(signal?: AbortSignal): Promise<StreamPiece | undefined> {
    if (signal?.aborted) return Promise.reject(this.#readAborted(signal));
    const held = this.#inbox.heldBytes;
    const piece = this.#inbox.read(signal, (signal) => this.#readAborted(signal));
    if (this.#inbox.heldBytes !== held) this.#link.taken(this);
    else if (this.#inbox.awaited) this.#link.awaited();
    return piece;
  }

  async write(data: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.#requireOpen("write to");
    if (signal?.aborted) throw this.#writeAborted(signal, false);
    if (data.length > 0) await this.#put({ type: packetType.stream, data, signal });
  }

  async hole(length: bigint): Promise<void> {
    this.#requireOpen("leave a hole in");
    if (length <= 0n || length >= 2n ** 63n) {
      throw new VirtError(
        "invalid-argument",
        `Cannot leave a hole of ${length} bytes in the stream of "${this.name}": 1 to 2^63 - 1 are possible`,
      );
    }
    await this.#put({ type: packetType.streamHole, data: encode(holeBody, { length, flags: 0 }) });
  }

  finish(): Promise<void> {
    const state = this.#state;
    if (state.phase === "finished") return Promise.resolve();
    if (state.phase === "finishing") return state.done.promise;
    if (state.phase === "failed") return Promise.reject(state.error);
    if (state.phase === "aborting") return Promise.reject(this.#aborted());
    const done = Promise.withResolvers<void>();
    this.#state = { phase: "finishing", done };
    this.#closeInbox();
    this.#control(packetStatus.ok);
    return done.promise;
  }

  async abort(): Promise<void> {
    const state = this.#state;
    if (state.phase === "finished" || state.phase === "failed") return;
    if (state.phase === "aborting") return await state.done.promise;
    const done = Promise.withResolvers<void>();
    const error = this.#aborted();
    this.#state = { phase: "aborting", done };
    if (state.phase === "finishing") state.done.reject(error);
    this.#inbox.fail(error);
    this.#closeInbox();
    this.#rejectOutgoing(error);
    this.#control(packetStatus.error);
    await done.promise;
  }

  #receiveData(packet: Packet): void {
    if (packet.start === packet.end) {
      this.#inbox.end();
      this.#link.taken(this);
      return;
    }
    this.#requireUnended();
    // Not `slice` of the buffer: the copy is all that is kept of it.
    const data = new Uint8Array(packet.end - packet.start);
    data.set(packet.buffer.subarray(packet.start, packet.end));
    this.#inbox.push({ data });
    this.#link.added(this);
  }

  #receiveHole(packet: Packet): void {
    this.#requireUnended();
    reader.over(packet.buffer, packet);
    const { length, flags } = holeBody.read(reader);
    reader.end();
    if (length <= 0n || flags !== 0) {
      throw new VirtError(
        "protocol",
        `Cannot go on with the stream of "${this.name}": a hole of ${length} bytes with flags ${flags}`,
      );
    }
    this.#inbox.push({ hole: length });
    this.#link.added(this);
  }

  #requireUnended(): void {
    if (!this.#inbox.ended) return;
    throw new VirtError(
      "protocol",
      `Cannot go on with the stream of "${this.name}": more data came after its end`,
    );
  }

  #acknowledged(): void {
    const state = this.#state;
    if (state.phase !== "finishing" && state.phase !== "aborting") {
      throw new VirtError(
        "protocol",
        `Cannot go on with the stream of "${this.name}": the end was confirmed that nobody asked for`,
      );
    }
    this.#state = state.phase === "finishing"
      ? { phase: "finished" }
      : { phase: "failed", error: this.#aborted() };
    this.#link.ended(this);
    state.done.resolve();
  }

  /** Puts something behind what waits to be sent. */
  #put(what: { type: number; data: Uint8Array; signal?: AbortSignal | undefined }): Promise<void> {
    const { type, data, signal } = what;
    return new Promise((resolve, reject) => {
      const leave = (): void => signal?.removeEventListener("abort", onAbort);
      const outgoing: Outgoing = {
        type,
        data,
        status: packetStatus.continue,
        at: 0,
        begun: false,
        resolve: () => {
          leave();
          this.#leaving.delete(outgoing);
          resolve();
        },
        reject: (error) => {
          leave();
          this.#leaving.delete(outgoing);
          reject(error);
        },
      };
      const place = this.#outgoing.push(outgoing);
      const onAbort = (): void => {
        if (signal !== undefined) this.#withdraw(place, signal);
      };
      signal?.addEventListener("abort", onAbort);
      this.#link.ready(this);
    });
  }

  /** Takes back what has not been sent. Where only a part of it has, the far side can make no sense of the rest. */
  #withdraw(place: Place<Outgoing>, signal: AbortSignal): void {
    const { item } = place;
    const error = this.#writeAborted(signal, item.begun);
    const hasMore = this.#outgoing.leave(place);
    item.reject(error);
    if (hasMore && item.begun) this.#cut(error);
  }

  /** Ends the stream on this side at once and tells the far side, whose answer nobody waits for. */
  #cut(error: VirtError): void {
    if (this.#state.phase === "finished" || this.#state.phase === "failed") return;
    this.fail(error);
    this.#closeInbox();
    this.#control(packetStatus.error);
  }

  /** Sends the end of the stream, behind what waits to be sent. */
  #control(status: number): void {
    const outgoing: Outgoing = {
      type: packetType.stream,
      status,
      data: noData,
      at: 0,
      begun: false,
      resolve: () => this.#leaving.delete(outgoing),
      reject: () => this.#leaving.delete(outgoing),
    };
    this.#outgoing.push(outgoing);
    this.#link.ready(this);
    this.#link.awaited();
  }

  #rejectOutgoing(error: VirtError): void {
    const all = [...this.#leaving, ...this.#outgoing.clear()];
    for (const outgoing of all) outgoing.reject(error);
  }

  #closeInbox(): void {
    this.#inbox.end();
    this.#inbox.drop();
    this.#link.taken(this);
  }

  #requireOpen(what: string): void {
    const state = this.#state;
    if (state.phase === "open") return;
    if (state.phase === "failed") throw state.error;
    if (state.phase === "aborting") throw this.#aborted();
    throw new VirtError("wrong-state", `Cannot ${what} the stream of "${this.name}": it has been finished`);
  }

  #readAborted(signal: AbortSignal): VirtError {
    return signalled({ what: `Cannot read the stream of "${this.name}"`, mayHaveActed: false }, signal);
  }

  #writeAborted(signal: AbortSignal, mayHaveActed: boolean): VirtError {
    return signalled({ what: `Cannot write to the stream of "${this.name}"`, mayHaveActed }, signal);
  }

  #aborted(): VirtError {
    return new VirtError("cancelled", `The stream of "${this.name}" was aborted`);
  }
}
