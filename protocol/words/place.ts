/**
 * Words that stand on the wire as numbers, for the client and the server alike: each at the place of its number.
 *
 * @module
 */

/** The number of a word; 0, which libvirt has for what is not known, for one that is not in the list. */
export function placeOf(words: readonly (string | undefined)[], word: string | undefined): number {
  return word === undefined ? 0 : Math.max(0, words.indexOf(word));
}
