/**
 * How the snapshots of one domain hang together.
 *
 * @module
 */

/** The tree of a domain's snapshots, by name. Several may stand at the top. */
export class SnapshotTree {
  readonly #parents = new Map<string, string | undefined>();
  readonly #children = new Map<string | undefined, Set<string>>();

  get size(): number {
    return this.#parents.size;
  }

  has(name: string): boolean {
    return this.#parents.has(name);
  }

  /** All names, oldest first. */
  names(): readonly string[] {
    return [...this.#parents.keys()];
  }

  parentOf(name: string): string | undefined {
    return this.#parents.get(name);
  }

  /** The snapshots at the top, or right under another. */
  childrenOf(name: string | undefined): readonly string[] {
    return [...this.#children.get(name) ?? []];
  }

  /** Everything under a snapshot, children before their parents. */
  descendantsOf(name: string): readonly string[] {
    const found: string[] = [];
    const open = [...this.childrenOf(name)];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      found.push(next);
      open.push(...this.childrenOf(next));
    }
    return found.reverse();
  }

  /** Puts a snapshot in its place, or moves it. */
  put(name: string, parent: string | undefined): void {
    if (this.#parents.has(name)) this.#children.get(this.#parents.get(name))?.delete(name);
    this.#parents.set(name, parent);
    const siblings = this.#children.get(parent) ?? new Set<string>();
    this.#children.set(parent, siblings);
    siblings.add(name);
  }

  /** Takes a snapshot out. Its children have been moved before. */
  remove(name: string): void {
    this.#children.get(this.#parents.get(name))?.delete(name);
    this.#parents.delete(name);
  }
}
