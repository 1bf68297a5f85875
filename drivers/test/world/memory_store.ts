/**
 * A world that lives as long as the process.
 *
 * @module
 */
import type { Done, EffectLine, WorldStore } from "./hypervisor.ts";
import { MemoryImageStore } from "./image.ts";
import type { Change } from "./record.ts";

/** How many lines of the effect log are kept in memory. */
const keptLines = 1_000;

/** Keeps nothing beyond the process, and the effect log where tests can read it. */
export class MemoryStore implements WorldStore {
  readonly images: MemoryImageStore = new MemoryImageStore();
  readonly #content: readonly Change[];
  #lines: EffectLine[] = [];
  #sequence = 0;

  constructor(content: readonly Change[]) {
    this.#content = content;
  }

  /** The effect log. */
  get log(): readonly EffectLine[] {
    return this.#lines;
  }

  load(): Iterable<Change> {
    return this.#content;
  }

  secrets(): Iterable<readonly [string, string]> {
    return [];
  }

  commit({ line }: Done): void {
    this.#lines.push({ sequence: ++this.#sequence, ...line });
    if (this.#lines.length > 2 * keptLines) this.#lines = this.#lines.slice(-keptLines);
  }

  rollback(): void {}

  [Symbol.dispose](): void {}
}
