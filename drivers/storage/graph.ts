/**
 * The graph of images: which is the backing file of which, and who uses them.
 *
 * @module
 */

/** Somebody needs the bytes of an image. */
export interface ImageUse {
  /** The image's path, or where else it is. */
  readonly path: string;
  /** Who: `domain "web-1", disk vda`. */
  readonly by: string;
  /** The UUID of the domain. */
  readonly domain: string;
}

/** One image is made of what another one holds, and what was written since. */
export interface BackingLink {
  readonly overlay: string;
  readonly base: string;
  /** The UUID of the domain whose definition or snapshot says so; absent where the image itself does. */
  readonly domain?: string;
}

/** What is known of a host's images. */
export interface StorageFacts {
  readonly uses: readonly ImageUse[];
  readonly links: readonly BackingLink[];
}

/** What needs an image: somebody who uses it, or an image that is made of it. */
export type Need = { readonly use: ImageUse } | { readonly overlay: string };

/** The graph of images on one host. */
export class StorageGraph {
  readonly #uses: ReadonlyMap<string, readonly ImageUse[]>;
  readonly #overlays: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #facts: StorageFacts;

  constructor(facts: StorageFacts) {
    this.#facts = facts;
    this.#uses = Map.groupBy(distinct(facts.uses), ({ path }) => path);
    const overlays = new Map<string, Set<string>>();
    for (const { overlay, base } of facts.links) {
      if (overlay !== base) overlays.getOrInsertComputed(base, () => new Set()).add(overlay);
    }
    this.#overlays = overlays;
  }

  /** What needs an image directly. */
  needs(path: string): readonly Need[] {
    return [
      ...(this.#uses.get(path) ?? []).map((use) => ({ use })),
      ...[...this.#overlays.get(path) ?? []].sort().map((overlay) => ({ overlay })),
    ];
  }

  /** The images of a domain: those that it uses, and those that its snapshots and its chains are made of. */
  imagesOf(domain: string): ReadonlySet<string> {
    const { uses, links } = this.#facts;
    return new Set([
      ...uses.filter((use) => use.domain === domain).map(({ path }) => path),
      ...links.filter((link) => link.domain === domain).flatMap(({ overlay, base }) => [overlay, base]),
    ]);
  }

  /**
   * What would be broken if images went or became other than they are: those who use them, and the images made of them.
   *
   * @param among needs of these images and of this domain do not count: they are changed together
   */
  broken(
    paths: Iterable<string>,
    among: { readonly images: ReadonlySet<string>; readonly domain?: string },
  ): readonly string[] {
    return [...new Set(paths)].filter((path) =>
      this.needs(path).some((need) =>
        "use" in need ? need.use.domain !== among.domain : !among.images.has(need.overlay)
      )
    );
  }

  /** An image and all that is made of it, as an indented tree with who uses what. */
  draw(path: string): string {
    return [...this.#lines(path, "", new Set())].join("\n");
  }

  *#lines(path: string, indent: string, above: ReadonlySet<string>): Generator<string> {
    const users = (this.#uses.get(path) ?? []).map(({ by }) => by);
    const again = above.has(path) ? " (again)" : "";
    yield `${indent}${path}${users.length === 0 ? "" : `  <- ${users.join("; ")}`}${again}`;
    if (again !== "") return;
    for (const overlay of [...this.#overlays.get(path) ?? []].sort()) {
      yield* this.#lines(overlay, `${indent}  `, new Set([...above, path]));
    }
  }
}

function distinct(uses: readonly ImageUse[]): readonly ImageUse[] {
  return [...new Map(uses.map((use) => [`${use.path}\n${use.by}`, use])).values()];
}
