/**
 * The server's side of a stream: data and holes both ways, and the handshakes that end it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { StreamPiece } from "../connection.ts";
import {
  beginPacket,
  endPacket,
  type Packet,
  type PacketHeader,
  packetStatus,
  packetType,
  streamChunkBytes,
} from "../packet.ts";
import type { StreamDirection } from "../procedures/mod.ts";
import { remoteError, type RemoteErrorData } from "../remote_error.ts";
import { StreamInbox } from "../stream_inbox.ts";
import { encode, hyper, struct, uint, XdrReader, type XdrWriter } from "../xdr/mod.ts";
import { rpcError } from "./service.ts";

/** What a stream asks of its connection. */
export interface ServerStreamLink {
  /** It has something to send. */
  ready(stream: ServerStream): void;
  /** So many of the client's packets wait for whoever takes them; they count as requests until then. */
  held(count: number): void;
  /** Nothing that still comes for it matters. */
  ended(stream: ServerStream): void;
  /** How an error goes out. */
  describe(error: unknown): RemoteErrorData;
}

/** What a stream is made with. */
export interface ServerStreamInit {
  /** Of the call that opened it: all its packets carry these numbers. */
  readonly header: Omit<PacketHeader, "type" | "status">;
  readonly direction: StreamDirection;
  /** Whether holes may be sent as such: the client has said so when it opened it. */
  readonly sparse: boolean;
  readonly link: ServerStreamLink;
}

/** Something to send, in one packet or several. */
interface Outgoing {
  readonly type: number;
  readonly status: number;
  readonly data: Uint8Array;
  at: number;
  /** It is on its way. */
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type State =
  /** Bytes move. */
  | "open"
  /** The client has nothing more to send and waits for the word that all is well. */
  | "finishing"
  /** All bytes have been moved; the client has not said yet that it is content. */
  | "served"
  /** There is nothing more to say. */
  | "ended";

const holeBody = struct({ length: hyper, flags: uint });
const noData = new Uint8Array(0);
const reader = new XdrReader();

/** A stream, as whoever serves it sees it. */
export class ServerStream {
  readonly #init: ServerStreamInit;
  readonly #inbox = new StreamInbox();
  readonly #outgoing: Outgoing[] = [];
  readonly #controller = new AbortController();
  #unread = 0;
  #state: State = "open";

  constructor(init: ServerStreamInit) {
    this.#init = init;
  }

  /** The number of the call that opened it. */
  get serial(): number {
    return this.#init.header.serial;
  }

  /** Aborts when nobody wants the bytes any more: the client has aborted or finished it, or is gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether holes may be sent as such. */
  get sparse(): boolean {
    return this.#init.sparse;
  }

  /** Whether something waits to be sent. */
  get sends(): boolean {
    return this.#outgoing.length > 0;
  }

  /**
   * The next piece that the client sent; `undefined` where it has sent all. Until it is taken, the client's further
   * requests wait: so a slow taker slows the client down.
   *
   * @throws {VirtError} `cancelled` where the client has given the stream up or is gone.
   */
  read(): Promise<StreamPiece | undefined> {
    const { heldBytes } = this.#inbox;
    const piece = this.#inbox.read();
    if (this.#inbox.heldBytes !== heldBytes) {
      this.#unread--;
      this.#init.link.held(-1);
    }
    return piece;
  }

  /**
   * Sends bytes. Resolves when they have left, so that no more wait here than the client takes. `data` must not change
   * until then.
   *
   * @throws {VirtError} `cancelled` where nobody wants them any more.
   */
  write(data: Uint8Array): Promise<void> {
    return data.length === 0 ? Promise.resolve() : this.#put(packetType.stream, data);
  }

  /**
   * Sends so many bytes that are all zero without sending them.
   *
   * @param length in bytes, 1 or more
   * @throws {VirtError} as `write` does; `invalid-argument` where the client does not know holes.
   */
  hole(length: bigint): Promise<void> {
    if (!this.sparse) {
      return Promise.reject(
        new VirtError("invalid-argument", "Cannot leave a hole in a stream whose client knows none"),
      );
    }
    return this.#put(packetType.streamHole, encode(holeBody, { length, flags: 0 }));
  }

  /** Whether a packet carries this stream's numbers. */
  matches(packet: Packet): boolean {
    const { program, version, procedure } = this.#init.header;
    return packet.program === program && packet.version === version && packet.procedure === procedure;
  }

  /**
   * Takes a packet of this stream.
   *
   * @throws {VirtError} `protocol` for what libvirt ends the connection for.
   */
  receive(packet: Packet): void {
    if (packet.type === packetType.streamHole) return this.#receiveHole(packet);
    switch (packet.status) {
      case packetStatus.continue:
        return this.#receiveData(packet);
      case packetStatus.ok:
        return this.#finish();
      case packetStatus.error:
        return this.#abort();
      default:
        this.#fail(rpcError(`stream aborted with unexpected status ${packet.status | 0}`));
    }
  }

