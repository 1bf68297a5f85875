/**
 * Encodings that libvirt's own tests hold to be right, byte for byte and in both directions.
 */
import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import {
  bytes,
  chars,
  decode,
  encode,
  enumeration,
  fixedChars,
  fixedList,
  int,
  list,
  nothing,
  opaque,
  optional,
  string,
  struct,
  union,
  type Xdr,
} from "../../../protocol/xdr/mod.ts";

interface Vector {
  readonly file: string;
  readonly type: string;
  readonly value: unknown;
}

interface Vectors {
  readonly vectors: readonly Vector[];
  readonly must_fail: readonly { readonly type: string; readonly why: string }[];
}

/** A description, and how the vectors' way to say a value becomes ours. */
interface Case {
  readonly xdr: Xdr<unknown>;
  readonly ours: (value: unknown) => unknown;
}

const choice = enumeration({ zero: 0, one: 1, two: 2 });
const names = ["zero", "one", "two"];
const withDefault = union(int, { 20: int, 30: int }, int);
const withVoidDefault = union(int, { 21: int, 31: int }, nothing);
const withoutDefault = union(int, { 22: int, 32: int });
const pair = struct({ c1: fixedChars(1), c2: fixedChars(1) });

function same(value: unknown): unknown {
  return value;
}

function nameOf(value: unknown): unknown {
  return names[Number(value)];
}

function hexBytes(value: unknown): Uint8Array {
  return Uint8Array.fromHex(String(value));
}

function unionValue(value: unknown): unknown {
  assert(typeof value === "object" && value !== null && "type" in value);
  return { kind: value.type, value: "value" in value ? value.value : undefined };
}

function pairValue(value: unknown): unknown {
  assert(Array.isArray(value));
  const [c1, c2] = value.map((char) =>
    typeof char === "string" ? new TextEncoder().encode(char) : new Uint8Array([Number(char)])
  );
  return { c1, c2 };
}

function orNothing(ours: (value: unknown) => unknown): (value: unknown) => unknown {
  return (value) => value === null ? undefined : ours(value);
}

function each(ours: (value: unknown) => unknown): (value: unknown) => unknown {
  return (value) => {
    assert(Array.isArray(value));
    return value.map(ours);
  };
}

const cases: Readonly<Record<string, Case>> = {
  "enum": { xdr: choice, ours: nameOf },
  "enum*": { xdr: optional(choice), ours: orNothing(nameOf) },
  "enum<15>": { xdr: list(choice, 15), ours: each(nameOf) },
  "struct{char,char}": { xdr: pair, ours: pairValue },
  "struct{char,char}*": { xdr: optional(pair), ours: orNothing(pairValue) },
  "struct{char,char}<19>": { xdr: list(pair, 19), ours: each(pairValue) },
  "union 20:int, 30:int, default:int": { xdr: withDefault, ours: unionValue },
  "union 20:int, 30:int, default:int *": { xdr: optional(withDefault), ours: orNothing(unionValue) },
  "union 20:int, 30:int, default:int <23>": { xdr: list(withDefault, 23), ours: each(unionValue) },
  "union 21:int, 31:int, default:void": { xdr: withVoidDefault, ours: unionValue },
  "union 22:int, 32:int": { xdr: withoutDefault, ours: unionValue },
  "int": { xdr: int, ours: same },
  "int*": { xdr: optional(int), ours: orNothing(same) },
  "int[3]": { xdr: fixedList(int, 3), ours: same },
  "int<5>": { xdr: list(int, 5), ours: same },
  "string<7>": { xdr: string(7), ours: same },
  "opaque[9]": { xdr: opaque(9), ours: hexBytes },
  "opaque<11>": { xdr: bytes(11), ours: hexBytes },
};

/** For each that must fail: a value that is one too many, and bytes that say so. */
const tooMuch: Readonly<Record<string, { readonly value: unknown; readonly message: Uint8Array }>> = {
  "int<5>": { value: [1, 2, 3, 4, 5, 6], message: counted(6, 24) },
  "opaque<11>": { value: new Uint8Array(12), message: counted(12, 12) },
  "enum<15>": { value: new Array(16).fill("one"), message: counted(16, 64) },
  "struct{char,char}<19>": {
    value: new Array(20).fill({ c1: new Uint8Array(1), c2: new Uint8Array(1) }),
    message: counted(20, 160),
  },
  "union 22:int, 32:int": {
    value: { kind: 87539319, value: 1 },
    message: counted(87539319, 4),
  },
};

function counted(count: number, length: number): Uint8Array {
  const message = new Uint8Array(4 + length);
  new DataView(message.buffer).setUint32(0, count);
  return message;
}

function read(folder: string): Vectors {
  return JSON.parse(Deno.readTextFileSync(`${folder}/values.json`));
}

const conformance = Deno.env.get("DROVER_CONFORMANCE");

if (conformance === undefined) {
  Deno.test({ name: "xdr: DROVER_CONFORMANCE names no conformance data", ignore: true, fn: () => {} });
} else {
  const folder = `${conformance}/xdr`;
  const { vectors, must_fail: refused } = read(folder);

  for (const { file, type, value } of vectors) {
    Deno.test(`${file}: ${type} is written and read as libvirt does`, () => {
      const known = cases[type];
      assert(known !== undefined, `no description for ${type}`);
      const expected = Deno.readFileSync(`${folder}/${file}`);
      const ours = known.ours(value);
      assert.deepEqual(encode(known.xdr, ours), new Uint8Array(expected));
      assert.deepEqual(decode(known.xdr, expected), ours);
    });
  }

  for (const { type, why } of refused) {
    Deno.test(`${type} refuses ${why}, to be written and to be read`, () => {
      const known = cases[type];
      const bad = tooMuch[type];
      assert(known !== undefined && bad !== undefined, `no bad value for ${type}`);
      assert.throws(() => encode(known.xdr, bad.value), isProtocolError);
      assert.throws(() => decode(known.xdr, bad.message), isProtocolError);
    });
  }
}

Deno.test("characters above 127 are written with a sign and read with or without one", () => {
  const value = new Uint8Array([0x41, 0xff]);
  const written = encode(chars(8), value);
  assert.equal(written.toHex(), "0000000200000041ffffffff");
  assert.deepEqual(decode(chars(8), written), value);
  assert.deepEqual(decode(chars(8), Uint8Array.fromHex("0000000200000041000000ff")), value);
  assert.throws(() => decode(chars(8), Uint8Array.fromHex("0000000200000041000001ff")), isProtocolError);
});

function isProtocolError(error: unknown): boolean {
  return error instanceof VirtError && error.code === "protocol";
}
