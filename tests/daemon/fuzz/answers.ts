/**
 * What a server sends back, held against the protocol.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import { PacketBuffer } from "../../../protocol/framing.ts";
import { keepaliveProgram, type Packet, packetStatus, packetType } from "../../../protocol/packet.ts";
import { type Procedure, rowOf } from "../../../protocol/procedures/mod.ts";
import { remoteError } from "../../../protocol/remote_error.ts";
import { XdrReader } from "../../../protocol/xdr/mod.ts";

const reader = new XdrReader();

/** Everything that a server sends to one client. */
export class Answers {
  readonly #packets = new PacketBuffer({ usualBytes: 65_536 });
  /** Packets that have come as a whole. */
  count = 0;

  /**
   * Takes what has come.
   *
   * @throws {VirtError} `protocol` where the server does not keep to the protocol.
   */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.#packets.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      this.#packets.filled(part.length);
      at += part.length;
      for (let packet = this.#packets.next(); packet !== undefined; packet = this.#packets.next()) {
        this.count++;
        judge(packet);
      }
    }
  }
}

function judge(packet: Packet): void {
  const { program, type, status } = packet;
  reader.over(packet.buffer, packet);
  if (program === keepaliveProgram.program && type === packetType.message) return reader.end();
  switch (type) {
    case packetType.reply:
      return judgeReply(packet);
    case packetType.message: {
      const row = rowOf(program, packet.procedure)?.row;
      if (row?.kind !== "message") throw fault(packet, "it is an event that there is not");
      row.payload.read(reader);
      return reader.end();
    }
    case packetType.stream:
      if (status !== packetStatus.error) return;
      remoteError.read(reader);
      return reader.end();
    case packetType.streamHole:
      return;
    default:
      throw fault(packet, "servers send nothing of the kind");
  }
}

function judgeReply(packet: Packet): void {
  const { program, procedure, status } = packet;
  if (status === packetStatus.error) {
    const { message, code } = remoteError.read(reader);
    reader.end();
    // What went wrong in the daemon itself is a fault of it, whoever caused it.
    if (message === undefined || message === "" || code === 0) throw fault(packet, "its error says nothing");
    if (/is not a function|undefined|Cannot read propert|not iterable|\[object/.test(message)) {
      throw fault(packet, `its error is one of the program: ${message}`);
    }
    return;
  }
  const row = rowOf(program, procedure)?.row;
  if (row === undefined || row.kind === "message") throw fault(packet, "it answers what there is not");
  (row as Procedure).result.read(reader);
  reader.end();
}

function fault({ program, procedure, type, status }: Packet, what: string): VirtError {
  return new VirtError(
    "protocol",
    `The server sent a packet of program ${program}, procedure ${procedure}, type ${type}, status ${status}: ${what}`,
  );
}
