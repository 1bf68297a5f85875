/**
 * Inventories: hosts, the groups that they are in, and the variables of both.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Value, Vars } from "../engine/program.ts";

/** A host of an inventory: a hypervisor, or a domain on one. */
export interface InventoryHost {
  readonly name: string;
  /** Its groups, `all` among them. */
  readonly groups: readonly string[];
  /** The host's, above those of its groups. */
  readonly vars: Vars;
}

/** An inventory. */
export interface Inventory {
  /** In the order in which they were named. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  /** Members by group, those of its children among them. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

interface Group {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  readonly vars: Record<string, Value>;
}

/** Puts an inventory together, from as many sources as there are. */
export class InventoryBuilder {
  readonly #groups = new Map<string, Group>();
  readonly #hostVars = new Map<string, Record<string, Value>>();
  readonly #apart = new Set<string>();

  constructor() {
    this.group("all");
  }

  /** Makes a group known. */
  group(name: string): void {
    if (!this.#groups.has(name)) this.#groups.set(name, { hosts: new Set(), children: new Set(), vars: {} });
  }

  /** Whether a group is known. */
  hasGroup(name: string): boolean {
    return this.#groups.has(name);
  }

  /** Adds a host to a group. */
  host(name: string, { group, vars = {} }: { readonly group: string; readonly vars?: Vars }): void {
    const known = this.#hostVars.get(name) ?? {};
    Object.assign(known, vars);
    this.#hostVars.set(name, known);
    this.#of(group).hosts.add(name);
  }

  /** Keeps a host out of `all`: it is meant only where it is named, or one of its groups is. */
  apart(name: string): void {
    this.#apart.add(name);
  }

  /** Adds variables to a host that is known already; else nothing is done. */
  hostVars(name: string, vars: Vars): void {
    const known = this.#hostVars.get(name);
    if (known !== undefined) Object.assign(known, vars);
  }

  /** Adds variables to a group. */
  groupVars(name: string, vars: Vars): void {
    Object.assign(this.#of(name).vars, vars);
  }

  /** Makes a group a part of another. */
  child(parent: string, child: string): void {
    this.group(child);
    this.#of(parent).children.add(child);
  }

  /**
   * The inventory.
   *
   * @throws {VirtError} `invalid-argument` where groups hold each other.
   */
  build(): Inventory {
    const depths = this.#depths();
    const members = new Map([...this.#groups.keys()].map((name) => [name, this.#members(name)] as const));
    members.set("all", new Set([...this.#hostVars.keys()].filter((name) => !this.#apart.has(name))));
    const grouped = new Set(
      [...members].filter(([name]) => name !== "all" && name !== "ungrouped").flatMap((
        [, names],
      ) => [...names]),
    );
    members.set("ungrouped", new Set([...this.#hostVars.keys()].filter((name) => !grouped.has(name))));
    const hosts = new Map<string, InventoryHost>();
    for (const [name, own] of this.#hostVars) {
      const groups = [...members].filter(([, names]) => names.has(name)).map(([group]) => group);
      const byDepth = groups.toSorted((a, b) =>
        (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || (a < b ? -1 : 1)
      );
      const vars: Record<string, Value> = {};
      for (const group of byDepth) Object.assign(vars, this.#groups.get(group)?.vars);
      hosts.set(name, { name, groups, vars: { ...vars, ...own } });
    }
    return { hosts, groups: new Map([...members].map(([name, names]) => [name, [...names]] as const)) };
  }

  #of(name: string): Group {
    this.group(name);
    return this.#groups.get(name)!;
  }

  #members(name: string): Set<string> {
    const found = new Set<string>();
    const seen = new Set<string>();
    const visit = (group: string): void => {
      if (seen.has(group)) return;
      seen.add(group);
      for (const host of this.#groups.get(group)?.hosts ?? []) found.add(host);
      for (const child of this.#groups.get(group)?.children ?? []) visit(child);
    };
    visit(name);
    // The order is that in which hosts were named.
    return new Set([...this.#hostVars.keys()].filter((host) => found.has(host)));
  }

  /** How deep each group is: variables of deeper ones are stronger. */
  #depths(): ReadonlyMap<string, number> {
    const depths = new Map<string, number>([["all", 0]]);
    const visit = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) {
        throw new VirtError(
          "invalid-argument",
          `Cannot use the inventory: the groups ${
            [...path, name].map((each) => `"${each}"`).join(" > ")
          } hold each other`,
        );
      }
      depths.set(name, Math.max(depths.get(name) ?? 1, path.length));
      for (const child of this.#groups.get(name)?.children ?? []) visit(child, [...path, name]);
    };
    visit("all", []);
    for (const name of this.#groups.keys()) if (name !== "all") visit(name, ["all"]);
    return depths;
  }
}
