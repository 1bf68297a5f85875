import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import { bytes, int, list, string, struct, XdrReader, XdrWriter } from "../../../protocol/xdr/mod.ts";
import { valuesOf } from "./arbitrary.ts";

const description = struct({ name: string(4194304), data: bytes(4194304), numbers: list(int, 1000) });

Deno.test("a message is the same however little room the writer began with", () => {
  fc.assert(fc.property(valuesOf(description), fc.nat(64), (value, room) => {
    const small = new XdrWriter({ room });
    const large = new XdrWriter({ room: 65536 });
    // The arbitrary's values are what the description accepts; only the compiler does not know it.
    description.write(small, value as never);
    description.write(large, value as never);
    assert.deepEqual(small.copy(), large.copy());
  }));
});

Deno.test("padding is zero where the buffer held something else before", () => {
  const writer = new XdrWriter();
  writer.bytes(new Uint8Array(64).fill(255), 64);
  writer.clear();
  writer.text("a", 9);
  writer.text("é", 9);
  writer.bytes(new Uint8Array([1]), 9);
  writer.text("x".repeat(57), 99);
  assert.equal(
    writer.copy().toHex(),
    "0000000161000000" + "00000002c3a90000" + "0000000101000000" + "00000039" + "78".repeat(57) + "000000",
  );
});

Deno.test("a value that does not fit can be taken back", () => {
  const writer = new XdrWriter();
  writer.uint(7);
  const before = writer.length;
  assert.throws(
    () => description.write(writer, { name: "a", data: new Uint8Array(1), numbers: [1, 1.5] }),
    VirtError,
  );
  writer.truncate(before);
  assert.equal(writer.copy().toHex(), "00000007");
});

Deno.test("a message beyond the limit is refused and what was written stays", () => {
  const writer = new XdrWriter({ room: 4, limit: 16 });
  writer.text("abcdefgh", 99);
  assert.throws(() => writer.hyper(1n), { code: "protocol" });
  assert.throws(() => writer.text("x".repeat(64), 99), { code: "protocol" });
  assert.throws(() => writer.bytes(new Uint8Array(64), 99), { code: "protocol" });
  writer.truncate(12);
  assert.equal(writer.copy().toHex(), "000000086162636465666768");
});

Deno.test("a length is set when it is known", () => {
  const writer = new XdrWriter();
  writer.uint(0);
  writer.raw(new Uint8Array([1, 2, 3]));
  writer.patchUint(0, writer.length);
  assert.equal(writer.view().toHex(), "00000007010203");
  assert.throws(() => writer.patchUint(4, 1), { code: "protocol" });
});

Deno.test("a writer that is cleared begins anew, also after a very large message", () => {
  const writer = new XdrWriter();
  writer.bytes(new Uint8Array(4_000_000), 4194304);
  assert.equal(writer.length, 4_000_004);
  writer.clear();
  assert.equal(writer.length, 0);
  writer.int(-1);
  assert.equal(writer.copy().toHex(), "ffffffff");
});

Deno.test("one reader serves message after message, out of the middle of a buffer", () => {
  const buffer = Uint8Array.fromHex("ffffffff0000000700000001ffffffff");
  const reader = new XdrReader();
  reader.over(buffer, { start: 4, end: 12 });
  assert.equal(reader.left, 8);
  assert.equal(reader.uint(), 7);
  assert.equal(reader.offset, 4);
  assert.equal(reader.flag(), true);
  reader.end();
  assert.throws(() => reader.uint(), { code: "protocol" });
  reader.over(buffer, { start: 8, end: 12 });
  assert.equal(reader.int(), 1);
  assert.throws(() => reader.over(buffer, { start: 8, end: 17 }), { code: "protocol" });
});
