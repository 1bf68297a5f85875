/**
 * Patterns over an inventory: `web:&prod:!web-3`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { Inventory } from "./inventory.ts";

/**
 * The hosts that a pattern means, in the order of the inventory. Parts are separated by `:` or `,`; `&` before one keeps
 * only those that are in it too, `!` takes away. A part is a group, a host, a glob, `~` with a regular expression, or any
 * of these with `[0]`, `[-1]` or `[0:2]`.
 *
 * @throws {VirtError} `not-found` for a name that is neither group nor host; `invalid-argument` for what is no pattern.
 */
export function matchHosts(pattern: string, inventory: Inventory): readonly string[] {
  const parts = partsOf(pattern);
  const plain = parts.filter((part) => !/^[&!]/.test(part));
  const chosen = new Set(
    (plain.length === 0 && parts.length > 0 ? ["all"] : plain).flatMap((part) => membersOf(part, inventory)),
  );
  for (const part of parts.filter((each) => each.startsWith("&"))) {
    const kept = new Set(membersOf(part.slice(1), inventory));
    for (const name of chosen) if (!kept.has(name)) chosen.delete(name);
  }
  for (const part of parts.filter((each) => each.startsWith("!"))) {
    for (const name of membersOf(part.slice(1), inventory)) chosen.delete(name);
  }
  return [...inventory.hosts.keys()].filter((name) => chosen.has(name));
}

/** The parts of a pattern; separators in brackets and behind `~` are their own. */
function partsOf(pattern: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (const character of pattern) {
    if (character === "[") depth++;
    if (character === "]") depth--;
    const isEnd = depth === 0 && (character === "," || (character === ":" && !/^[&!]?~/.test(part)));
    if (isEnd) {
      parts.push(part.trim());
      part = "";
    } else part += character;
  }
  return [...parts, part.trim()].filter((each) => each !== "");
}

function membersOf(part: string, inventory: Inventory): readonly string[] {
  const { hosts, groups } = inventory;
  if (hosts.has(part)) return [part];
  const direct = groups.get(part);
  if (direct !== undefined) return direct;
  if (part.startsWith("~")) {
    const expression = regularExpression(part.slice(1));
    return byName(inventory, (name) => expression.test(name));
  }
  const range = /^(.*)\[(-?\d+)?(:)?(-?\d+)?\]$/.exec(part);
  if (range?.[1] !== undefined && (range[2] !== undefined || range[3] !== undefined)) {
    const members = membersOf(range[1] === "" ? "all" : range[1], inventory);
    if (range[3] === undefined) {
      return members.at(Number(range[2])) === undefined ? [] : [members.at(Number(range[2]))!];
    }
    // Both ends are within, as Ansible has it.
    const last = range[4] === undefined ? undefined : Number(range[4]) + 1;
    return members.slice(Number(range[2] ?? 0), last === 0 ? undefined : last);
  }
  if (part === "*") return groups.get("all") ?? [];
  if (/[*?[]/.test(part)) {
    const expression = globExpression(part);
    return byName(inventory, (name) => expression.test(name));
  }
  const known = [...hosts.keys(), ...groups.keys()];
  const near = nearest(part, known);
  throw new VirtError("not-found", `There is no host and no group "${part}" in the inventory`, {
    hint: near === undefined
      ? "See what there is with: drover play FILE --list-hosts"
      : `Did you mean ${near}?`,
  });
}

/** Hosts whose own name, or that of one of whose groups, is as wanted. */
function byName({ hosts, groups }: Inventory, wanted: (name: string) => boolean): readonly string[] {
  const found = new Set([...groups].filter(([name]) => wanted(name)).flatMap(([, members]) => members));
  const all = new Set(groups.get("all"));
  return [...hosts.keys()].filter((name) => (all.has(name) && wanted(name)) || found.has(name));
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})`);
  } catch (cause) {
    throw new VirtError(
      "invalid-argument",
      `Cannot read the pattern "~${text}": it is no regular expression`,
      { cause },
    );
  }
}

/** `*`, `?` and `[a-z]`. */
function globExpression(glob: string): RegExp {
  const body = glob.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll(/\*+/g, ".*").replaceAll("?", ".")
    .replaceAll("[!", "[^");
  try {
    return new RegExp(`^${body}$`);
  } catch (cause) {
    throw new VirtError("invalid-argument", `Cannot read the pattern "${glob}": it is no glob`, { cause });
  }
}
