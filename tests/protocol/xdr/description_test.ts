import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import {
  bool,
  bytes,
  chars,
  decode,
  type Description,
  double,
  encode,
  enumeration,
  fixedChars,
  fixedList,
  hyper,
  int,
  list,
  nothing,
  opaque,
  optional,
  string,
  struct,
  uhyper,
  uint,
  union,
  uuid,
  type Xdr,
} from "../../../protocol/xdr/mod.ts";
import { valuesOf } from "./arbitrary.ts";

const kinds: Readonly<Record<string, Xdr<unknown>>> = {
  int,
  uint,
  hyper,
  uhyper,
  double,
  bool,
  nothing,
  uuid,
  "an enumeration": enumeration({ low: -1, none: 0, high: 2147483647 }),
  "text": string(40),
  "raw bytes of a fixed length": opaque(9),
  "raw bytes": bytes(40),
  "characters": chars(40),
  "characters of a fixed length": fixedChars(3),
  "a list": list(string(40), 40),
  "a fixed list": fixedList(uhyper, 3),
  "an optional value": optional(list(int, 4)),
  "a structure": struct({ first: int, second: optional(string(10)), third: struct({ inner: hyper }) }),
  "a union": union(int, { 1: int, 7: string(20) }),
  "a union with a default": union(uint, { 1: hyper }, bytes(3)),
  "all of it nested": list(
    struct({ name: string(20), parts: list(union(int, { 0: nothing, 1: fixedList(bool, 2) }), 5) }),
    8,
  ),
};

for (const [name, description] of Object.entries(kinds)) {
  Deno.test(`${name}: what is written is read again, in whole words`, () => {
    fc.assert(fc.property(valuesOf(description), (value) => {
      const message = encode(description, value);
      assert.equal(message.length % 4, 0);
      assert(message.length >= description.least);
      assert.deepEqual(decode(description, message), value);
    }));
  });

  Deno.test(`${name}: a message that ends early or goes on is refused`, () => {
    fc.assert(fc.property(valuesOf(description), fc.nat(), (value, cut) => {
      const message = encode(description, value);
      const longer = new Uint8Array(message.length + 4);
      longer.set(message);
      refuses(() => decode(description, longer));
      if (message.length > 0) refuses(() => decode(description, message.subarray(0, cut % message.length)));
    }));
  });
}

