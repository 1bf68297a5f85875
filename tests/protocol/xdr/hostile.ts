/**
 * Messages from a far side that means no good.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import { decode, encode, type Xdr } from "../../../protocol/xdr/mod.ts";
import { valuesOf } from "./arbitrary.ts";

/** How much to try. */
export interface HostileOptions {
  /** How many messages of each sort. */
  readonly runs: number;
}

/** What is done to a valid message: where, and which four bytes are put there. */
interface Damage {
  readonly at: number;
  readonly word: number;
}

/** Words that counts, lengths, marks and numbers fall for. */
const evilWords = [0, 1, 2, 7, 0x7f, 0xff, 0x4001, 0x10001, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  word: fc.oneof(fc.constantFrom(...evilWords), fc.nat(0xffffffff)),
});

/**
 * Reads random bytes, and valid messages that were damaged, shortened or lengthened. Each must give a value, which then
 * writes as it was read, or a {@linkcode VirtError} `protocol`; and no value may hold more than its message could.
 */
export function assertOnlyProtocolErrors(description: Xdr<unknown>, { runs }: HostileOptions): void {
  const options = { numRuns: runs };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 96 }), (message) => survives(description, message)),
    options,
  );
  fc.assert(
    fc.property(
      valuesOf(description),
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: -12, max: 8 }),
      (value, damages, more) => {
        const message = encode(description, value);
        const hurt = new Uint8Array(Math.max(0, message.length + more));
        hurt.set(message.subarray(0, hurt.length));
        const view = new DataView(hurt.buffer);
        for (const { at, word } of damages) {
          if (hurt.length >= 4) view.setUint32((at % (hurt.length >> 2)) * 4, word);
        }
        survives(description, hurt);
      },
    ),
    options,
  );
}

function survives(description: Xdr<unknown>, message: Uint8Array): void {
  let value: unknown;
  try {
    value = decode(description, message);
  } catch (error) {
    assert(error instanceof VirtError && error.code === "protocol", String(error));
    return;
  }
  // Each thing takes at least four bytes of the message, so that it bounds what was made of it.
  assert(
    thingsIn(value) <= message.length / 4 + maxFieldsWithoutBytes,
    "more was made than the message holds",
  );
  assert.deepEqual(decode(description, encode(description, value)), value);
}

/** Structures and lists around things are counted with them, and some have no bytes of their own. */
const maxFieldsWithoutBytes = 64;

function thingsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (value instanceof Uint8Array) return value.length / 4;
  const inner = Object.values(value);
  return (Array.isArray(value) ? inner.length : 0) +
    inner.reduce<number>((sum, one) => sum + thingsIn(one), 0);
}
