/**
 * What members of a fleet have in common that may not be worked on together: their host, a rack, a role.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Handle } from "../handle.ts";
import { objectsOf } from "../handle.ts";
import type { Domain } from "../handles.ts";
import { labelNamespace, labelsIn } from "./definition.ts";
import { Whereabouts } from "./whereabouts.ts";

/**
 * What a member has that no other of its batch may have too: a word, several, or nothing. It is asked anew before each
 * batch.
 */
export type Apart<T> = (
  member: T,
) => string | readonly string[] | undefined | Promise<string | readonly string[] | undefined>;

/** A rule of anti-affinity: `"host"`, `"label:rack"`, or a function. */
export type ApartRule<T> = "host" | `label:${string}` | Apart<T>;

/**
 * The labels of a domain, from its metadata.
 *
 * Needs `domain:read`.
 *
 * @example
 * ```ts
 * import { type Domain, labelsOf } from "drover";
 *
 * export async function isProduction(vm: Domain): Promise<boolean> {
 *   return (await labelsOf(vm)).includes("prod");
 * }
 * ```
 */
export async function labelsOf(vm: Domain): Promise<readonly string[]> {
  try {
    const element = await vm.metadata({ kind: "element", uri: labelNamespace });
    return labelsIn(element);
  } catch (error) {
    if (isVirtError(error, "not-found")) return [];
    throw error;
  }
}

/** What labels say of a name: of `rack=a` and `rack:b`, for `rack`, `a` and `b`. */
export function labelValues(labels: readonly string[], name: string): readonly string[] {
  return labels.flatMap((label) => {
    const [, key, value] = /^([^=:]+)[=:](.*)$/s.exec(label) ?? [];
    return key?.trim() === name && value !== undefined ? [value.trim()] : [];
  });
}

/** Tells before each batch where members are, and what keeps them apart. */
export class Separation<T extends Handle> {
  readonly #rules: readonly ApartRule<T>[];

  /** @throws {VirtError} `invalid-argument` for a word that is no rule. */
  constructor(rules: ApartRule<T> | readonly ApartRule<T>[] = []) {
    this.#rules = Array.isArray(rules) ? rules : [rules as ApartRule<T>];
    for (const rule of this.#rules) {
      if (typeof rule === "function" || rule === "host" || /^label:./.test(rule)) continue;
      throw new VirtError("invalid-argument", `Cannot keep members apart by ${JSON.stringify(rule)}`, {
        hint: 'Say apart: "host", "label:NAME", or give a function that names what a member has',
      });
    }
  }

  /** A look at where members are now; nothing is asked where hosts do not matter. */
  async look(members: readonly T[]): Promise<Look<T>> {
    const rules = this.#rules;
    if (!rules.includes("host")) return new Look(rules, undefined);
    return new Look(rules, await Whereabouts.look(members));
  }
}

/** What is known before one batch. */
export class Look<T extends Handle> {
  readonly #rules: readonly ApartRule<T>[];
  readonly #whereabouts: Whereabouts | undefined;

  constructor(rules: readonly ApartRule<T>[], whereabouts: Whereabouts | undefined) {
    this.#rules = rules;
    this.#whereabouts = whereabouts;
  }

  /**
   * The handle of a member where it is now.
   *
   * @throws {VirtError} `not-found`, `unreachable`, `wrong-state` where that cannot be told.
   */
  present(member: T): T {
    // Whoever is found through another connection is of the same class.
    return (this.#whereabouts?.of(member) ?? member) as T;
  }

  /** What keeps a member apart from others. */
  async keys(member: T): Promise<readonly string[]> {
    const all = await Promise.all(this.#rules.map(async (rule, number) => {
      const found = await this.#keysBy(rule, member);
      const words = typeof found === "string" ? [found] : found ?? [];
      return words.map((word) => `${number} ${word}`);
    }));
    return all.flat();
  }

  async #keysBy(rule: ApartRule<T>, member: T): Promise<string | readonly string[] | undefined> {
    if (typeof rule === "function") return await rule(member);
    if (rule === "host") return hostKey(member);
    if (member.$ref !== "domain") {
      throw new VirtError("invalid-argument", `Cannot keep ${member} apart by "${rule}": it has no labels`, {
        hint: "Only domains have labels; give a function for others",
      });
    }
    // Its class has just been looked at.
    return labelValues(await labelsOf(member as unknown as Domain), rule.slice("label:".length));
  }
}

/** What hosts are told apart by: two connections may lead to one. */
function hostKey(member: Handle): string {
  return objectsOf(member).session.host(member.connection)?.host ?? member.connection;
}