const refusedValues: readonly (readonly [string, Xdr<unknown>, unknown])[] = [
  ["a fraction as int", int, 1.5],
  ["not a number as int", int, NaN],
  ["more than 31 bits as int", int, 2147483648],
  ["a text as int", int, "1"],
  ["nothing as int", int, undefined],
  ["a bigint as int", int, 1n],
  ["a bigint as uint", uint, 1n],
  ["a symbol as int", int, Symbol("one")],
  ["a symbol as hyper", hyper, Symbol("one")],
  ["a symbol as text", string(9), Symbol("one")],
  ["a symbol as a name", enumeration({ on: 1 }), Symbol("on")],
  ["a symbol as kind", union(int, { 1: int }), { kind: Symbol("one"), value: 1 }],
  ["an object without a prototype as int", int, Object.create(null)],
  ["a negative number as uint", uint, -1],
  ["more than 32 bits as uint", uint, 4294967296],
  ["a number as hyper", hyper, 1],
  ["more than 63 bits as hyper", hyper, 2n ** 63n],
  ["a negative number as uhyper", uhyper, -1n],
  ["more than 64 bits as uhyper", uhyper, 2n ** 64n],
  ["a bigint as double", double, 1n],
  ["1 as bool", bool, 1],
  ["a value as nothing", nothing, null],
  ["a short UUID", uuid, "6695eb01-f6a4-8304-79aa-97f2502e193"],
  ["a long UUID", uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f0"],
  ["a UUID with another letter", uuid, "g695eb01-f6a4-8304-79aa-97f2502e193f"],
  ["a UUID with a letter that looks like a digit", uuid, "\u01106695eb01-f6a4-8304-79aa-97f2502e193f"],
  ["a name that the enumeration lacks", enumeration({ on: 1 }), "off"],
  ["a name of every object", enumeration({ on: 1 }), "toString"],
  ["a number as text", string(9), 5],
  ["a zero character in a short text", string(9), "a\0b"],
  ["a zero character in a long text", string(900), `${"a".repeat(100)}\0b`],
  ["half of a surrogate pair in a text", string(9), "a\ud800"],
  ["half of a surrogate pair in a long text", string(900), `${"a".repeat(100)}\udc00`],
  ["text that is too long", string(3), "abcd"],
  ["text that is too long in UTF-8 only", string(3), "\u20ac\u20ac"],
  ["a text as bytes", bytes(9), "abc"],
  ["nothing as bytes", bytes(9), undefined],
  ["too few bytes", opaque(4), new Uint8Array(3)],
  ["too many bytes", opaque(4), new Uint8Array(5)],
  ["a text as characters", chars(9), "abc"],
  ["nothing as characters", chars(9), undefined],
  ["too few characters", fixedChars(4), new Uint8Array(3)],
  ["an object as list", list(int, 9), { length: 1 }],
  ["nothing as list", list(int, 9), undefined],
  ["a list with a hole", list(int, 9), new Array(2)],
  ["a short fixed list", fixedList(int, 2), [1]],
  ["null as a value that may be missing", optional(int), null],
  ["nothing as structure", struct({ a: int }), undefined],
  ["a structure that lacks a field", struct({ a: int }), {}],
  ["a kind that the union lacks", union(int, { 1: int }), { kind: 2, value: 1 }],
  ["a union without a kind", union(int, { 0: int }), {}],
  ["a kind that is no whole number", union(int, { 1: int }, int), { kind: 1.5, value: 1 }],
  ["nothing as union", union(int, { 1: int }), undefined],
];

for (const [what, description, value] of refusedValues) {
  Deno.test(`${what} is not written`, () => {
    refuses(() => encode(description, value));
  });
}

const refusedMessages: readonly (readonly [string, Xdr<unknown>, string])[] = [
  ["a truth value of 2", bool, "00000002"],
  ["a mark of 2 before an optional value", optional(int), "0000000200000001"],
  ["a mark of -1 before an optional value", optional(int), "ffffffff00000001"],
  ["padding that is not zero behind text", string(9), "0000000161000001"],
  ["padding that is not zero behind bytes", bytes(9), "0000000161010000"],
  ["padding that is missing", string(9), "0000000161"],
  ["padding of fixed bytes that is not zero", opaque(1), "ff0000ff"],
  ["text that is not UTF-8", string(9), "00000002c3280000"],
  ["text with a zero byte", string(9), "0000000361006200"],
  ["text with half of a surrogate pair", string(9), "00000003eda08000"],
  ["text beyond the limit", string(3), "0000000461626364"],
  ["a number that the enumeration lacks", enumeration({ on: 1 }), "00000002"],
  ["a list beyond the limit", list(int, 1), "000000020000000100000002"],
  ["characters beyond the limit", chars(1), "000000020000000100000002"],
  ["bytes beyond the limit", bytes(3), "0000000461626364"],
];

for (const [what, description, hex] of refusedMessages) {
  Deno.test(`${what} is not read`, () => {
    refuses(() => decode(description, Uint8Array.fromHex(hex)));
  });
}

Deno.test("a count that the message cannot hold is refused before anything is made", () => {
  const description = list(struct({ name: string(4194304), uuid }), 2 ** 32 - 1);
  for (const count of [3, 16384, 2 ** 31, 2 ** 32 - 1]) {
    const message = new Uint8Array(40);
    new DataView(message.buffer).setUint32(0, count);
    assert.throws(() => decode(description, message), /items in the 36 bytes that are left/);
  }
});

Deno.test("text and bytes that the message cannot hold are refused", () => {
  const message = new Uint8Array(40);
  new DataView(message.buffer).setUint32(0, 2 ** 31);
  refuses(() => decode(string(2 ** 32), message));
  refuses(() => decode(bytes(2 ** 32), message));
  refuses(() => decode(chars(2 ** 32), message));
});

Deno.test("a list whose items take no bytes cannot be described", () => {
  assert.throws(() => list(nothing, 4), RangeError);
  assert.throws(() => fixedList(struct({}), 4), RangeError);
});

Deno.test("text comes out as it went in, whatever its length and its characters", () => {
  const texts = [
    "",
    "a",
    "\ufeffmark",
    "é".repeat(31),
    "x".repeat(5000),
    "€".repeat(3000),
    "😀".repeat(2000),
  ];
  for (const text of [...texts, `${"x".repeat(4000)}😀é${"y".repeat(9000)}`]) {
    assert.equal(decode(string(65536), encode(string(65536), text)), text);
  }
});

Deno.test("text is read as a strict decoder of UTF-8 reads it, and never with a zero byte", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const byte = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 127 }) }, fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 24 }), (codes) => {
      const content = new Uint8Array(codes);
      const message = encode(bytes(24), content);
      let expected: string | undefined;
      try {
        expected = strict.decode(content);
      } catch {
        expected = undefined;
      }
      if (expected === undefined || codes.includes(0)) refuses(() => decode(string(24), message));
      else assert.equal(decode(string(24), message), expected);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a UUID is read in lower case with hyphens, however it was written", () => {
  const message = encode(uuid, "6695EB01F6A4830479AA97F2502E193F");
  assert.equal(message.toHex(), "6695eb01f6a4830479aa97f2502e193f");
  assert.equal(decode(uuid, message), "6695eb01-f6a4-8304-79aa-97f2502e193f");
});

Deno.test("bytes that were read do not change with the buffer that they came from", () => {
  for (const buffer of [Uint8Array.fromHex("0000000161000000"), Buffer.from("0000000161000000", "hex")]) {
    const value = decode(bytes(4), buffer);
    buffer.fill(0);
    assert.deepEqual(value, new Uint8Array([0x61]));
  }
});

Deno.test("an error names the field and the byte at which the message is wrong", () => {
  const description = struct({ dom: struct({ name: string(9) }), flags: bool });
  assert.throws(() => decode(description, Uint8Array.fromHex("000000016100000000000005")), {
    name: "VirtError",
    code: "protocol",
    message: 'Cannot read field "flags" of the message: 5 where only 0 or 1 may be at byte 12',
  });
});

/** What may never be left out of the kinds above. */
const allKinds: readonly Description["shape"]["kind"][] = [
  "int",
  "uint",
  "hyper",
  "uhyper",
  "double",
  "bool",
  "uuid",
  "nothing",
  "enumeration",
  "string",
  "bytes",
  "chars",
  "opaque",
  "fixedChars",
  "list",
  "fixedList",
  "optional",
  "struct",
  "union",
];

Deno.test("every kind of description is among those that are tested here", () => {
  const tested = new Set(Object.values(kinds).map(({ shape }) => shape.kind));
  assert.deepEqual(allKinds.filter((kind) => !tested.has(kind)), []);
});

function refuses(act: () => unknown): void {
  assert.throws(act, (error) => error instanceof VirtError && error.code === "protocol");
}
