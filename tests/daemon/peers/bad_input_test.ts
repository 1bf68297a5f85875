/**
 * What no client should send, sent to a libvirtd and to ours: the same answers, in the same words, or none from both.
 *
 * @module
 */
import assert from "node:assert/strict";
import { PacketBuffer } from "../../../protocol/framing.ts";
import {
  beginPacket,
  endPacket,
  keepaliveProgram,
  type PacketHeader,
  packetStatus,
  packetType,
} from "../../../protocol/packet.ts";
import { programs } from "../../../protocol/procedures/mod.ts";
import { remoteError } from "../../../protocol/remote_error.ts";
import { XdrReader, XdrWriter } from "../../../protocol/xdr/mod.ts";
import { unavailable } from "../../real/kit/requirements.ts";
import { onBoth } from "./private_libvirtd.ts";

/** What is sent after the host has been opened, unless `early`. */
interface Case {
  readonly early?: boolean;
  readonly packets: readonly Uint8Array[];
}

const openProcedure = 1;
const authList = 66;

/**
 * Questions at the end, by which one knows that what came before has been answered, or will not be: so many, since a
 * libvirtd's workers answer in any order.
 */
const lastSerial = 1000;
const questions = 300;

function packet(header: Partial<PacketHeader>, payload: readonly number[] | Uint8Array = []): Uint8Array {
  const writer = new XdrWriter();
  const start = beginPacket(writer, {
    program: programs.remote,
    version: 1,
    procedure: openProcedure,
    type: packetType.call,
    serial: 7,
    status: packetStatus.ok,
    ...header,
  });
  writer.raw(payload instanceof Uint8Array ? payload : words(...payload));
  endPacket(writer, start);
  return writer.copy();
}

function words(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value >>> 0));
  return new Uint8Array(view.buffer);
}

/** A packet whose length is another. */
function lengthened(length: number): Uint8Array {
  const bytes = packet({ procedure: authList });
  new DataView(bytes.buffer).setUint32(0, length >>> 0);
  return bytes;
}

const one = (header: Partial<PacketHeader>, payload?: readonly number[]): Case => ({
  packets: [packet(header, payload)],
});

const lookupByName = 23;
const lookupByUuid = 24;
const getXml = 14;
const schedulerParameters = 171;
const test = [4, 0x74657374, 0x6695eb01, 0xf6a48304, 0x79aa97f2, 0x502e193f, 1];

const cases: Readonly<Record<string, Case>> = {
  "procedure 0": one({ procedure: 0 }),
  "procedure 9999": one({ procedure: 9999 }),
  "procedure -1": one({ procedure: 0xffffffff }),
  "the number of an event": one({ procedure: 318 }),
  "a program that there is not": one({ program: 0x12345678 }),
  "a program with a high number": one({ program: 0xffffffff }),
  "version 2": one({ version: 2 }),
  "QEMU's program, procedure 99": one({ program: programs.qemu, procedure: 99 }),
  "a call before the host is open": { early: true, packets: [packet({ procedure: 4 })] },
  "an unknown procedure before the host is open": { early: true, packets: [packet({ procedure: 9999 })] },
  "opening twice": one({ procedure: openProcedure }, [0, 0]),
  "a call with the status of an error": one({ procedure: 4, status: packetStatus.error }),
  "a call that goes on": one({ procedure: 4, status: packetStatus.continue }),
  "a reply": one({ type: packetType.reply, procedure: 4 }),
  "an event": one({ type: packetType.message, procedure: 318 }),
  "a kind of packet that there is not": one({ type: 9, procedure: 4 }),
  "data of a stream that is not open": one({ type: packetType.stream, procedure: 209 }, [1, 2, 3]),
  "a hole of a stream that is not open": one({ type: packetType.streamHole, procedure: 209 }, [0, 4096, 0]),
  "keepalive's program in another version": one({
    program: keepaliveProgram.program,
    version: 9,
    procedure: 1,
  }),
  "no arguments where there have to be some": one({ procedure: lookupByName }),
  "half of the arguments": one({ procedure: lookupByUuid }, [1, 2]),
  "more than the arguments": one({ procedure: lookupByName }, [4, 0x74657374, 1, 2, 3]),
  "a text that is longer than the packet": one({ procedure: lookupByName }, [4096, 0x74657374]),
  "a text that is longer than any text": one({ procedure: lookupByName }, [0xffffffff, 0]),
  "neither there nor not": one({ procedure: openProcedure }, [7, 0, 0]),
  "a list that is longer than the packet": one({ procedure: schedulerParameters }, [...test, 16]),
  "a list that is longer than any list": one({ procedure: schedulerParameters }, [...test, 0x7fffffff]),
  "a parameter of no kind": one({ procedure: schedulerParameters }, [...test, 1, 1, 0x78000000, 99, 0, 0]),
  "bits that nobody knows": one({ procedure: getXml }, [...test, 0x40000000]),
  "a length of 0": { packets: [lengthened(0)] },
  "a length of 3": { packets: [lengthened(3)] },
  "a length without a header": { packets: [lengthened(27)] },
  "a length that is more than any packet's": { packets: [lengthened(33_554_437)] },
  "a length of -1": { packets: [lengthened(-1)] },
  "SASL where nobody has to prove anything": one({ procedure: 67 }),
  "two calls with one number": { packets: [packet({ procedure: 4 }), packet({ procedure: 4 })] },
};

