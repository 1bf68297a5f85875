/**
 * What a server has to send to one client: signs of life, answers, events and what streams have to say.
 *
 * @module
 */
import { beginPacket, endPacket, keepaliveProgram, packetStatus, packetType } from "../packet.ts";
import {
  type MessageName,
  type MessageOf,
  messageRow,
  type Procedure,
  type ProcedureName,
  programs,
  programVersion,
} from "../procedures/mod.ts";
import { remoteError, type RemoteErrorData } from "../remote_error.ts";
import { fullWriteBytes } from "../sender.ts";
import { XdrWriter } from "../xdr/mod.ts";
import { rpcError, type Service } from "./service.ts";
import type { ServerStream } from "./stream.ts";

/** More answers to keepalive requests than this are not owed at a time. */
const mostPongs = 16;

/** An answer that waits to be sent. */
export interface Answer {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly serial: number;
  /** The procedure's row and what it gives, or the error. */
  readonly content: { readonly row: Procedure; readonly value: unknown } | {
    readonly error: RemoteErrorData;
  };
  readonly name: ProcedureName | undefined;
}

const eventWriter = new XdrWriter();

/** What waits to be sent, in the order in which it goes out. */
export class Outgoing {
  readonly #describe: Service["describe"];
  /** Streams that have something to send, in the order in which their turns come. */
  readonly #streams = new Set<ServerStream>();
  #answers: Answer[] = [];
  #events: Uint8Array[] = [];
  #eventBytes = 0;
  #leaving: (() => void)[] = [];
  #owesPing = false;
  #owedPongs = 0;

  /** @param describe how an error is told that comes up while an answer is written */
  constructor(describe: Service["describe"]) {
    this.#describe = describe;
  }

  /** How many bytes of events wait. */
  get eventBytes(): number {
    return this.#eventBytes;
  }

  /** Whether events wait. */
  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  /** Asks the client whether it lives. */
  ping(): void {
    this.#owesPing = true;
  }

  /** Tells the client that this side lives. */
  pong(): void {
    this.#owedPongs = Math.min(this.#owedPongs + 1, mostPongs);
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  event<M extends MessageName>(message: M, payload: MessageOf<M>): void {
    const row = messageRow(message);
    eventWriter.clear();
    const start = beginPacket(eventWriter, {
      program: programs[row.program],
      version: programVersion,
      procedure: row.number,
      type: packetType.message,
      serial: 0,
      status: packetStatus.ok,
    });
    row.payload.write(eventWriter, payload);
    endPacket(eventWriter, start);
    const packet = eventWriter.copy();
    this.#eventBytes += packet.length;
    this.#events.push(packet);
  }

  /** A stream has something to send. */
  stream(stream: ServerStream): void {
    this.#streams.add(stream);
  }

  /**
   * Writes what is to be sent: signs of life, answers, events, then streams in turn, a packet each.
   *
   * @returns how many answers were written
   */
  fill(writer: XdrWriter): number {
    for (; this.#owedPongs > 0; this.#owedPongs--) writeKeepalive(writer, keepaliveProgram.pong);
    if (this.#owesPing) writeKeepalive(writer, keepaliveProgram.ping);
    this.#owesPing = false;
    const answered = this.#fillAnswers(writer);
    this.#fillEvents(writer);
    for (const stream of this.#streams) {
      if (writer.length >= fullWriteBytes) break;
      this.#streams.delete(stream);
      const left = stream.send(writer);
      if (left !== undefined) this.#leaving.push(left);
      if (stream.sends) this.#streams.add(stream);
    }
    return answered;
  }

  /** What was written has left: tells the streams that wait for it. */
  left(): void {
    if (this.#leaving.length === 0) return;
    const left = this.#leaving;
    this.#leaving = [];
    for (const resolve of left) resolve();
  }

  /** Gives up everything. */
  clear(): void {
    this.#answers = [];
    this.#events = [];
    this.#streams.clear();
    this.left();
  }

  #fillAnswers(writer: XdrWriter): number {
    let count = 0;
    for (const answer of this.#answers) {
      if (writer.length >= fullWriteBytes) break;
      this.#writeAnswer(writer, answer);
      count++;
    }
    if (count === this.#answers.length) this.#answers = [];
    else this.#answers.splice(0, count);
    return count;
  }

  #writeAnswer(writer: XdrWriter, answer: Answer): void {
    const { program, version, procedure, serial, content, name } = answer;
    const header = { program, version, procedure, serial, type: packetType.reply };
    const start = writer.length;
    try {
      if ("row" in content) {
        beginPacket(writer, { ...header, status: packetStatus.ok });
        content.row.result.write(writer, content.value);
      } else {
        beginPacket(writer, { ...header, status: packetStatus.error });
        remoteError.write(writer, content.error);
      }
      endPacket(writer, start);
    } catch (cause) {
      writer.truncate(start);
      const error = this.#describe(rpcError("Unable to encode message payload", cause), name);
      beginPacket(writer, { ...header, status: packetStatus.error });
      remoteError.write(writer, error);
      endPacket(writer, start);
    }
  }

  #fillEvents(writer: XdrWriter): void {
    let count = 0;
    for (const packet of this.#events) {
      if (writer.length >= fullWriteBytes) break;
      writer.raw(packet);
      this.#eventBytes -= packet.length;
      count++;
    }
    if (count === this.#events.length) this.#events = [];
    else this.#events.splice(0, count);
  }
}

function writeKeepalive(writer: XdrWriter, procedure: number): void {
  const { program, version } = keepaliveProgram;
  const { message: type } = packetType;
  const { ok: status } = packetStatus;
  endPacket(writer, beginPacket(writer, { program, version, procedure, type, serial: 0, status }));
}
