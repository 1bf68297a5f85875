/**
 * A packet that came to a fake server, and the ways to answer it.
 *
 * @module
 */
import type { VirtError } from "../../../model/error.ts";
import { type Packet, type PacketHeader, packetStatus, packetType } from "../../../protocol/packet.ts";
import {
  type ArgumentsOf,
  type ProcedureName,
  procedureRow,
  type ResultOf,
  rowOf,
} from "../../../protocol/procedures/mod.ts";
import { decode, encode, hyper, struct, uint } from "../../../protocol/xdr/mod.ts";
import type { FakeServer } from "./fake_server.ts";

const holeBody = struct({ length: hyper, flags: uint });

/** A call, or a packet of a stream; of a call that opens a stream, the stream as well. */
export class Received {
  readonly header: PacketHeader;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly #server: FakeServer;

  constructor(server: FakeServer, packet: Packet) {
    const { program, version, procedure, type, serial, status } = packet;
    this.#server = server;
    this.header = { program, version, procedure, type, serial, status };
    this.payload = new Uint8Array(packet.buffer.subarray(packet.start, packet.end));
  }

  /** The procedure's name. */
  get name(): string | undefined {
    return rowOf(this.header.program, this.header.procedure)?.name;
  }

  /** The arguments, of a call. */
  args<P extends ProcedureName>(procedure: P): ArgumentsOf<P> {
    return decode(procedureRow(procedure).args, this.payload);
  }

  /** The length of the hole that it tells of. */
  get hole(): bigint {
    return decode(holeBody, this.payload).length;
  }

  /** Answers a call. */
  reply<P extends ProcedureName>(procedure: P, result: ResultOf<P>): void {
    this.answer({}, encode(procedureRow(procedure).result, result));
  }

  /** Answers a call with an error. */
  fail(error: VirtError): void {
    this.#server.error({ ...this.header, type: packetType.reply }, error);
  }

  /** Answers with a header that differs from the right one. */
  answer(changes: Partial<PacketHeader>, payload?: Uint8Array): void {
    this.#server.send({ ...this.header, type: packetType.reply, ...changes }, payload);
  }

  /** Sends data on the stream; none at all is its end. */
  data(data: Uint8Array): void {
    this.#stream(packetStatus.continue, data);
  }

  /** Sends a hole on the stream. */
  sendHole(length: bigint, flags = 0): void {
    const header = { ...this.header, type: packetType.streamHole, status: packetStatus.continue };
    this.#server.send(header, encode(holeBody, { length, flags }));
  }

  /** Says that the stream's data is at its end. */
  end(): void {
    this.data(new Uint8Array(0));
  }

  /** Confirms the end of the stream. */
  confirm(): void {
    this.#stream(packetStatus.ok);
  }

  /** Fails the stream. */
  failStream(error: VirtError): void {
    this.#server.error({ ...this.header, type: packetType.stream }, error);
  }

  #stream(status: number, payload?: Uint8Array): void {
    this.#server.send({ ...this.header, type: packetType.stream, status }, payload);
  }
}