/** What came back, as far as both have to agree on it. */
async function outcomeOf(socket: string, { early = false, packets }: Case): Promise<readonly string[]> {
  using connection = await Deno.connect({ transport: "unix", path: socket });
  const buffer = new PacketBuffer({ usualBytes: 65_536 });
  const found: string[] = [];
  const name = new TextEncoder().encode("test:///default\0");
  const opening = packet({ procedure: openProcedure, serial: 1 }, [
    ...[1, 15, ...Array.from({ length: 4 }, (_, index) => new DataView(name.buffer).getUint32(index * 4)), 0],
  ]);
  try {
    if (!early) {
      await send(connection, opening);
      await until(connection, { buffer, found, serial: 1 });
      found.length = 0;
    }
    for (const bytes of packets) await send(connection, bytes);
    for (let question = 0; question < questions; question++) {
      const serial = lastSerial + question;
      await send(connection, packet({ procedure: authList, serial }));
      await until(connection, { buffer, found, serial });
    }
    return found.toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset) {
      return [...found.toSorted(), "closed"];
    }
    throw error;
  }
}

async function send(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads until the answer with a serial number has come. */
async function until(
  connection: Deno.Conn,
  { buffer, found, serial }: {
    readonly buffer: PacketBuffer;
    readonly found: string[];
    readonly serial: number;
  },
): Promise<void> {
  while (true) {
    for (let answer = buffer.next(); answer !== undefined; answer = buffer.next()) {
      if (answer.serial === serial && answer.type === packetType.reply) return;
      const { program, version, procedure, type, status } = answer;
      const reader = new XdrReader(answer.buffer, answer);
      const text = status === packetStatus.error ? describe(reader) : "";
      found.push([program, version, procedure, type, answer.serial, status, text].join(" "));
    }
    const count = await connection.read(buffer.room());
    if (count === null) throw new Deno.errors.BrokenPipe("the server has hung up");
    buffer.filled(count);
  }
}

function describe(reader: XdrReader): string {
  const { code, domain, level, message } = remoteError.read(reader);
  return `${code} ${domain} ${level} ${message}`;
}

const missing = unavailable();

Deno.test({
  name: `what no client should send is answered as libvirtd answers it${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const { ours, theirs } = await onBoth(async ({ socket }) => {
      const outcomes: Record<string, readonly string[]> = {};
      for (const [what, each] of Object.entries(cases)) outcomes[what] = await outcomeOf(socket, each);
      return outcomes;
    });
    const different = Object.keys(cases).filter((what) => ours[what]?.join() !== theirs[what]?.join());
    assert.deepEqual(different.map((what) => ({ what, ours: ours[what], theirs: theirs[what] })), []);
  },
});
