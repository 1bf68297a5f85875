import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketBuffer } from "../../../protocol/framing.ts";
import { beginPacket, endPacket, maxPayloadBytes } from "../../../protocol/packet.ts";
import { XdrWriter } from "../../../protocol/xdr/mod.ts";
import { packetBytes } from "../kit/fake_server.ts";
import { isVirtError } from "../../../model/error.ts";

/** Feeds a stream in pieces, and gives the serial numbers and payload sizes of the packets in it. */
function taken(pieces: Iterable<Uint8Array>): [number, number][] {
  const packets = new PacketBuffer();
  const found: [number, number][] = [];
  for (let piece of pieces) {
    while (piece.length > 0) {
      const room = packets.room();
      const count = Math.min(room.length, piece.length);
      room.set(piece.subarray(0, count));
      packets.filled(count);
      piece = piece.subarray(count);
      for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
        assert.ok(
          packet.buffer.subarray(packet.start, packet.end).every((byte) => byte === (packet!.serial & 255)),
        );
        found.push([packet.serial, packet.end - packet.start]);
      }
    }
  }
  assert.equal(packets.pending, 0);
  return found;
}

function stream(sizes: readonly number[]): Uint8Array {
  const packets = sizes.map((size, serial) =>
    packetBytes({ serial }, new Uint8Array(size).fill(serial & 255))
  );
  const all = new Uint8Array(packets.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const packet of packets) {
    all.set(packet, at);
    at += packet.length;
  }
  return all;
}

function* pieces(bytes: Uint8Array, cuts: Iterable<number>): Generator<Uint8Array> {
  let from = 0;
  for (const cut of cuts) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

Deno.test("packets come out whole wherever their bytes are cut in two", () => {
  const sizes = [0, 1, 4, 33];
  const bytes = stream(sizes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(taken(pieces(bytes, [cut])).map(([, size]) => size), sizes, `cut at ${cut}`);
  }
  assert.deepEqual(taken(pieces(bytes, bytes.keys())).map(([, size]) => size), sizes, "cut everywhere");
});

Deno.test("packets of any sizes come out whole however their bytes are cut", () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(1_500_000)), { maxLength: 12 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { maxLength: 20 }), (sizes, places) => {
      const bytes = stream(sizes);
      const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
      assert.deepEqual(taken(pieces(bytes, cuts)), sizes.map((size, serial) => [serial, size]));
    }),
    { numRuns: 60 },
  );
});

Deno.test("the largest packet comes out, and its room is given back", () => {
  const packets = new PacketBuffer();
  const usual = packets.room().length;
  const bytes = packetBytes({ serial: 1 }, new Uint8Array(maxPayloadBytes));
  let rooms = 0;
  for (let at = 0; at < bytes.length; rooms++) {
    assert.equal(packets.next(), undefined);
    const room = packets.room();
    assert.ok(
      room.length > 0 && room.length <= Math.max(usual, at),
      `${room.length} bytes of room after ${at}`,
    );
    const count = Math.min(room.length, bytes.length - at);
    room.set(bytes.subarray(at, at + count));
    packets.filled(count);
    at += count;
  }
  assert.ok(rooms < 20, `${rooms} times more room`);
  const packet = packets.next();
  assert.equal(packet && packet.end - packet.start, maxPayloadBytes);
  assert.equal(packets.room().length, usual);
});

Deno.test("a large packet that is announced takes no room before it comes", () => {
  const packets = new PacketBuffer();
  packets.room().set([0x02, 0, 0, 0x04]);
  packets.filled(4);
  assert.equal(packets.next(), undefined);
  assert.ok(packets.room().length < 1024 * 1024);
});

Deno.test("a packet that is too large for any server is not written, and what is before it stays", () => {
  const writer = new XdrWriter({ limit: 2 ** 27 });
  writer.uint(7);
  const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 1, status: 0 };
  const largest = beginPacket(writer, header);
  writer.raw(new Uint8Array(maxPayloadBytes));
  endPacket(writer, largest);
  const { length } = writer;
  const larger = beginPacket(writer, header);
  writer.raw(new Uint8Array(maxPayloadBytes + 1));
  assert.throws(() => endPacket(writer, larger), (error) => isVirtError(error, "protocol"));
  assert.equal(writer.length, length);
});

Deno.test("a packet that comes byte by byte is not copied for each", () => {
  const packets = new PacketBuffer();
  const bytes = packetBytes({ serial: 1 }, new Uint8Array(300_000));
  const buffers = new Set<ArrayBuffer>();
  for (const byte of bytes) {
    const room = packets.room();
    buffers.add(room.buffer);
    room[0] = byte;
    packets.filled(1);
  }
  assert.equal(buffers.size, 1);
  assert.equal(packets.next()?.serial, 1);
});

Deno.test("no bytes but a length that makes no sense are refused, and with an error of ours", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const packets = new PacketBuffer();
      packets.room().set(bytes);
      packets.filled(bytes.length);
      try {
        for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
          assert.ok(packet.end <= bytes.length && packet.start <= packet.end);
        }
        packets.room();
      } catch (error) {
        assert.ok(isVirtError(error, "protocol"), `${error}`);
      }
    }),
  );
});
