/**
 * One call, from when it is made to when its answer has come.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { LostCall } from "./connection.ts";
import { type Ending, lost, signalled, textOf, type Undone } from "./lost.ts";
import { beginPacket, endPacket, type Packet, packetStatus, packetType } from "./packet.ts";
import { readRemoteError } from "./packet_error.ts";
import { type Procedure, programs, programVersion } from "./procedures/mod.ts";
import { XdrReader, type XdrWriter } from "./xdr/mod.ts";

/** What is called, and who waits for it. */
export interface CallInit<A, R> {
  readonly name: string;
  readonly row: Procedure<A, R>;
  readonly args: A;
  /** The far side, for messages. */
  readonly peer: string;
  readonly resolve: (result: R) => void;
  readonly reject: (error: VirtError) => void;
}

/** What a call is to those who send it and take its answer. */
export interface PendingCall {
  /** Whether it may take a while: all but the calls of which libvirt says that they never wait for a hypervisor. */
  readonly slow: boolean;
  /** Whether somebody still waits for it. */
  readonly awaited: boolean;
  /** Whether a packet carries its procedure's numbers. */
  matches(packet: Packet): boolean;
  /**
   * Writes its packet, or nothing where the procedure does not take such arguments, with which it is refused.
   *
   * @returns whether it was written
   */
  send(writer: XdrWriter, serial: number): boolean;
  /** Calls this once nobody waits any more. */
  whenSettled(action: () => void): void;
  /** Takes the answer. */
  answered(packet: Packet): void;
  /** Ends the wait, since the signal aborted. */
  abort(signal: AbortSignal): void;
  /** Ends the wait, since the connection has ended. */
  broken(ending: Ending): void;
  /** Ends the wait with an error. */
  refuse(error: VirtError): void;
}

const reader = new XdrReader();

/** A call whose answer is a value. */
export class ValueCall<A, R> implements PendingCall {
  readonly #init: CallInit<A, R>;
  #serial: number | undefined;
  #awaited = true;
  #whenSettled: (() => void) | undefined;

  constructor(init: CallInit<A, R>) {
    this.#init = init;
  }

  get slow(): boolean {
    return this.#init.row.priority === "low";
  }

  get awaited(): boolean {
    return this.#awaited;
  }

  matches(packet: Packet): boolean {
    const { row } = this.#init;
    return packet.procedure === row.number && packet.program === programs[row.program] &&
      packet.version === programVersion;
  }

  send(writer: XdrWriter, serial: number): boolean {
    const { row, args } = this.#init;
    const start = beginPacket(writer, {
      program: programs[row.program],
      version: programVersion,
      procedure: row.number,
      type: packetType.call,
      serial,
      status: packetStatus.ok,
    });
    try {
      row.args.write(writer, args);
      endPacket(writer, start);
    } catch (cause) {
      writer.truncate(start);
      this.refuse(this.#unfit(cause));
      return false;
    }
    this.#serial = serial;
    return true;
  }

  whenSettled(action: () => void): void {
    this.#whenSettled = action;
  }

  answered(packet: Packet): void {
    if (!this.#awaited) return;
    this.#settled();
    const { row, resolve, reject } = this.#init;
    let result: R;
    try {
      if (packet.status === packetStatus.error) return reject(readRemoteError(packet));
      reader.over(packet.buffer, packet);
      result = row.result.read(reader);
      reader.end();
    } catch (cause) {
      return reject(this.#unreadable(cause));
    }
    resolve(result);
  }

  abort(signal: AbortSignal): void {
    this.refuse(signalled(this.#undone(), signal));
  }

  broken(ending: Ending): void {
    this.refuse(lost(this.#undone(), ending));
  }

  refuse(error: VirtError): void {
    if (!this.#awaited) return;
    this.#settled();
    this.#init.reject(error);
  }

  #settled(): void {
    this.#awaited = false;
    this.#whenSettled?.();
  }

  #unfit(cause: unknown): VirtError {
    const detail: LostCall = { mayHaveActed: false };
    return new VirtError("invalid-argument", `Cannot call "${this.#init.name}": ${textOf(cause)}`, {
      detail,
      cause,
    });
  }

  #unreadable(cause: unknown): VirtError {
    const { name, peer } = this.#init;
    const what = `Cannot read the answer to "${name}" from "${peer}"`;
    return lost({ what, mayHaveActed: true }, { code: "protocol", text: textOf(cause), cause });
  }

  #undone(): Undone {
    const { name, peer } = this.#init;
    const mayHaveActed = this.#serial !== undefined;
    return mayHaveActed
      ? { what: `Cannot learn what came of "${name}" on "${peer}"`, mayHaveActed }
      : { what: `Cannot call "${name}" on "${peer}"`, mayHaveActed };
  }
}
