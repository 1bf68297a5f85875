/**
 * Random numbers that depend on nothing but the run's seed, so that a resumed run draws the same ones.
 *
 * The generator is ChaCha20 (RFC 8439, section 2.3), keyed by the seed: whoever does not know the seed cannot guess what
 * comes next, so the numbers may also serve as passwords.
 *
 * @module
 */

const { apply } = Reflect;
const { encode } = TextEncoder.prototype;
const Words = Uint32Array;
const Bytes = Uint8Array;
const encoder = new TextEncoder();
const { min, ceil } = Math;

/** RFC 8439, section 2.3: "expand 32-byte k" as four little-endian words. */
const constants = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

const keyWords = 8;
const blockBytes = 64;

/** A source of random numbers that can be repeated. */
export interface Chance {
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number;
  /** Fills `target` with random bytes. */
  fill(target: Uint8Array): void;
}

/** Makes the random numbers of a seed; any text will do, its randomness is what they have. */
export function chanceFrom(seed: string): Chance {
  const key = keyFrom(seed);
  const block = new Words(16);
  const bytes = new Bytes(block.buffer);
  let counter = 0;
  let taken = blockBytes;
  function byte(): number {
    if (taken === blockBytes) {
      chachaBlock(block, key, counter++);
      taken = 0;
    }
    return bytes[taken++]!;
  }
  function word(): number {
    return byte() + byte() * 2 ** 8 + byte() * 2 ** 16 + byte() * 2 ** 24;
  }
  return {
    fraction: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53,
    fill(target: Uint8Array): void {
      for (let index = 0; index < target.length; index++) target[index] = byte();
    },
  };
}

/** Takes in the seed 32 bytes at a time, mixing after each. */
function keyFrom(seed: string): Uint32Array {
  const text = apply(encode, encoder, [seed]);
  const key = new Words(keyWords);
  const keyBytes = new Bytes(key.buffer);
  const block = new Words(16);
  key[0] = text.length;
  for (let part = 0; part < ceil(text.length / 32); part++) {
    for (let index = 0; index < min(32, text.length - part * 32); index++) {
      keyBytes[index]! ^= text[part * 32 + index]!;
    }
    chachaBlock(block, key, part);
    for (let index = 0; index < keyWords; index++) key[index] = block[index]!;
  }
  return key;
}

/** RFC 8439, section 2.3.1, with a zero nonce. */
function chachaBlock(out: Uint32Array, key: Uint32Array, counter: number): void {
  const input = new Words(16);
  for (let index = 0; index < 4; index++) input[index] = constants[index]!;
  for (let index = 0; index < keyWords; index++) input[4 + index] = key[index]!;
  input[12] = counter;
  input[13] = counter / 2 ** 32;
  for (let index = 0; index < 16; index++) out[index] = input[index]!;
  for (let round = 0; round < 10; round++) {
    quarterRound(out, 0, 4, 8, 12);
    quarterRound(out, 1, 5, 9, 13);
    quarterRound(out, 2, 6, 10, 14);
    quarterRound(out, 3, 7, 11, 15);
    quarterRound(out, 0, 5, 10, 15);
    quarterRound(out, 1, 6, 11, 12);
    quarterRound(out, 2, 7, 8, 13);
    quarterRound(out, 3, 4, 9, 14);
  }
  for (let index = 0; index < 16; index++) out[index]! += input[index]!;
}

/** RFC 8439, section 2.1. Typed arrays wrap sums at 32 bits by themselves. */
function quarterRound(state: Uint32Array, a: number, b: number, c: number, d: number): void {
  state[a]! += state[b]!;
  state[d] = rotate(state[d]! ^ state[a]!, 16);
  state[c]! += state[d]!;
  state[b] = rotate(state[b]! ^ state[c]!, 12);
  state[a]! += state[b]!;
  state[d] = rotate(state[d]! ^ state[a]!, 8);
  state[c]! += state[d]!;
  state[b] = rotate(state[b]! ^ state[c]!, 7);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
