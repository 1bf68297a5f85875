/**
 * A link between a client and a daemon at which a test may do something at a moment of its choice: sever it, silence it, kill
 * the daemon.
 *
 * @module
 */

import { dirname } from "node:path";
import { procedures } from "../../../protocol/procedures/mod.ts";

/** Which way. */
export type Direction = "toServer" | "toClient";

/**
 * A moment in the traffic of one direction, counted over all connections from when it was asked for: just before a packet is
 * passed on (the next one is number 0), just before one of a procedure is, or when so many bytes have been.
 */
export type Moment =
  | { readonly direction: Direction; readonly packet: number }
  | { readonly direction: Direction; readonly procedure: keyof typeof procedures }
  | { readonly direction: Direction; readonly byte: number };

/** How much has gone through. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** A moment that is waited for, in the counts of its direction. */
interface Awaited {
  readonly direction: Direction;
  readonly packet: number;
  readonly procedure: number | undefined;
  readonly byte: number;
  readonly action: () => void | Promise<void>;
}

/** Counts what passes, over all connections, and does what a test wants at a moment. */
class Watch {
  readonly #counts: Record<Direction, { packets: number; bytes: number }> = {
    toServer: { packets: 0, bytes: 0 },
    toClient: { packets: 0, bytes: 0 },
  };
  #awaited: Awaited | undefined;

  /** How many bytes may pass before something is to be done; all where there is no such moment among them. */
  until(direction: Direction, packet: Uint8Array): number {
    const { length } = packet;
    if (this.#awaited?.direction !== direction) return length;
    const { packets, bytes } = this.#counts[direction];
    if (packets >= this.#awaited.packet || procedureOf(packet) === this.#awaited.procedure) return 0;
    return Math.max(0, Math.min(length, this.#awaited.byte - bytes));
  }

  async act(): Promise<void> {
    const action = this.#awaited?.action;
    this.#awaited = undefined;
    await action?.();
  }

  count(direction: Direction, what: Traffic): void {
    this.#counts[direction].packets += what.packets;
    this.#counts[direction].bytes += what.bytes;
  }

  traffic(direction: Direction): Traffic {
    return { ...this.#counts[direction] };
  }

  expect(moment: Moment, action: () => void | Promise<void>): void {
    const { packets, bytes } = this.#counts[moment.direction];
    this.#awaited = {
      direction: moment.direction,
      packet: "packet" in moment ? packets + moment.packet : Infinity,
      procedure: "procedure" in moment ? procedures[moment.procedure].number : undefined,
      byte: "byte" in moment ? bytes + moment.byte : Infinity,
      action,
    };
  }

  forget(): void {
    this.#awaited = undefined;
  }
}

/** The procedure's number in a packet's header (libvirt, "RPC protocol"): behind length, program and version. */
function procedureOf(packet: Uint8Array): number | undefined {
  if (packet.length < 16) return undefined;
  return new DataView(packet.buffer, packet.byteOffset).getUint32(12);
}

/** Takes packets out of what was read: each begins with its own length. */
class Pieces {
  #rest = new Uint8Array();

  *take(chunk: Uint8Array): Generator<Uint8Array> {
    const joined = new Uint8Array(this.#rest.length + chunk.length);
    joined.set(this.#rest);
    joined.set(chunk, this.#rest.length);
    let at = 0;
    while (joined.length - at >= 4) {
      const length = new DataView(joined.buffer, at).getUint32(0);
      if (length < 4 || joined.length - at < length) break;
      yield joined.subarray(at, at += length);
    }
    this.#rest = joined.subarray(at);
  }
}

/** Passes packets between a client and a daemon. */
class Wire {
  readonly #ends: Readonly<Record<Direction, Deno.Conn>>;
  readonly #watch: Watch;
  readonly #pumps: Promise<unknown>;
  #silent = false;

  constructor(client: Deno.Conn, { server, watch }: { readonly server: Deno.Conn; readonly watch: Watch }) {
    this.#ends = { toServer: server, toClient: client };
    this.#watch = watch;
    this.#pumps = Promise.all([this.#pump("toServer"), this.#pump("toClient")]);
  }

  /** Passes nothing on any more, and closes nothing. */
  silence(): void {
    this.#silent = true;
  }

  /** Closes both ends, now. */
  sever(): void {
    this.#silent = true;
    for (const end of Object.values(this.#ends)) {
      try {
        end.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // closed before
      }
    }
  }

  async ended(): Promise<void> {
    await this.#pumps;
  }

  async #pump(direction: Direction): Promise<void> {
    const from = this.#ends[direction === "toServer" ? "toClient" : "toServer"];
    const pieces = new Pieces();
    const buffer = new Uint8Array(65_536);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        for (const packet of pieces.take(buffer.subarray(0, count))) await this.#pass(packet, direction);
      }
    } catch {
      // One end has closed: so does the other.
    }
    this.sever();
  }

  async #pass(packet: Uint8Array, direction: Direction): Promise<void> {
    const first = this.#watch.until(direction, packet);
    await this.#write(packet.subarray(0, first), direction);
    if (first < packet.length) {
      await this.#watch.act();
      await this.#write(packet.subarray(first), direction);
    }
    this.#watch.count(direction, { packets: 1, bytes: 0 });
  }

  async #write(bytes: Uint8Array, direction: Direction): Promise<void> {
    if (this.#silent) return;
    // Counted before it is passed on: who has an answer knows that its bytes were counted.
    this.#watch.count(direction, { packets: 0, bytes: bytes.length });
    for (let sent = 0; sent < bytes.length;) sent += await this.#ends[direction].write(bytes.subarray(sent));
  }
}

/** A socket that leads to another one. */
export class CuttingLink implements AsyncDisposable {
  /** The path to connect to. */
  readonly socket: string;
  readonly #directory: string;
  readonly #listener: Deno.UnixListener;
  readonly #server: string;
  readonly #accepting: Promise<void>;
  readonly #wires: Wire[] = [];
  #refusing = false;
  readonly #watch = new Watch();

  private constructor(server: string, directory: string) {
    this.#server = server;
    this.#directory = directory;
    this.socket = `${directory}/socket`;
    this.#listener = Deno.listen({ transport: "unix", path: this.socket });
    this.#accepting = this.#accept();
  }

  /** Opens a link to a daemon's socket, beside it. */
  static async open(server: string): Promise<CuttingLink> {
    return new CuttingLink(server, await Deno.makeTempDir({ dir: dirname(server), prefix: "link-" }));
  }

  /** Does something, once, when a moment comes. The traffic of that connection waits for it. */
  at(moment: Moment, action: () => void | Promise<void>): void {
    this.#watch.expect(moment, action);
  }

  /** Does nothing any more when the moment comes. */
  forget(): void {
    this.#watch.forget();
  }

  /** Closes all connections that there are. */
  sever(): void {
    for (const wire of this.#wires) wire.sever();
  }

  /** Lets all connections that there are say nothing any more, without an end. */
  silence(): void {
    for (const wire of this.#wires) wire.silence();
  }

  /** Whether further connections are closed as soon as they come. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** How many connections there were. */
  get connections(): number {
    return this.#wires.length;
  }

  /** What went through, over all connections. */
  traffic(direction: Direction): Traffic {
    return this.#watch.traffic(direction);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.sever();
    for (const wire of this.#wires) await wire.ended();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = this.#refusing
        ? undefined
        : await Deno.connect({ transport: "unix", path: this.#server }).catch(() => undefined);
      if (server === undefined) client.close();
      else this.#wires.push(new Wire(client, { server, watch: this.#watch }));
    }
  }
}
