/**
 * The calls of a connection: those that wait for their turn, and those that are with the server.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { Ending } from "./lost.ts";
import { type Packet, packetStatus } from "./packet.ts";
import type { PendingCall } from "./pending_call.ts";
import { type Place, Queue } from "./queue.ts";
import { fullWriteBytes } from "./sender.ts";
import type { XdrWriter } from "./xdr/mod.ts";

/** How calls are held back. */
export interface OutstandingOptions {
  /** How many calls are with the server at a time, at most. */
  readonly limit: number;
  /** The number of the first call. */
  readonly firstSerial: number;
  /** Whether a number still stands for something else than a call. */
  readonly inUse: (serial: number) => boolean;
}

/**
 * Sends calls in the order in which they were made, each as soon as the server has room for it.
 *
 * A server whose room is full stops reading, questions whether we live included, and then takes us for dead (libvirt's
 * "max_client_requests"). So the last place is left to calls that are over in no time.
 */
export class OutstandingCalls {
  readonly #options: OutstandingOptions;
  readonly #queue = new Queue<PendingCall>();
  readonly #sent = new Map<number, PendingCall>();
  /** How many of those that were sent may take a while. */
  #slow = 0;
  #nextSerial: number;
  #whenAnswered: (() => void) | undefined;

  constructor(options: OutstandingOptions) {
    this.#options = options;
    this.#nextSerial = options.firstSerial;
  }

  /** Whether somebody waits for a call. */
  get awaited(): boolean {
    if (this.#queue.size > 0) return true;
    for (const call of this.#sent.values()) if (call.awaited) return true;
    return false;
  }

  /** Whether a number stands for a call that is with the server. */
  has(serial: number): boolean {
    return this.#sent.has(serial);
  }

  /** Puts a call behind those that wait. */
  add(call: PendingCall): Place<PendingCall> {
    return this.#queue.push(call);
  }

  /** Ends a wait. A call that was sent stays with the server, which goes on with it. */
  abort(place: Place<PendingCall>, signal: AbortSignal): void {
    this.#queue.leave(place);
    place.item.abort(signal);
  }

  /** Writes as many calls as there is room for. */
  send(writer: XdrWriter): void {
    for (let call = this.#queue.first; call !== undefined; call = this.#queue.first) {
      if (!this.#hasRoomFor(call) || writer.length >= fullWriteBytes) return;
      this.#queue.shift();
      const serial = this.#takeSerial();
      if (!call.send(writer, serial)) continue;
      this.#sent.set(serial, call);
      if (call.slow) this.#slow++;
    }
  }

  /** Whether a call waits that could be sent. */
  get sends(): boolean {
    const { first: call } = this.#queue;
    return call !== undefined && this.#hasRoomFor(call);
  }

  /**
   * Takes a reply.
   *
   * @throws {VirtError} `protocol` where it is the reply to no call that was made
   */
  answer(packet: Packet): void {
    const { serial, status } = packet;
    const call = this.#sent.get(serial);
    if (call === undefined) {
      throw new VirtError("protocol", `a reply came to call ${serial}, which is not waiting for any`);
    }
    if (!call.matches(packet)) {
      throw new VirtError(
        "protocol",
        `the reply to call ${serial} is one of procedure ${packet.procedure} of program ${packet.program}, version ` +
          `${packet.version}, which was not called`,
      );
    }
    if (status !== packetStatus.ok && status !== packetStatus.error) {
      throw new VirtError("protocol", `the reply to call ${serial} has the unknown status ${status}`);
    }
    this.#sent.delete(serial);
    if (call.slow) this.#slow--;
    call.answered(packet);
    if (this.#sent.size === 0) this.#whenAnswered?.();
  }

  /** Ends all waits, and leaves the server the time to answer what it has: calls `then` as soon as it has. */
  abandon(ending: Ending, then: () => void): void {
    for (const call of [...this.#sent.values(), ...this.#queue.clear()]) call.broken(ending);
    this.#whenAnswered = then;
    if (this.#sent.size === 0) then();
  }

  /** Ends all waits, since the connection has ended. */
  break(ending: Ending): void {
    const all = [...this.#sent.values(), ...this.#queue.clear()];
    this.#sent.clear();
    this.#slow = 0;
    for (const call of all) call.broken(ending);
  }

  #hasRoomFor(call: PendingCall): boolean {
    const { limit } = this.#options;
    return this.#sent.size < limit && (!call.slow || this.#slow < Math.max(1, limit - 1));
  }

  /** Numbers have 32 bits: in a connection of days they begin anew. 0 is left to what belongs to no call. */
  #takeSerial(): number {
    let serial = this.#nextSerial;
    while (serial === 0 || this.#sent.has(serial) || this.#options.inUse(serial)) serial = (serial + 1) >>> 0;
    this.#nextSerial = (serial + 1) >>> 0;
    return serial;
  }
}
