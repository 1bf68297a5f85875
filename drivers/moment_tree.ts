/**
 * How the snapshots of one domain hang together, or its checkpoints.
 *
 * @module
 */

/** Which of them are asked for. */
export interface MomentFilter {
  /** Only what is under this one. */
  readonly from?: string | undefined;
  /** With `from`: not only its children. */
  readonly descendants: boolean;
  /** Only those without a parent. */
  readonly roots: boolean;
  /** Only those without children, or only those with. */
  readonly leaves?: boolean | undefined;
}

/** The tree of a domain's snapshots, or of its checkpoints, by name. Several may stand at the top. */
export class MomentTree {
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

  /** Those at the top, or right under another. */
  childrenOf(name: string | undefined): readonly string[] {
    return [...this.#children.get(name) ?? []];
  }

  /** Everything under one, children before their parents. */
  descendantsOf(name: string): readonly string[] {
    const found: string[] = [];
    const open = [...this.childrenOf(name)];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      found.push(next);
      open.push(...this.childrenOf(next));
    }
    return found.reverse();
  }

  /** Those that are asked for, oldest first; `undefined` where the one that they are to be under is not there. */
  matching({ from, descendants, roots, leaves }: MomentFilter): readonly string[] | undefined {
    if (from !== undefined && !this.has(from)) return undefined;
    const under = from === undefined
      ? undefined
      : new Set(descendants ? this.descendantsOf(from) : this.childrenOf(from));
    return this.names().filter((name) =>
      (under?.has(name) ?? true) && (!roots || this.parentOf(name) === undefined) &&
      (leaves === undefined || leaves === (this.childrenOf(name).length === 0))
    );
  }

  /** Puts one in its place, or moves it. */
  put(name: string, parent: string | undefined): void {
    if (this.#parents.has(name)) this.#children.get(this.#parents.get(name))?.delete(name);
    this.#parents.set(name, parent);
    const siblings = this.#children.get(parent) ?? new Set<string>();
    this.#children.set(parent, siblings);
    siblings.add(name);
  }

  /** Takes one out. Its children have been moved before. */
  remove(name: string): void {
    this.#children.get(this.#parents.get(name))?.delete(name);
    this.#parents.delete(name);
  }
}
