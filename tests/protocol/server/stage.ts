/**
 * A server's side of a connection, and a client that sends what it likes.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import { PacketBuffer } from "../../../protocol/framing.ts";
import { type PacketHeader, packetType } from "../../../protocol/packet.ts";
import {
  type ArgumentsOf,
  type ProcedureName,
  procedureRow,
  programs,
  type ResultOf,
} from "../../../protocol/procedures/mod.ts";
import { remoteError, type RemoteErrorData, toRemoteError } from "../../../protocol/remote_error.ts";
import {
  ServerConnection,
  type ServerConnectionOptions,
  type Service,
} from "../../../protocol/server/mod.ts";
import { decode, encode } from "../../../protocol/xdr/mod.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { packetBytes } from "../kit/fake_server.ts";
import { type TransportPair, transportPair, type TransportPairOptions } from "../kit/transport_pair.ts";

/** A packet that the client has read. */
export interface Seen extends PacketHeader {
  readonly payload: Uint8Array;
}

/** How a stage is set up. */
export interface StageOptions
  extends Partial<Omit<ServerConnectionOptions, "clock" | "service">>, TransportPairOptions {
  /** Answers all calls. @default nothing is answered */
  readonly answer?: (procedure: ProcedureName, args: unknown) => unknown;
  /** @default all that are */
  readonly admits?: (procedure: ProcedureName) => boolean;
}

/** A server, a client, and a clock that stands still. */
export class Stage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly link: TransportPair;
  readonly server: ServerConnection;
  /** Calls that wait to be answered by the test, in the order in which they came. */
  readonly calls: Call[] = [];
  readonly #packets = new PacketBuffer();
  #reading: Promise<void> | undefined;
  #held = false;
  #seen: Seen[] = [];

  constructor(options: StageOptions = {}) {
    const { answer, admits = () => true } = options;
    this.link = transportPair(options);
    const service: Service = {
      admits,
      answer: answer ?? ((procedure, args) => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        this.calls.push({ procedure, args, answer: resolve, fail: reject });
        return promise;
      }),
      describe: (error) => toRemoteError(asVirtError(error)),
    };
    this.server = new ServerConnection(this.link.server, {
      ...options,
      clock: this.clock,
      service: () => service,
    });
    this.read();
  }

  /** Sends a packet: a call of the remote program where nothing else is said. */
  send(header: Partial<PacketHeader>, payload?: Uint8Array): Promise<void> {
    return this.raw(packetBytes({ type: packetType.call, ...header }, payload));
  }

  /** Sends a call. */
  call<P extends ProcedureName>(procedure: P, args: ArgumentsOf<P>, serial: number): Promise<void> {
    const row = procedureRow(procedure);
    const header = { program: programs[row.program], procedure: row.number, serial };
    return this.send(header, encode(row.args, args));
  }

  /** Sends bytes. */
  async raw(bytes: Uint8Array): Promise<void> {
    // Who is no longer listened to cannot send; that is for the test to see elsewhere.
    await this.link.client.write(bytes).catch(() => {});
  }

  /** What has come until nothing moves any more, since the last time. */
  async seen(): Promise<readonly Seen[]> {
    await settled();
    const seen = this.#seen;
    this.#seen = [];
    return seen;
  }

  /** Stops reading, as a client does that never reads. */
  hold(): void {
    this.#held = true;
  }

  /** Reads, from now on. */
  read(): void {
    this.#held = false;
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.client.close();
    await this.server.close();
    for (const call of this.calls) call.fail(new VirtError("cancelled", "The test is over"));
    await this.server.settled();
    if (this.clock.pending > 0) throw new Error(`${this.clock.pending} timers are still set`);
  }

  async #read(): Promise<void> {
    while (!this.#held) {
      const count = await this.link.client.read(this.#packets.room());
      if (count === null) return;
      this.#packets.filled(count);
      for (let packet = this.#packets.next(); packet !== undefined; packet = this.#packets.next()) {
        const { program, version, procedure, type, serial, status, buffer, start, end } = packet;
        this.#seen.push({
          ...{ program, version, procedure, type, serial, status },
          payload: buffer.slice(start, end),
        });
      }
    }
  }
}

/** A call that waits to be answered. */
export interface Call {
  readonly procedure: ProcedureName;
  readonly args: unknown;
  readonly answer: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** The error that an answer carries. */
export function errorIn({ payload }: Seen): RemoteErrorData {
  return decode(remoteError, payload);
}

/** What an answer gives. */
export function resultIn<P extends ProcedureName>(procedure: P, { payload }: Seen): ResultOf<P> {
  return decode(procedureRow(procedure).result, payload);
}

function asVirtError(error: unknown): VirtError {
  return error instanceof VirtError ? error : new VirtError("internal", String(error), { cause: error });
}
