/**
 * Reading maps of a playbook key by key: every key is known, every value of its type, or the fault says where.
 *
 * @module
 */
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { Place, Share } from "../engine/program.ts";
import { type Entry, kindOf, type Source, sourceFault } from "../source.ts";

/** A map whose keys are taken one by one. */
export class MapReader {
  readonly at: Place;
  readonly what: string;
  readonly #entries: ReadonlyMap<string, Entry>;

  /** @throws {VirtError} where the source is no map. */
  constructor(source: Source, what: string) {
    if (source.kind !== "map") {
      throw sourceFault(`Cannot read ${what}: a map is expected, not ${kindOf(source)}`, source.at, {
        hint: "Write KEY: VALUE, one to a line",
      });
    }
    this.at = source.at;
    this.what = what;
    this.#entries = source.entries;
  }

  /** The keys, in their order. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** An entry. */
  get(key: string): Source | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Where a key stands. */
  keyAt(key: string): Place {
    return this.#entries.get(key)?.keyAt ?? this.at;
  }

  /** Refuses keys that are not known, with the one that was likely meant. */
  refuseUnknown(known: readonly string[], why: Readonly<Record<string, string>> = {}): void {
    for (const key of this.keys) if (!known.includes(key)) throw this.unknown(key, known, why);
  }

  /** The fault of an unknown key. */
  unknown(key: string, known: readonly string[], why: Readonly<Record<string, string>> = {}): Error {
    const reason = why[key];
    const near = nearest(key, known);
    return sourceFault(`Unknown key "${key}" in ${this.what}`, this.keyAt(key), {
      hint: reason ?? (near === undefined ? `Known are: ${known.join(", ")}` : `Did you mean ${near}?`),
    });
  }

  /** A text. */
  text(key: string): string | undefined {
    const source = this.get(key);
    if (source === undefined) return undefined;
    if (source.kind === "scalar" && source.word !== undefined) return source.word;
    if (source.kind === "scalar" && (typeof source.value === "string" || typeof source.value === "number")) {
      return String(source.value);
    }
    throw this.#wrong(key, source, "a text");
  }

  /** A boolean. */
  boolean(key: string): boolean | undefined {
    const source = this.get(key);
    if (source === undefined) return undefined;
    if (source.kind === "scalar" && typeof source.value === "boolean") return source.value;
    throw this.#wrong(key, source, "true or false");
  }

  /** A whole number, at least `least`. */
  count(key: string, least: number): number | undefined {
    const source = this.get(key);
    if (source === undefined) return undefined;
    if (
      source.kind === "scalar" && typeof source.value === "number" && Number.isInteger(source.value) &&
      source.value >= least
    ) {
      return source.value;
    }
    throw this.#wrong(key, source, `a whole number, at least ${least}`);
  }

  /** Texts: a list, or one alone; with `split`, also separated by commas. */
  texts(key: string, { split = false }: { readonly split?: boolean } = {}): readonly string[] {
    const source = this.get(key);
    if (source === undefined || (source.kind === "scalar" && source.value === null)) return [];
    const items = source.kind === "list" ? source.items : [source];
    return items.flatMap((item) => {
      if (item.kind !== "scalar" || item.value === null) throw this.#wrong(key, item, "a text");
      const text = item.word ?? String(item.value);
      return split ? text.split(",").map((each) => each.trim()) : [text];
    });
  }

  /** A list. */
  list(key: string): readonly Source[] {
    const source = this.get(key);
    if (source === undefined || (source.kind === "scalar" && source.value === null)) return [];
    if (source.kind === "list") return source.items;
    throw this.#wrong(key, source, "a list");
  }

  /** Numbers and percentages: one, or a list. */
  shares(key: string, least: number): readonly Share[] {
    const source = this.get(key);
    if (source === undefined) return [];
    return (source.kind === "list" ? source.items : [source]).map((item) => this.#share(key, item, least));
  }

  #share(key: string, source: Source, least: number): Share {
    const value = source.kind === "scalar" ? source.value : null;
    const percent = typeof value === "string" ? /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(value)?.[1] : undefined;
    if (percent !== undefined && Number(percent) <= 100 && Number(percent) >= Math.min(least, 0)) {
      return { percent: Number(percent) };
    }
    const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof count === "number" && Number.isInteger(count) && count >= least) return count;
    throw this.#wrong(key, source, `a number, at least ${least}, or a percentage such as "25%"`);
  }

  #wrong(key: string, source: Source, expected: string): Error {
    return sourceFault(
      `Wrong value for "${key}" in ${this.what}: ${expected} is expected, not ${kindOf(source)}`,
      source.at,
    );
  }
}
