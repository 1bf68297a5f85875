/**
 * Filters of lists, as libvirt's bits say them.
 *
 * @module
 */

/** Of two bits that are each other's opposite: what is asked for; both are the same as none. */
export function oneOf(flags: number, yes: number, no: number): boolean | undefined {
  const wanted = flags & (yes | no);
  return wanted === 0 || wanted === (yes | no) ? undefined : wanted === yes;
}

/** The words whose bits are set; all words where none of them is, as `undefined`. */
export function wordsOf<W extends string>(
  flags: number,
  bits: Readonly<Record<W, number>>,
): readonly W[] | undefined {
  const words = (Object.keys(bits) as W[]).filter((word) => (flags & bits[word]) !== 0);
  return words.length === 0 ? undefined : words;
}

/** All bits of a table. */
export function allBits(bits: Readonly<Record<string, number>>): number {
  return Object.values(bits).reduce((all, bit) => all | bit, 0);
}
