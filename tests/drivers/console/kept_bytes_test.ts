import assert from "node:assert/strict";
import fc from "fast-check";
import { KeptBytes } from "../../../drivers/console/kept_bytes.ts";

Deno.test("what is kept is the last of what came, wherever one begins to read", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 1, max: 70 }),
      fc.nat(400),
      fc.nat(90),
      (pieces, limit, from, most) => {
        const kept = new KeptBytes(limit);
        for (const piece of pieces) kept.push(piece);
        const all = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
        assert.equal(kept.end, all.length);
        assert.equal(kept.begin, Math.max(0, all.length - limit));
        const read = kept.read(from, most);
        const start = Math.min(Math.max(from, kept.begin), all.length);
        assert.equal(read.from, start);
        assert.equal(read.to, Math.min(all.length, start + most));
        assert.deepEqual(read.data, all.slice(read.from, read.to));
        assert.equal(read.lost, Math.max(0, start - from));
      },
    ),
  );
});

Deno.test("a piece larger than what is kept leaves its end, after more than its own size too", () => {
  const kept = new KeptBytes(8192);
  kept.push(new Uint8Array(3));
  const large = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  kept.push(large);
  assert.deepEqual(kept.read(0, 8192).data, large.slice(-8192));
  assert.equal(kept.read(0, 8192).lost, 100_003 - 8192);
});
