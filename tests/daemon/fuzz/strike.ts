/**
 * What one hostile client sends, from a seed: packets that are right, nearly right, and nothing of the kind, in any order
 * and in pieces.
 *
 * @module
 */
import {
  beginPacket,
  endPacket,
  keepaliveProgram,
  maxMessageBytes,
  packetStatus,
  packetType,
} from "../../../protocol/packet.ts";
import {
  type Procedure,
  type ProcedureName,
  procedureRow,
  programs,
  rows,
} from "../../../protocol/procedures/mod.ts";
import { XdrWriter } from "../../../protocol/xdr/mod.ts";
import { type Random, seededRandom } from "../../../testing/random.ts";
import { below, hostileValue, oneOf, someBytes } from "./hostile_values.ts";

/** What a client does next. */
export type Step =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Waits until something has come, or nothing more will. */
  | { readonly kind: "read" }
  /** Leaves without a word. */
  | { readonly kind: "leave" };

const calls: readonly ProcedureName[] = rows.flatMap(({ name, row }) =>
  row.kind === "message" ? [] : [name as ProcedureName]
);
const streams = calls.filter((name) => procedureRow(name).kind === "stream");

/** Those with which clients begin. */
const openings: readonly ProcedureName[] = [
  ...["authList", "authSaslInit", "authSaslStart", "authSaslStep", "authPolkit"] as const,
  ...["connectOpen", "connectSupportsFeature", "connectClose"] as const,
];

/** One client, as a seed has it. */
export class Strike {
  readonly seed: number;
  readonly #random: Random;
  readonly #writer = new XdrWriter();
  #serial = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.#random = seededRandom(seed);
  }

  /** Everything that the client does. */
  *steps(): Generator<Step> {
    const random = this.#random;
    if (random() < 0.1) {
      yield { kind: "send", bytes: someBytes(random, 1 + below(random, 300)) };
      return yield { kind: "leave" };
    }
    if (random() < 0.85) {
      yield { kind: "send", bytes: this.#call("connectOpen", { name: "test:///default", flags: 0 }) };
      yield { kind: "read" };
    }
    for (let count = 1 + below(random, 40); count > 0; count--) {
      yield* this.#inPieces(this.#mutated(this.#something()));
      if (random() < 0.3) yield { kind: "read" };
    }
    if (random() < 0.5) yield { kind: "read" };
    yield { kind: "leave" };
  }

  #something(): Uint8Array {
    const random = this.#random;
    const chance = random();
    if (chance < 0.5) return this.#hostileCall(oneOf(random, calls));
    if (chance < 0.6) return this.#hostileCall(oneOf(random, streams));
    if (chance < 0.7) return this.#hostileCall(oneOf(random, openings));
    if (chance < 0.85) return this.#streamPacket();
    if (chance < 0.9) return this.#keepalive();
    if (chance < 0.95) return this.#unasked();
    return this.#packet({}, someBytes(random, below(random, 64) * 4));
  }

  #call(procedure: ProcedureName, args: unknown): Uint8Array {
    const row = procedureRow(procedure) as Procedure;
    const { program, number } = row;
    const writer = new XdrWriter();
    try {
      row.args.write(writer, args);
    } catch {
      // What cannot be written is sent without arguments.
      writer.clear();
    }
    return this.#packet({ program: programs[program], procedure: number }, writer.copy());
  }

  #hostileCall(procedure: ProcedureName): Uint8Array {
    return this.#call(procedure, hostileValue((procedureRow(procedure) as Procedure).args, this.#random));
  }

  /** Data, holes, ends and errors, for streams that are open and for those that are not. */
  #streamPacket(): Uint8Array {
    const random = this.#random;
    const row = procedureRow(oneOf(random, streams)) as Procedure;
    const isHole = random() < 0.2;
    const payload = isHole ? someBytes(random, 12) : someBytes(random, below(random, 2000));
    return this.#packet({
      program: programs[row.program],
      procedure: row.number,
      type: isHole ? packetType.streamHole : packetType.stream,
      status: oneOf(random, Object.values(packetStatus)),
      serial: Math.max(0, this.#serial - below(random, 6)),
    }, random() < 0.2 ? new Uint8Array() : payload);
  }

  #keepalive(): Uint8Array {
    const { program, version, ping, pong } = keepaliveProgram;
    const procedure = oneOf(this.#random, [ping, pong, 3]);
    return this.#packet(
      { program, version, procedure, type: packetType.message, serial: 0 },
      new Uint8Array(),
    );
  }

  /** Replies and events, which only servers send. */
  #unasked(): Uint8Array {
    const random = this.#random;
    const type = oneOf(random, [packetType.reply, packetType.message, packetType.replyWithFds]);
    return this.#packet({ type, procedure: below(random, 500) }, someBytes(random, below(random, 40) * 4));
  }

  #packet(
    header: Partial<
      {
        program: number;
        version: number;
        procedure: number;
        type: number;
        serial: number;
        status: number;
      }
    >,
    payload: Uint8Array,
  ): Uint8Array {
    this.#writer.clear();
    const start = beginPacket(this.#writer, {
      program: programs.remote,
      version: 1,
      procedure: 1,
      type: packetType.call,
      serial: this.#serial++,
      status: packetStatus.ok,
      ...header,
    });
    this.#writer.raw(payload);
    endPacket(this.#writer, start);
    return this.#writer.copy();
  }

  /** Most are left as they are: who only ever sends what is refused at the door sees nothing of the house. */
  #mutated(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    const chance = random();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (chance < 0.7) return bytes;
    if (chance < 0.8) {
      // One word of length and header.
      const word = below(random, 7);
      const length = oneOf(random, [
        0,
        3,
        4,
        27,
        28,
        bytes.length - 4,
        bytes.length + 4,
        maxMessageBytes,
        -1,
      ]);
      view.setUint32(word * 4, (word === 0 ? length : below(random, 12)) >>> 0);
    } else if (chance < 0.93 && bytes.length > 28) {
      for (let count = 1 + below(random, 4); count > 0; count--) {
        bytes[28 + below(random, bytes.length - 28)] = below(random, 256);
      }
    } else if (chance < 0.96) {
      const cut = bytes.slice(0, Math.max(4, below(random, bytes.length)));
      new DataView(cut.buffer).setUint32(0, cut.length);
      return cut;
    } else {
      const longer = new Uint8Array(bytes.length + 4 * (1 + below(random, 10)));
      longer.set(bytes);
      new DataView(longer.buffer).setUint32(0, longer.length);
      return longer;
    }
    return bytes;
  }

  *#inPieces(bytes: Uint8Array): Generator<Step> {
    const random = this.#random;
    if (random() < 0.8 || bytes.length < 2) return yield { kind: "send", bytes };
    const at = 1 + below(random, bytes.length - 1);
    yield { kind: "send", bytes: bytes.slice(0, at) };
    yield { kind: "send", bytes: bytes.slice(at) };
  }
}
