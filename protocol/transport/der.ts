/**
 * The pieces of which certificates are made: tag, length, content (ITU-T X.690, DER).
 *
 * @module
 */

/** One piece of DER: its tag and its content. */
export interface Piece {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/**
 * The pieces that follow one another in some DER.
 *
 * @throws {RangeError} where they do not fit into it.
 *
 * @example
 * ```ts
 * import { pieces } from "./der.ts";
 * pieces(new Uint8Array([2, 1, 7]))[0]?.content; // Uint8Array [ 7 ]
 * ```
 */
export function pieces(der: Uint8Array): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  while (at < der.length) {
    const tag = der[at] ?? 0;
    const first = der[at + 1] ?? 0;
    const extra = first < 0x80 ? 0 : first & 0x7f;
    if (extra > 4) throw new RangeError("a length of more than four bytes");
    const length = extra === 0
      ? first
      : der.subarray(at + 2, at + 2 + extra).reduce((sum, byte) => sum * 256 + byte, 0);
    const start = at + 2 + extra;
    if (start + length > der.length) throw new RangeError("a piece that is longer than the whole");
    found.push({
      tag,
      content: der.subarray(start, start + length),
      whole: der.subarray(at, start + length),
    });
    at = start + length;
  }
  return found;
}

/**
 * The piece, which is to be of a kind.
 *
 * @throws {RangeError} where it is not, or there is none.
 */
export function expect(piece: Piece | undefined, tag: number): Piece {
  if (piece?.tag === tag) return piece;
  throw new RangeError(`a piece of kind ${piece?.tag} instead of ${tag}`);
}
