/**
 * Hardware addresses for new interfaces.
 *
 * @module
 */

/** Hardware addresses in QEMU's range, one after the other. */
export function macsFrom(seed: string): () => string {
  let next = Number.parseInt(seed.replaceAll("-", "").slice(-6), 16);
  return () => {
    const tail = (next++ & 0xffffff).toString(16).padStart(6, "0").match(/../g)?.join(":") ?? "";
    return `52:54:00:${tail}`;
  };
}