  /** Moves the bytes, and tells the client how that ended. Never rejects. */
  async serve(run: (stream: ServerStream) => Promise<void>): Promise<void> {
    try {
      await run(this);
      this.#served();
    } catch (error) {
      // Who finished early does not hear that the rest could not be moved.
      if (this.#state === "finishing" && this.signal.aborted) this.#confirm();
      else this.#fail(error);
    }
  }

  /** Sends one packet of what waits to be sent. @returns what to call when it has left */
  send(writer: XdrWriter): (() => void) | undefined {
    const outgoing = this.#outgoing[0];
    if (outgoing === undefined) return undefined;
    const { type, status } = outgoing;
    const start = beginPacket(writer, { ...this.#init.header, type, status });
    const chunk = outgoing.data.subarray(outgoing.at, outgoing.at + streamChunkBytes);
    writer.raw(chunk);
    endPacket(writer, start);
    outgoing.at += chunk.length;
    if (outgoing.at < outgoing.data.length) return undefined;
    this.#outgoing.shift();
    return outgoing.resolve;
  }

  /** Ends it without a word: the call that was to open it failed, or the connection has ended. */
  drop(why: VirtError): void {
    this.#stop(why);
    for (const outgoing of this.#outgoing.splice(0)) outgoing.reject(why);
    this.#end();
  }

  #receiveData(packet: Packet): void {
    if (packet.start === packet.end || this.#state !== "open") return;
    const data = new Uint8Array(packet.end - packet.start);
    data.set(packet.buffer.subarray(packet.start, packet.end));
    this.#push({ data });
  }

  #receiveHole(packet: Packet): void {
    if (!this.sparse) throw rpcError("Unexpected stream hole");
    reader.over(packet.buffer, packet);
    const { length } = holeBody.read(reader);
    if (length < 0n) return this.#fail(new VirtError("invalid-argument", `A hole of ${length} bytes came`));
    if (length > 0n && this.#state === "open") this.#push({ hole: length });
  }

  #push(piece: StreamPiece): void {
    const isTaken = this.#inbox.awaited;
    this.#inbox.push(piece);
    if (isTaken || this.#inbox.ended) return;
    this.#unread++;
    this.#init.link.held(1);
  }

  /** The client has sent all, or wants nothing more. */
  #finish(): void {
    if (this.#state === "served") return this.#confirm();
    if (this.#state !== "open") return;
    this.#state = "finishing";
    this.#inbox.end();
    if (this.#init.direction !== "write") this.#controller.abort(cancelled("finished"));
  }

  #abort(): void {
    if (this.#state === "ended") return;
    this.#stop(cancelled("aborted"));
    this.#confirm();
  }

  /** All bytes have been moved. */
  #served(): void {
    if (this.#state === "finishing") return this.#confirm();
    if (this.#state !== "open") return;
    this.#state = "served";
    // What still comes is nobody's.
    this.#inbox.end();
    this.#forget();
    if (this.#init.direction !== "write") this.#control({ status: packetStatus.continue });
  }

  #confirm(): void {
    this.#control({ status: packetStatus.ok });
    this.#end();
  }

  #fail(error: unknown): void {
    if (this.#state === "ended") return;
    this.#stop(error instanceof VirtError ? error : cancelled("failed"));
    this.#control({
      status: packetStatus.error,
      data: encode(remoteError, this.#init.link.describe(error)),
    });
    this.#end();
  }

  /** Whoever serves it stops; what the client sent and nobody took is forgotten. */
  #stop(why: VirtError): void {
    this.#inbox.fail(why);
    this.#forget();
    this.#controller.abort(why);
    // What is partly on its way goes on: the packets of a stream stand each for itself.
    for (const outgoing of this.#outgoing.splice(0)) outgoing.reject(why);
  }

  #forget(): void {
    this.#inbox.drop();
    const unread = this.#unread;
    this.#unread = 0;
    if (unread > 0) this.#init.link.held(-unread);
  }

  #end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#init.link.ended(this);
  }

  #put(type: number, data: Uint8Array): Promise<void> {
    if (this.#state === "ended" || this.signal.aborted) {
      return Promise.reject(this.signal.reason ?? cancelled("ended"));
    }
    return new Promise((resolve, reject) => {
      this.#outgoing.push({ type, status: packetStatus.continue, data, at: 0, resolve, reject });
      this.#init.link.ready(this);
    });
  }

  /** Sends a packet of which nobody waits to hear that it has left. */
  #control({ status, data = noData }: { readonly status: number; readonly data?: Uint8Array }): void {
    const nobody = (): void => {};
    this.#outgoing.push({ type: packetType.stream, status, data, at: 0, resolve: nobody, reject: nobody });
    this.#init.link.ready(this);
  }
}

function cancelled(how: string): VirtError {
  return new VirtError("cancelled", `The stream was ${how}`);
}
