import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, FrameDecoder, FrameError } from "../../model/frame.ts";

const bounds = { maxBytes: 4096 };

function framed(body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length);
  frame.set(bytes, 4);
  return frame;
}

function decodeAll(pieces: readonly Uint8Array[]): unknown[] {
  const decoder = new FrameDecoder(bounds);
  const values: unknown[] = [];
  for (const piece of pieces) {
    decoder.feed(piece);
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
  }
  return values;
}

const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => Object.is(number, -0) ? 0 : number),
    fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
    fc.uint8Array({ maxLength: 32 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

Deno.test("what is put into frames comes out of them, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(anyValue, { maxLength: 5 }),
      fc.array(fc.nat(40), { maxLength: 40 }),
      (values, cuts) => {
        const large = { maxBytes: 2 ** 20 };
        const stream = new Uint8Array(values.flatMap((value) => [...encodeFrame({ value }, large)]));
        const decoder = new FrameDecoder(large);
        const found: unknown[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          decoder.feed(stream.subarray(at, at + cut));
          at = Math.min(stream.length, at + cut);
          for (let value = decoder.next(); value !== undefined; value = decoder.next()) found.push(value);
        }
        assert.deepEqual(found, values.map((value) => ({ value })));
      },
    ),
  );
});

Deno.test("a frame that comes byte by byte is one value", () => {
  const frame = encodeFrame({ t: "ready", version: 1 }, bounds);
  assert.deepEqual(decodeAll([...frame].map((byte) => Uint8Array.of(byte))), [{ t: "ready", version: 1 }]);
});

Deno.test("a piece may be used again once it has been fed", () => {
  const decoder = new FrameDecoder(bounds);
  const frame = encodeFrame({ a: 1 }, bounds);
  decoder.feed(frame.subarray(0, 6));
  const rest = frame.slice(6);
  decoder.feed(rest);
  rest.fill(0);
  assert.deepEqual(decoder.next(), { a: 1 });
});

Deno.test("a frame larger than the bound is refused by its header alone", () => {
  const decoder = new FrameDecoder(bounds);
  decoder.feed(Uint8Array.of(0x7f, 0xff, 0xff, 0xff));
  assert.throws(
    () => decoder.next(),
    new FrameError("A frame announces 2147483647 bytes: the limit is 4096 bytes"),
  );
});

Deno.test("a length with its highest bit set is large, not negative", () => {
  const decoder = new FrameDecoder(bounds);
  decoder.feed(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  assert.throws(() => decoder.next(), /announces 4294967295 bytes/);
});

for (
  const [what, body, message] of [
    ["is empty", "", /empty/],
    ["is not JSON", "{", /does not hold JSON/],
    ["is not UTF-8", Uint8Array.of(0x22, 0xff, 0x22), /does not hold JSON/],
    ["begins with a byte order mark", "\ufeff1", /does not hold JSON/],
    ["holds bytes that are no text", '{"$bytes":1}', /not text/],
    ["holds bytes that are not base64", '{"$bytes":"?"}', /not base64/],
    ["holds bytes nested without end", `${"[".repeat(500)}"$bytes"${"]".repeat(500)}`, /nested deeper/],
  ] as const
) {
  Deno.test(`a frame that ${what} is refused`, () => {
    assert.throws(
      () => decodeAll([framed(body)]),
      (error) => error instanceof FrameError && message.test(error.message),
    );
  });
}

Deno.test("an object with more beside its bytes is an object", () => {
  assert.deepEqual(decodeAll([framed('{"$bytes":"AA==","more":1}')]), [{ $bytes: "AA==", more: 1 }]);
});

Deno.test("a key that names the prototype stays a key", () => {
  const [value] = decodeAll([framed('{"__proto__":{"polluted":{"$bytes":"AA=="}}}')]);
  assert.deepEqual(Object.keys(value as object), ["__proto__"]);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

Deno.test("a value larger than the bound is not sent", () => {
  assert.throws(() => encodeFrame("x".repeat(5000), bounds), /5002 bytes: the limit is 4096 bytes/);
});

Deno.test("a value without a JSON form is not sent", () => {
  assert.throws(() => encodeFrame(undefined, bounds), /has no JSON form/);
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  assert.throws(() => encodeFrame(cycle, bounds), TypeError);
});
