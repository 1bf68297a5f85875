/**
 * The server's side of one connection: takes calls in, sends answers, events and streams out.
 *
 * What it does with input that no client should send is what libvirt's daemon does (libvirt, src/rpc): see
 * `docs/daemon.md` for the table.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionClock } from "../clock.ts";
import { PacketBuffer } from "../framing.ts";
import { Keepalive, type KeepaliveSettings } from "../keepalive.ts";
import { textOf } from "../lost.ts";
import { keepaliveProgram, type Packet, packetStatus, packetType } from "../packet.ts";
import {
  type MessageName,
  type MessageOf,
  type Procedure,
  type ProcedureName,
  programOf,
  programVersion,
  rowOf,
  type StreamProcedure,
} from "../procedures/mod.ts";
import type { RemoteErrorData } from "../remote_error.ts";
import { Sender } from "../sender.ts";
import type { Transport } from "../transport.ts";
import { XdrReader, type XdrWriter } from "../xdr/mod.ts";
import { type Answer, Outgoing } from "./outgoing.ts";
import { type OpenedStream, rpcError, type Service, unknownProcedure } from "./service.ts";
import { ServerStream } from "./stream.ts";

/** Clients are small talkers: who sends a whole file gets more room while it does. */
const usualBytes = 16 * 1024;

/** So many bytes of a client that has to wait may lie here. More stay with the client. */
const waitingBytes = usualBytes;

/** How much of a client a server takes. */
export interface ServerLimits {
  /**
   * Calls and packets of streams that are not yet answered or taken; where there are so many, nothing more is read
   * until one of them is. @default 5
   */
  readonly maxRequests?: number;
  /** Streams that are open at a time. libvirt has no limit. @default 256 */
  readonly maxStreams?: number;
  /**
   * Bytes of events that wait for a client that does not read them; where there are more, the connection ends.
   * libvirt has no limit. @default 16777216
   */
  readonly maxEventBytes?: number;
}

/** What a connection is made with. */
export interface ServerConnectionOptions extends ServerLimits {
  readonly clock: ConnectionClock;
  /** Makes what answers this connection's calls. */
  readonly service: (connection: ServerConnection) => Service;
  /** How patient to be with a client that says nothing, once it has asked to be asked. */
  readonly keepalive?: KeepaliveSettings;
}

/** What clients get away with with libvirt's daemon they get away with here. */
const reader = new XdrReader(undefined, { lenientFlags: true });

/**
 * A client's connection, on a transport that is open.
 *
 * @example
 * ```ts
 * import { toRemoteError } from "../remote_error.ts";
 * import { VirtError } from "../../model/error.ts";
 * import type { ConnectionClock } from "../clock.ts";
 * import type { Transport } from "../transport.ts";
 * import { ServerConnection } from "./connection.ts";
 * declare const transport: Transport;
 * declare const clock: ConnectionClock;
 * const connection = new ServerConnection(transport, {
 *   clock,
 *   service: () => ({
 *     admits: (procedure) => procedure === "connectGetLibVersion",
 *     answer: () => ({ libVer: 11_003_000n }),
 *     describe: (error) => toRemoteError(new VirtError("internal", String(error))),
 *   }),
 * });
 * await connection.closed;
 * ```
 */
