import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError } from "../../../model/error.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { allAreSettled, recordSession, startClient, whole } from "./session_record.ts";

const recorded = await recordSession();

async function take(...pieces: readonly Uint8Array[]): Promise<void> {
  await using client = startClient();
  await settled();
  client.it.server.link.push(...pieces);
  await settled();
  const { found, refused, stream, described } = client.fates;
  assert.deepEqual(found, { value: whole.found });
  assert.deepEqual(stream, { value: whole.stream });
  assert.deepEqual(described, { value: whole.described });
  assert.deepEqual(client.events, whole.events);
  assert.ok(typeof refused === "object" && "error" in refused && isVirtError(refused.error, "not-found"));
  assert.equal(client.it.server.pongs, 1);
}

Deno.test("a session means the same wherever its bytes are cut in two", async () => {
  for (let cut = 0; cut <= recorded.length; cut++) {
    await take(recorded.subarray(0, cut), recorded.subarray(cut));
  }
});

Deno.test("a session means the same when it comes byte by byte, and when it comes at once", async () => {
  await take(...Array.from(recorded, (byte) => new Uint8Array([byte])));
  await take(recorded);
});

Deno.test("a session that breaks off anywhere leaves nobody waiting, and all that was whole counts", async () => {
  for (let end = 0; end < recorded.length; end++) {
    await using client = startClient();
    await settled();
    client.it.server.link.push(recorded.subarray(0, end));
    client.it.server.link.end();
    await settled();
    assert.ok(allAreSettled(client.fates), `after ${end} bytes: ${JSON.stringify(client.fates)}`);
    const { closed, found } = client.fates;
    assert.ok(typeof closed === "object" && "value" in closed && isVirtError(closed.value, "unreachable"));
    assert.ok(typeof found === "object" && "error" in found, "its reply is the last, and was cut");
  }
});

/** Random pieces of bytes. */
function split(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, index) => bytes.subarray(cuts[index - 1] ?? 0, cut));
}

/** A change to bytes that were right. */
type Mutation =
  | { readonly kind: "set" | "insert"; readonly at: number; readonly value: number }
  | { readonly kind: "remove" | "repeat"; readonly at: number; readonly count: number }
  | { readonly kind: "word"; readonly at: number; readonly value: number };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom("set", "insert"), at: fc.nat(), value: fc.nat(255) }),
  fc.record({ kind: fc.constantFrom("remove", "repeat"), at: fc.nat(), count: fc.nat(80) }),
  // Words in the right places do most harm: lengths, numbers, counts.
  fc.record({
    kind: fc.constant("word"),
    at: fc.nat(),
    value: fc.oneof(fc.nat(10), fc.nat(100), fc.constantFrom(0xffffffff, 0x7fffffff, 0x80000000)),
  }),
);

function mutated(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const at = mutation.at % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (mutation.kind) {
    case "set":
      return bytes.with(at, mutation.value);
    case "insert":
      return new Uint8Array([...before, mutation.value, ...after]);
    case "remove":
      return new Uint8Array([...before, ...after.subarray(mutation.count)]);
    case "repeat":
      return new Uint8Array([...before, ...after.subarray(0, mutation.count), ...after]);
    case "word": {
      const copy = bytes.slice();
      const place = Math.min(at & ~3, copy.length - 4);
      new DataView(copy.buffer).setUint32(place, mutation.value);
      return copy;
    }
  }
}

async function survive(bytes: Uint8Array, places: readonly number[]): Promise<void> {
  await using client = startClient();
  await settled();
  client.it.server.link.push(...split(bytes, places));
  await settled();
  client.it.server.link.end();
  await settled();
  await settled();
  assert.ok(allAreSettled(client.fates), JSON.stringify(client.fates));
}

Deno.test("random bytes end a connection, and nobody waits for ever or sees an error that is not ours", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.array(fc.nat(), { maxLength: 6 }), survive),
    { numRuns: 300 },
  );
});

Deno.test("bytes that were right and were spoiled do no more harm than that", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      async (mutations, places) => {
        await survive(
          mutations.reduce((bytes, each) => bytes.length === 0 ? bytes : mutated(bytes, each), recorded),
          places,
        );
      },
    ),
    { numRuns: 1000 },
  );
});
