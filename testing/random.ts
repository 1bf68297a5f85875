/**
 * Chance that repeats itself: a generator whose numbers follow from a seed.
 *
 * @module
 */

/** Numbers from 0 (included) to 1 (excluded). */
export type Random = () => number;

/**
 * A generator of the xorshift family with 128 bits of state (Marsaglia, "Xorshift RNGs", 2003), its state spread from
 * the seed by a Weyl sequence, so that neighbouring seeds have nothing in common.
 *
 * @example
 * ```ts
 * import { seededRandom } from "./random.ts";
 * seededRandom(7)() === seededRandom(7)(); // true
 * ```
 */
export function seededRandom(seed: number): Random {
  let weyl = seed | 0;
  const spread = (): number => {
    weyl = (weyl + 0x9e3779b9) | 0;
    let mixed = Math.imul(weyl ^ (weyl >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let [a, b, c, d] = [spread(), spread(), spread(), spread() | 1];
  return (): number => {
    let shifted = d;
    const last = a;
    d = c;
    c = b;
    b = last;
    shifted ^= shifted << 11;
    shifted ^= shifted >>> 8;
    a = shifted ^ last ^ (last >>> 19);
    return (a >>> 0) / 2 ** 32;
  };
}

/** A version 4 UUID (RFC 9562) made of a generator's numbers. */
export function randomUuid(random: Random): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = bytes.toHex();
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([from, to]) => digits.slice(from, to)).join(
    "-",
  );
}