export class ServerConnection implements AsyncDisposable {
  /** The client, as the transport calls it. */
  readonly peer: string;
  /** Resolves once, with why the connection ended, to go on after a colon; never rejects. */
  readonly closed: Promise<string>;
  readonly #transport: Transport;
  readonly #service: Service;
  readonly #packets = new PacketBuffer({ usualBytes });
  readonly #keepalive: Keepalive;
  readonly #keepaliveSettings: KeepaliveSettings;
  readonly #sender: Sender;
  readonly #maxRequests: number;
  readonly #maxStreams: number;
  readonly #maxEventBytes: number;
  readonly #streams = new Map<number, ServerStream>();
  readonly #outgoing: Outgoing;
  readonly #link = {
    ready: (stream: ServerStream): void => this.#streamReady(stream),
    held: (count: number): void => this.#count(count),
    ended: (stream: ServerStream): void => void this.#streams.delete(stream.serial),
    describe: (error: unknown): RemoteErrorData => this.#service.describe(error, undefined),
  };
  /** Calls and packets of streams that are not yet answered or taken. */
  #requests = 0;
  #taking = false;
  #wakeReader: (() => void) | undefined;
  /** No more is taken; what is owed is sent yet. */
  #parting = false;
  /** Something is on its way. */
  #writing = false;
  #ended = false;
  /** Calls and streams that go on, also after the connection has ended. */
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  readonly #announce: (why: string) => void;
  readonly #reading: Promise<void>;
  #closing: Promise<void> | undefined;

  /** Takes over a transport, which is closed with the connection. */
  constructor(transport: Transport, options: ServerConnectionOptions) {
    const { clock, service, keepalive = {}, maxRequests = 5, maxStreams = 256 } = options;
    this.peer = transport.peer;
    this.#transport = transport;
    this.#maxRequests = maxRequests;
    this.#maxStreams = maxStreams;
    this.#maxEventBytes = options.maxEventBytes ?? 16 * 1024 * 1024;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    this.#announce = resolve;
    this.#keepaliveSettings = keepalive;
    this.#keepalive = new Keepalive({
      clock,
      ping: () => {
        this.#outgoing.ping();
        this.#sender.wake();
      },
      dead: () => this.#end("connection closed due to keepalive timeout"),
    });
    this.#sender = new Sender({
      transport,
      fill: (writer) => this.#fill(writer),
      sent: () => this.#sent(),
      failed: (cause) => this.#end(`cannot write to it: ${textOf(cause)}`),
    });
    this.#outgoing = new Outgoing((error, name) => this.#service.describe(error, name));
    this.#service = service(this);
    this.#reading = this.#read();
  }

  /** Streams that go on. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Begins to ask whether the client lives. Its own questions are always answered. */
  startKeepalive(): void {
    if (!this.#ended) this.#keepalive.start(this.#keepaliveSettings);
  }

  /** Tells the client of an event. A client that does not read what it asked to be told loses its connection. */
  tell<M extends MessageName>(message: M, payload: MessageOf<M>): void {
    if (this.#ended || this.#parting) return;
    this.#outgoing.event(message, payload);
    const { eventBytes } = this.#outgoing;
    if (eventBytes > this.#maxEventBytes) {
      return this.#end(`it does not read the events that it asked for: ${eventBytes} bytes wait`);
    }
    this.#sender.wake();
  }

  /** Takes no more calls, and ends the connection when those that there are have been answered. */
  part(): void {
    if (this.#parting) return;
    this.#parting = true;
    this.#sender.wake();
    this.#partWhenDone();
  }

  /** Resolves when no call and no stream goes on any more, which may be later than the connection's end. */
  async settled(): Promise<void> {
    while (this.#running > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
  }

  /** Ends the connection at once. Calls go on, and nobody gets their answers. */
  async close(): Promise<void> {
    this.#end("it was closed on this side");
    await Promise.all([this.#reading, this.#closing]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Reads until the connection ends. */
  async #read(): Promise<void> {
    while (!this.#ended) {
      if (this.#isFull && this.#packets.pending >= waitingBytes) {
        this.#keepalive.listen(false);
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wakeReader = resolve;
        await promise;
        this.#keepalive.listen(true);
        continue;
      }
      try {
        const count = await this.#transport.read(this.#packets.room());
        if (this.#ended) return;
        if (count === null) return this.#end("the client has left");
        this.#packets.filled(count);
      } catch (cause) {
        return this.#end(`cannot read from it: ${textOf(cause)}`);
      }
      this.#keepalive.heard();
      this.#takeAll();
    }
  }

  get #isFull(): boolean {
    return this.#requests >= this.#maxRequests;
  }

  /** Takes packets that have come as a whole, as long as there may be more requests. */
  #takeAll(): void {
    if (this.#taking) return;
    this.#taking = true;
    try {
      while (!this.#isFull && !this.#ended && !this.#parting) {
        const packet = this.#packets.next();
        if (packet === undefined) break;
        this.#take(packet);
      }
    } catch (cause) {
      this.#end(`it does not keep to the protocol: ${textOf(cause)}`);
    } finally {
      this.#taking = false;
    }
    if (this.#wakeReader === undefined || (this.#isFull && !this.#ended)) return;
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake();
  }

  #take(packet: Packet): void {
    const { program, version, type } = packet;
    if (program === keepaliveProgram.program && version === keepaliveProgram.version) {
      // What is not a request for a sign of life is one.
      if (type === packetType.message && packet.procedure === keepaliveProgram.ping) this.#owePong();
      return;
    }
    if (type === packetType.call) return this.#takeCall(packet);
    if (type === packetType.stream || type === packetType.streamHole) return this.#takeStream(packet);
    // Nothing of this connection receives open files, so that nobody knows where the next packet begins.
    if (type === packetType.callWithFds) throw rpcError("open files cannot be received");
    // Everything else asks for nothing.
  }

  #owePong(): void {
    this.#outgoing.pong();
    this.#sender.wake();
  }

  /** What still comes for a stream that has ended is dropped: it was on its way. */
  #takeStream(packet: Packet): void {
    const stream = this.#streams.get(packet.serial);
    if (stream?.matches(packet) === true) stream.receive(packet);
  }

  #takeCall(packet: Packet): void {
    const { program, version, procedure, serial } = packet;
    const found = version === programVersion ? rowOf(program, procedure) : undefined;
    const named = found?.row.kind === "message" ? undefined : found;
    const call = { program, version, procedure, serial, name: named?.name as ProcedureName | undefined };
    const row = named?.row as Procedure | StreamProcedure | undefined;
    this.#requests++;
    let answer: unknown;
    let stream: ServerStream | undefined;
    try {
      if (programOf(program) === undefined || version !== programVersion) {
        throw rpcError(`Cannot find program ${program | 0} version ${version | 0}`);
      }
      if (packet.status !== packetStatus.ok) {
        throw rpcError(`Unexpected message status ${packet.status}`);
      }
      if (row === undefined || call.name === undefined || !this.#service.admits(call.name)) {
        throw unknownProcedure(procedure);
      }
      const args = argumentsOf(row, packet);
      if (row.kind === "stream") stream = this.#beginStream(row as StreamProcedure, { packet, args });
      answer = this.#service.answer(call.name, args);
    } catch (error) {
      return this.#failed(call, error, stream);
    }
    // A call without a row was refused.
    if (row === undefined) return;
    if (!(answer instanceof Promise)) return this.#answered(call, { row, value: answer, stream });
    this.#running++;
    answer.then(
      (value) => this.#answered(call, { row, value, stream }),
      (error) => this.#failed(call, error, stream),
    ).finally(() => this.#ran());
  }

  #beginStream(
    row: StreamProcedure,
    { packet, args }: { readonly packet: Packet; readonly args: unknown },
  ): ServerStream {
    if (this.#streams.size >= this.#maxStreams) {
      throw new VirtError(
        "budget-exceeded",
        `No more than ${this.#maxStreams} streams may be open at a time`,
      );
    }
    const { program, version, procedure, serial } = packet;
    if (this.#streams.has(serial)) throw rpcError(`the stream of call ${serial} is still open`);
    const flags: unknown = typeof args === "object" && args !== null ? Reflect.get(args, "flags") : undefined;
    const sparse = row.sparseFlag !== undefined && typeof flags === "number" &&
      (flags & row.sparseFlag) !== 0;
    const header = { program, version, procedure, serial };
    const stream = new ServerStream({ header, direction: row.stream, sparse, link: this.#link });
    this.#streams.set(serial, stream);
    return stream;
  }

  #answered(
    call: Omit<Answer, "content">,
    { row, value, stream }: {
      readonly row: Procedure;
      readonly value: unknown;
      readonly stream: ServerStream | undefined;
    },
  ): void {
    if (stream === undefined) return this.#reply({ ...call, content: { row, value } });
    // Rows of procedures that open streams are answered by what opens them.
    const { result, run } = value as OpenedStream;
    this.#reply({ ...call, content: { row, value: result } });
    this.#running++;
    stream.serve(run).finally(() => this.#ran());
    if (this.#ended) stream.drop(new VirtError("cancelled", "The client has gone"));
  }

  #failed(call: Omit<Answer, "content">, error: unknown, stream: ServerStream | undefined): void {
    stream?.drop(new VirtError("cancelled", "The stream could not be opened", { cause: error }));
    this.#reply({ ...call, content: { error: this.#service.describe(error, call.name) } });
  }

  #reply(answer: Answer): void {
    if (this.#ended) return;
    this.#outgoing.answer(answer);
    this.#sender.wake();
  }

  #ran(): void {
    if (--this.#running > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Requests have come to wait, or wait no more. */
  #count(count: number): void {
    this.#requests += count;
    if (count < 0 && !this.#ended) this.#takeAll();
  }

  #streamReady(stream: ServerStream): void {
    if (this.#ended) return;
    this.#outgoing.stream(stream);
    this.#sender.wake();
  }

  #fill(writer: XdrWriter): void {
    const answered = this.#outgoing.fill(writer);
    this.#writing = writer.length > 0;
    if (answered > 0) this.#count(-answered);
  }

  #sent(): void {
    this.#writing = false;
    this.#outgoing.left();
    this.#partWhenDone();
  }

  #partWhenDone(): void {
    if (!this.#parting || this.#writing || this.#requests > 0 || this.#outgoing.hasEvents) return;
    this.#end("all has been said");
  }

  /** Ends the connection, once. */
  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sender.stop();
    this.#keepalive.stop();
    this.#closing = closed(this.#transport);
    const gone = new VirtError("cancelled", `The client has gone: ${why}`);
    for (const stream of [...this.#streams.values()]) stream.drop(gone);
    this.#streams.clear();
    this.#outgoing.clear();
    this.#wakeReader?.();
    this.#announce(why);
  }
}

/** What a call gives, as its row describes it. What follows it is ignored, as libvirt does. */
function argumentsOf(row: Procedure, packet: Packet): unknown {
  try {
    reader.over(packet.buffer, packet);
    return row.args.read(reader);
  } catch (cause) {
    throw rpcError("Unable to decode message payload", cause);
  }
}

/** Closes a transport. What goes wrong with that is nothing that anybody could mend. */
async function closed(transport: Transport): Promise<void> {
  try {
    await transport.close();
  } catch {
    // It is given up either way.
  }
}
