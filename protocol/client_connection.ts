/**
 * The client's side of a connection.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { BackPressure, type StreamLimits } from "./back_pressure.ts";
import type { ConnectionClock } from "./clock.ts";
import type { CallOptions, RpcConnection, RpcStream } from "./connection.ts";
import { PacketBuffer } from "./framing.ts";
import { Keepalive, type KeepaliveSettings } from "./keepalive.ts";
import { type ListenerFailed, Listeners } from "./listeners.ts";
import { type Ending, textOf } from "./lost.ts";
import { OpeningCall } from "./open_stream.ts";
import { OutstandingCalls } from "./outstanding_calls.ts";
import { beginPacket, endPacket, keepaliveProgram, type Packet, packetStatus, packetType } from "./packet.ts";
import { type PendingCall, ValueCall } from "./pending_call.ts";
import {
  type ArgumentsOf,
  type MessageName,
  type MessageOf,
  type Procedure,
  type ProcedureName,
  procedureRow,
  programOf,
  programs,
  programVersion,
  type ResultOf,
  type StreamProcedureName,
} from "./procedures/mod.ts";
import type { Place } from "./queue.ts";
import { fullWriteBytes, Sender } from "./sender.ts";
import { SignalWatch } from "./signal_watch.ts";
import { ClientStream, type Outgoing } from "./stream.ts";
import type { Transport } from "./transport.ts";
import type { XdrWriter } from "./xdr/mod.ts";

/** More answers to keepalive requests than this are not owed at a time: each is a sign of life for all before it. */
const mostPongs = 16;

/** How long a server may take to end what it is at when the connection is closed here, in milliseconds. */
const leaveMs = 1_000;

/** What a connection is made with. */
export interface ClientConnectionOptions {
  /** Times keepalive, and readers of streams. */
  readonly clock: ConnectionClock;
  /**
   * How many calls the server takes from one client at a time, its "max_client_requests". The last place is left to
   * calls that libvirt answers at once, so that the server never stops reading. @default 5
   */
  readonly maxOutstanding?: number;
  /** How much of streams may wait for their readers. */
  readonly streams?: StreamLimits;
  /** Hears what a listener to events threw. @default nobody does */
  readonly listenerFailed?: ListenerFailed;
  /** The number of the first call. @default 1 */
  readonly firstSerial?: number;
}

/**
 * A connection on a transport that is open.
 *
 * @example
 * ```ts
 * import { ClientConnection } from "./client_connection.ts";
 * import type { ConnectionClock } from "./clock.ts";
 * import type { Transport } from "./transport.ts";
 * declare const transport: Transport;
 * declare const clock: ConnectionClock;
 * await using connection = new ClientConnection(transport, { clock });
 * await connection.call("authList", undefined);
 * const { supported } = await connection.call("connectSupportsFeature", { feature: 10 });
 * if (supported === 1) connection.startKeepalive();
 * await connection.call("connectOpen", { name: "qemu:///system", flags: 0 });
 * ```
 */
