/**
 * A server that speaks libvirt's protocol within the process, as a test tells it to.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../../model/error.ts";
import { PacketBuffer } from "../../../protocol/framing.ts";
import {
  beginPacket,
  endPacket,
  keepaliveProgram,
  type PacketHeader,
  packetStatus,
  packetType,
} from "../../../protocol/packet.ts";
import {
  type ArgumentsOf,
  type MessageName,
  type MessageOf,
  messageRow,
  type ProcedureName,
  procedureRow,
  programs,
  type ResultOf,
} from "../../../protocol/procedures/mod.ts";
import { remoteError, toRemoteError } from "../../../protocol/remote_error.ts";
import type { Transport } from "../../../protocol/transport.ts";
import { decode, encode, XdrWriter } from "../../../protocol/xdr/mod.ts";
import { MemoryLink } from "./memory_link.ts";
import { Received } from "./received.ts";

/** Answers a call: with a result, or by throwing the error. */
type Handler = (received: Received) => void;

const noBytes = new Uint8Array(0);

/** A packet as bytes. */
export function packetBytes(
  header: Partial<PacketHeader>,
  payload: Uint8Array = noBytes,
): Uint8Array<ArrayBuffer> {
  const writer = new XdrWriter({ limit: 2 ** 26 });
  const start = beginPacket(writer, {
    program: programs.remote,
    version: 1,
    procedure: 0,
    type: packetType.reply,
    serial: 0,
    status: packetStatus.ok,
    ...header,
  });
  writer.raw(payload);
  endPacket(writer, start);
  return writer.copy();
}

/**
 * A server for one connection. What nobody has set an answer for waits for the test, which takes it by
 * {@linkcode FakeServer.next}.
 *
 * @example
 * ```ts
 * import { ClientConnection } from "../../../protocol/client_connection.ts";
 * import { VirtualClock } from "../../../testing/virtual_clock.ts";
 * import { FakeServer } from "./fake_server.ts";
 * const server = new FakeServer();
 * server.answer("connectOpen", () => undefined);
 * await using connection = new ClientConnection(server.transport, { clock: new VirtualClock() });
 * await connection.call("connectOpen", { name: "test:///default", flags: 0 });
 * const version = connection.call("connectGetLibVersion", undefined);
 * (await server.next()).reply("connectGetLibVersion", { libVer: 11_003_000n });
 * await version; // { libVer: 11003000n }
 * ```
 */
export class FakeServer {
  /** The bytes beneath, for tests that cut or spoil them. */
  readonly link: MemoryLink;
  /** Whether keepalive requests are answered. */
  alive = true;
  /** Keepalive requests that came. */
  pings = 0;
  /** Answers to keepalive requests that came. */
  pongs = 0;
  /** How many packets each write of the connection held. */
  readonly writes: number[] = [];
  readonly #packets = new PacketBuffer();
  readonly #handlers = new Map<string, Handler>();
  readonly #received: Received[] = [];
  readonly #takers: ((received: Received) => void)[] = [];

  constructor({ peer = "fake" }: { readonly peer?: string } = {}) {
    this.link = new MemoryLink({ peer, written: (data) => this.#written(data) });
  }

  /** The near end of the link. */
  get transport(): Transport {
    return this.link.transport;
  }

  /** Packets that came and that nobody has taken or answered. */
  get waiting(): readonly Received[] {
    return this.#received;
  }

  /** Answers all calls of a procedure from now on: with what `handler` returns, or with the error that it throws. */
  answer<P extends ProcedureName>(procedure: P, handler: (args: ArgumentsOf<P>) => ResultOf<P>): void {
    const row = procedureRow(procedure);
    this.#handlers.set(`${programs[row.program]}:${row.number}`, (received) => {
      let result: ResultOf<P>;
      try {
        result = handler(decode(row.args, received.payload));
      } catch (error) {
        received.fail(
          isVirtError(error) ? error : new VirtError("internal", String(error), { cause: error }),
        );
        return;
      }
      received.reply(procedure, result);
    });
  }

  /** The next packet that nothing was set for, where one has come. */
  take(): Received | undefined {
    return this.#received.shift();
  }

  /** The next packet that nothing was set for, as soon as it comes. */
  next(): Promise<Received> {
    const received = this.#received.shift();
    if (received !== undefined) return Promise.resolve(received);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Sends a packet. */
  send(header: Partial<PacketHeader>, payload?: Uint8Array): void {
    this.link.push(packetBytes(header, payload));
  }

  /** Sends an event. */
  event<M extends MessageName>(message: M, payload: MessageOf<M>): void {
    const row = messageRow(message);
    const header = { program: programs[row.program], procedure: row.number, type: packetType.message };
    this.send(header, encode(row.payload, payload));
  }

  /** Sends an error, for a header of choice. */
  error(header: Partial<PacketHeader>, error: VirtError): void {
    this.send({ ...header, status: packetStatus.error }, encode(remoteError, toRemoteError(error)));
  }

  /** Asks the client whether it lives. */
  ping(): void {
    this.#keepalive(keepaliveProgram.ping);
  }

  #keepalive(procedure: number): void {
    const { program, version } = keepaliveProgram;
    this.send({ program, version, procedure, type: packetType.message });
  }

  #written(data: Uint8Array): void {
    let packets = 0;
    for (let rest = data; rest.length > 0;) {
      const room = this.#packets.room();
      const piece = rest.subarray(0, room.length);
      room.set(piece);
      this.#packets.filled(piece.length);
      rest = rest.subarray(piece.length);
      for (let packet = this.#packets.next(); packet !== undefined; packet = this.#packets.next()) {
        packets++;
        this.#take(new Received(this, packet));
      }
    }
    this.writes.push(packets);
  }

  #take(received: Received): void {
    const { program, procedure, type } = received.header;
    if (program === keepaliveProgram.program) return this.#takeKeepalive(procedure);
    const handler = type === packetType.call ? this.#handlers.get(`${program}:${procedure}`) : undefined;
    if (handler !== undefined) return handler(received);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(received);
    else this.#received.push(received);
  }

  #takeKeepalive(procedure: number): void {
    if (procedure === keepaliveProgram.pong) this.pongs++;
    if (procedure !== keepaliveProgram.ping) return;
    this.pings++;
    if (this.alive) this.#keepalive(keepaliveProgram.pong);
  }
}