export class ClientConnection implements RpcConnection {
  /** The far side, as the transport calls it. */
  readonly peer: string;
  readonly closed: Promise<VirtError>;
  readonly #transport: Transport;
  readonly #packets = new PacketBuffer();
  readonly #calls: OutstandingCalls;
  readonly #streams = new Map<number, ClientStream>();
  /** Streams that have something to send, in the order in which their turns come. */
  readonly #sendingStreams = new Set<ClientStream>();
  readonly #signals = new SignalWatch();
  readonly #listeners: Listeners;
  readonly #keepalive: Keepalive;
  readonly #backPressure: BackPressure;
  readonly #sender: Sender;
  readonly #link = {
    peer: "",
    ready: (stream: ClientStream): void => this.#streamReady(stream),
    added: (stream: ClientStream): void => this.#backPressure.added(stream),
    taken: (stream: ClientStream): void => this.#backPressure.taken(stream),
    awaited: (): void => this.#backPressure.waitersChanged(),
    ended: (stream: ClientStream): void => void this.#streams.delete(stream.serial),
  };
  #leaving: Outgoing[] = [];
  #owesPing = false;
  #owedPongs = 0;
  #ending: Ending | undefined;
  readonly #announce: (why: VirtError) => void;
  readonly #reading: Promise<void>;
  #closing: Promise<void> | undefined;
  readonly #clock: ConnectionClock;
  #opened = false;
  #left: Ending | undefined;
  #leave: Promise<void> | undefined;

  /** Takes over a transport, which is closed with the connection. */
  constructor(transport: Transport, options: ClientConnectionOptions) {
    const { clock, maxOutstanding = 5, firstSerial = 1, streams, listenerFailed = () => {} } = options;
    this.#clock = clock;
    this.peer = transport.peer;
    this.#link.peer = transport.peer;
    this.#transport = transport;
    const { promise, resolve } = Promise.withResolvers<VirtError>();
    this.closed = promise;
    this.#announce = resolve;
    this.#calls = new OutstandingCalls({
      limit: maxOutstanding,
      firstSerial,
      inUse: (serial) => this.#streams.has(serial),
    });
    this.#listeners = new Listeners(listenerFailed);
    this.#keepalive = new Keepalive({
      clock,
      ping: () => this.#owe({ ping: true }),
      dead: (text) => this.#end({ code: "unreachable", text }),
    });
    this.#backPressure = new BackPressure({
      ...streams,
      clock,
      someoneWaits: () => this.#someoneWaits(),
      reading: (reading) => this.#keepalive.listen(reading),
    });
    this.#sender = new Sender({
      transport,
      fill: (writer) => this.#fill(writer),
      sent: () => this.#sent(),
      failed: (cause) => this.#failed("cannot write to it", cause),
    });
    this.#reading = this.#read();
  }

  call<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    options?: CallOptions,
  ): Promise<ResultOf<P>> {
    return new Promise((resolve, reject) => {
      const row = procedureRow(procedure);
      this.#make(
        new ValueCall({ name: procedure, row, args, peer: this.peer, resolve, reject }),
        procedure,
        options,
      );
    });
  }

  open<P extends StreamProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    options?: CallOptions,
  ): Promise<RpcStream<ResultOf<P>>> {
    return new Promise((resolve, reject) => {
      const row = procedureRow(procedure);
      const begin = (serial: number): ClientStream => this.#beginStream(procedure, row, serial);
      const init = { name: procedure, row, args, peer: this.peer, resolve, reject, begin };
      this.#make(new OpeningCall(init), procedure, options);
    });
  }

  on<M extends MessageName>(message: M, listener: (payload: MessageOf<M>) => void): Disposable {
    const listening = this.#listeners.on(message, listener);
    this.#backPressure.waitersChanged();
    return listening;
  }

  /**
   * Begins to ask whether the server lives, once it has said that it answers such questions: its feature 10. Its own
   * questions are always answered.
   */
  startKeepalive(settings?: KeepaliveSettings): void {
    if (this.#ending === undefined) this.#keepalive.start(settings);
  }

  /**
   * Says that a hypervisor is open, so that closing takes leave of it: what the server is at is answered first, which nobody
   * waits for any more, and `connectClose` is called. A libvirtd that loses a client in the middle of a call may crash
   * (9.0: two of its threads give back the client's event callbacks at once).
   */
  opened(): void {
    this.#opened = true;
  }

  async close(): Promise<void> {
    const ending: Ending = { code: "unreachable", text: "the connection was closed on this side" };
    if (this.#opened && this.#ending === undefined) await (this.#leave ??= this.#takeLeave(ending));
    this.#end(ending);
    await Promise.all([this.#reading, this.#closing]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends what waits, and then the connection in good order, if the server lets that happen soon. */
  async #takeLeave(ending: Ending): Promise<void> {
    this.#left = ending;
    for (const stream of [...this.#streams.values()]) stream.broken(ending);
    this.#listeners.clear();
    const { promise, resolve } = Promise.withResolvers<void>();
    using _patience = this.#clock.after(leaveMs, resolve);
    this.closed.then(() => resolve());
    let said = false;
    this.#calls.abandon(ending, () => {
      if (said) return;
      said = true;
      const init = {
        name: "connectClose",
        row: procedureRow("connectClose"),
        args: undefined,
        peer: this.peer,
      };
      this.#calls.add(new ValueCall({ ...init, resolve: () => resolve(), reject: () => resolve() }));
      this.#sender.wake();
    });
    await promise;
  }

  #make(call: PendingCall, name: ProcedureName, { signal }: CallOptions = {}): void {
    if (procedureRow(name).files !== "none") return call.refuse(passesFiles(name));
    if (signal?.aborted) return call.abort(signal);
    const over = this.#ending ?? this.#left;
    if (over !== undefined) return call.broken(over);
    const place = this.#calls.add(call);
    if (signal !== undefined) call.whenSettled(this.#signals.watch(signal, () => this.#abort(place, signal)));
    this.#sender.wake();
    this.#backPressure.waitersChanged();
  }

  #abort(place: Place<PendingCall>, signal: AbortSignal): void {
    this.#calls.abort(place, signal);
    this.#sendMore();
  }

  /** Sends calls for which there may be room now. */
  #sendMore(): void {
    if (this.#calls.sends) this.#sender.wake();
  }

  #beginStream(name: string, row: Procedure, serial: number): ClientStream {
    const header = { program: programs[row.program], version: programVersion, procedure: row.number, serial };
    const stream = new ClientStream(name, header, this.#link);
    this.#streams.set(serial, stream);
    return stream;
  }

  #streamReady(stream: ClientStream): void {
    if (this.#ending !== undefined) return;
    this.#sendingStreams.add(stream);
    this.#sender.wake();
  }

  #someoneWaits(): boolean {
    if (this.#calls.awaited || this.#listeners.any) return true;
    for (const stream of this.#streams.values()) if (stream.awaited) return true;
    return false;
  }

  /** Reads until the connection ends. */
  async #read(): Promise<void> {
    while (this.#ending === undefined) {
      if (this.#backPressure.behind) {
        await this.#backPressure.ready();
        if (this.#ending !== undefined) return;
      }
      try {
        const count = await this.#transport.read(this.#packets.room());
        if (this.#ending !== undefined) return;
        if (count === null) return this.#end({ code: "unreachable", text: this.#ended() });
        this.#packets.filled(count);
      } catch (cause) {
        return this.#failed("cannot read from it", cause);
      }
      this.#keepalive.heard();
      this.#takeAll();
      this.#sendMore();
    }
  }

  #ended(): string {
    return this.#packets.pending === 0
      ? "the far side closed the connection"
      : "the far side closed the connection in the middle of a packet";
  }

  /** Takes every packet that has come as a whole. */
  #takeAll(): void {
    try {
      for (let packet = this.#packets.next(); packet !== undefined; packet = this.#packets.next()) {
        this.#take(packet);
      }
    } catch (cause) {
      this.#end({
        code: "protocol",
        text: `the far side does not keep to the protocol: ${textOf(cause)}`,
        cause,
      });
    }
  }

  #take(packet: Packet): void {
    const { type } = packet;
    if (packet.program === keepaliveProgram.program) return this.#takeKeepalive(packet);
    // A reply is compared with its call, in all its numbers.
    if (type === packetType.reply && this.#calls.has(packet.serial)) return this.#calls.answer(packet);
    if (programOf(packet.program) === undefined || packet.version !== programVersion) throw foreign(packet);
    if (type === packetType.stream || type === packetType.streamHole) return this.#takeStream(packet);
    if (type === packetType.message && packet.status === packetStatus.ok) {
      return this.#listeners.deliver(packet);
    }
    if (type === packetType.reply) return this.#takeStrayReply(packet);
    throw new VirtError("protocol", `a packet of type ${type} with status ${packet.status} came`);
  }

  #takeKeepalive(packet: Packet): void {
    const { version, ping } = keepaliveProgram;
    if (packet.version !== version || packet.type !== packetType.message) throw foreign(packet);
    if (packet.procedure === ping) this.#owe({ ping: false });
  }

  /** What still comes for a stream that has ended is dropped: it was on its way. */
  #takeStream(packet: Packet): void {
    const stream = this.#streams.get(packet.serial);
    if (stream?.matches(packet) === true) stream.receive(packet);
  }

  /** A server that cannot take a hole answers with an error as if to a call, under the stream's number. */
  #takeStrayReply(packet: Packet): void {
    const stream = this.#streams.get(packet.serial);
    if (stream?.matches(packet) !== true || packet.status !== packetStatus.error) {
      return this.#calls.answer(packet);
    }
    stream.receive(packet);
  }

  /** Owes the far side a keepalive request, or an answer to one. */
  #owe({ ping }: { readonly ping: boolean }): void {
    if (ping) this.#owesPing = true;
    else this.#owedPongs = Math.min(this.#owedPongs + 1, mostPongs);
    this.#sender.wake();
  }

  /** Writes what is to be sent: signs of life, calls, then streams in turn, a packet each. */
  #fill(writer: XdrWriter): void {
    for (; this.#owedPongs > 0; this.#owedPongs--) writeKeepalive(writer, keepaliveProgram.pong);
    if (this.#owesPing) writeKeepalive(writer, keepaliveProgram.ping);
    this.#owesPing = false;
    this.#calls.send(writer);
    for (const stream of this.#sendingStreams) {
      if (writer.length >= fullWriteBytes) return;
      this.#sendingStreams.delete(stream);
      const whole = stream.send(writer);
      if (whole !== undefined) this.#leaving.push(whole);
      if (stream.sends) this.#sendingStreams.add(stream);
    }
  }

  #sent(): void {
    if (this.#leaving.length === 0) return;
    const sent = this.#leaving;
    this.#leaving = [];
    for (const outgoing of sent) outgoing.resolve();
  }

  #failed(what: string, cause: unknown): void {
    this.#end({ code: "unreachable", text: `${what}: ${textOf(cause)}`, cause });
  }

  /** Ends the connection and all that waits on it, once. */
  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#sender.stop();
    this.#keepalive.stop();
    this.#closing = closed(this.#transport);
    this.#calls.break(ending);
    for (const stream of [...this.#streams.values()]) stream.broken(ending);
    this.#sendingStreams.clear();
    this.#leaving = [];
    this.#listeners.clear();
    const { code, text, cause } = ending;
    const options = cause === undefined ? {} : { cause };
    this.#announce(new VirtError(code, `Connection to "${this.peer}" has ended: ${text}`, options));
  }
}

function writeKeepalive(writer: XdrWriter, procedure: number): void {
  const { program, version } = keepaliveProgram;
  const { message: type } = packetType;
  const { ok: status } = packetStatus;
  endPacket(writer, beginPacket(writer, { program, version, procedure, type, serial: 0, status }));
}

function foreign({ program, version, type }: Packet): VirtError {
  return new VirtError(
    "protocol",
    `a packet of type ${type} came from program 0x${
      program.toString(16)
    }, version ${version}, which was never called`,
  );
}

function passesFiles(name: ProcedureName): VirtError {
  return new VirtError(
    "unsupported",
    `Cannot call "${name}": it passes open files, which this connection cannot`,
    {
      detail: { mayHaveActed: false },
    },
  );
}

/** Closes a transport. What goes wrong with that is nothing that anybody could mend. */
async function closed(transport: Transport): Promise<void> {
  try {
    await transport.close();
  } catch {
    // It is given up either way.
  }
}
