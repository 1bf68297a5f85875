/**
 * Filters of expressions: `x | default("y")`.
 *
 * @module
 */
import { attribute, type Filter, type Given, listOf, longest, mapOf, present } from "./filter.ts";
import { arrangingFilters } from "./arranging_filters.ts";
import { tests } from "./tests.ts";
import { textFilters } from "./text_filters.ts";
import { booleanOf, compare, equal, isMap, isTrue, Missing, textOf } from "./values.ts";

function unique(items: readonly unknown[]): unknown[] {
  const seen = new Members([]);
  return items.filter((item) => !seen.has(item) && seen.add(item));
}

/** What is in a list: found at once where it is no list or map. */
class Members {
  readonly #plain = new Set<unknown>();
  readonly #others: unknown[] = [];

  constructor(items: readonly unknown[]) {
    for (const item of items) this.add(item);
  }

  add(item: unknown): true {
    if (typeof item === "object" && item !== null) this.#others.push(item);
    else this.#plain.add(item);
    return true;
  }

  has(item: unknown): boolean {
    if (typeof item !== "object" || item === null) return this.#plain.has(item);
    return this.#others.some((each) => equal(each, item));
  }
}

function flattened(items: readonly unknown[], levels: number): unknown[] {
  return items.flatMap((item) => Array.isArray(item) && levels > 0 ? flattened(item, levels - 1) : [item]);
}

function combined(first: Record<string, unknown>, second: unknown, deep: boolean): Record<string, unknown> {
  const made = new Map(Object.entries(first));
  for (const [key, value] of Object.entries(mapOf(second))) {
    const before = made.get(key);
    made.set(key, deep && isMap(before) && isMap(value) ? combined(before, value, deep) : value);
  }
  return Object.fromEntries(made);
}

function sorted(subject: unknown, { args, named }: Given): unknown[] {
  const by = named["attribute"];
  const key = (item: unknown): unknown => by === undefined ? item : present(attribute(item, by));
  const isReverse = isTrue(named["reverse"] ?? args[0] ?? false);
  const order = listOf(subject).toSorted((a, b) => compare(folded(key(a)), folded(key(b))));
  return isReverse ? order.reverse() : order;
}

function folded(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

function extreme(subject: unknown, { named }: Given, sign: 1 | -1): unknown {
  const by = named["attribute"];
  const key = (item: unknown): unknown => by === undefined ? item : present(attribute(item, by));
  const items = listOf(subject);
  if (items.length === 0) throw new Error("the list is empty");
  return items.reduce((best, item) => compare(key(item), key(best)) * sign > 0 ? item : best);
}

/** Keeps the items for which a test holds, or does not. */
function selecting(
  { byAttribute, wanted }: { readonly byAttribute: boolean; readonly wanted: boolean },
): Filter {
  return (subject, { args }) => {
    const [path, ...rest] = byAttribute ? args : [undefined, ...args];
    const [name = byAttribute ? "truthy" : "truthy", ...testArgs] = rest;
    const test = tests[textOf(name)];
    if (test === undefined) throw new Error(`there is no test "${textOf(name)}"`);
    return listOf(subject).filter((item) => {
      const value = byAttribute ? attribute(item, path) : item;
      if (value instanceof Missing && name !== "defined" && name !== "undefined") return !wanted;
      return test(value, ...testArgs) === wanted;
    });
  };
}

const mapped: Filter = (subject, { args, named }) => {
  const by = named["attribute"];
  if (by !== undefined) {
    return listOf(subject).map((item) => {
      const value = attribute(item, by);
      return value instanceof Missing && Object.hasOwn(named, "default") ? named["default"] : present(value);
    });
  }
  const [name, ...rest] = args;
  const filter = filters[textOf(name)];
  if (filter === undefined) throw new Error(`there is no filter "${textOf(name)}"`);
  return listOf(subject).map((item) => filter(item, { args: rest, named }));
};

/** Python writes groups as \1. */
function replacement(text: unknown): string {
  return textOf(text).replaceAll("$", "$$$$").replace(/\\(\d)/g, "$$$1");
}

function flags({ named }: Given): string {
  return `${isTrue(named["ignorecase"] ?? false) ? "i" : ""}${
    isTrue(named["multiline"] ?? false) ? "m" : ""
  }`;
}

function rounded(subject: unknown, { args }: Given): number {
  const factor = 10 ** Number(args[0] ?? 0);
  const how = args[1] === "floor" ? Math.floor : args[1] === "ceil" ? Math.ceil : Math.round;
  return how(Number(subject) * factor) / factor;
}

function integer(subject: unknown, { args }: Given): unknown {
  const base = Number(args[1] ?? 10);
  const made = typeof subject === "string" ? parseInt(subject, base) : Math.trunc(Number(subject));
  return Number.isNaN(made) ? args[0] ?? 0 : made;
}

/** JSON with the spaces that Python writes. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(", ")}]`;
  if (isMap(value)) {
    return `{${
      Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${jsonText(each)}`).join(", ")
    }}`;
  }
  return JSON.stringify(value) ?? "null";
}

const length: Filter = (subject) => {
  if (isMap(subject)) return Object.keys(subject).length;
  if (Array.isArray(subject) || typeof subject === "string") return subject.length;
  throw new Error(`"${textOf(subject)}" has no length`);
};

const orElse: Filter = (subject, { args, named }) => {
  const isEmpty = subject instanceof Missing ||
    (isTrue(args[1] ?? named["boolean"] ?? false) && !isTrue(subject));
  return isEmpty ? args[0] ?? named["default_value"] ?? "" : subject;
};

const join: Filter = (subject, { args, named }) => {
  const by = args[1] ?? named["attribute"];
  const items = listOf(subject).map((item) => textOf(by === undefined ? item : present(attribute(item, by))));
  return items.join(textOf(args[0] ?? named["d"] ?? ""));
};

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

/** Every filter by its name. */
export const filters: Readonly<Record<string, Filter>> = {
  ...arrangingFilters,
  ...textFilters,
  abs: (subject) => Math.abs(Number(subject)),
  basename: (subject) => textOf(subject).replace(/^.*\//s, ""),
  dirname: (subject) => textOf(subject).replace(/\/?[^/]*$/, ""),
  b64decode: (subject) => new TextDecoder().decode(Uint8Array.fromBase64(textOf(subject))),
  b64encode: (subject) => new TextEncoder().encode(textOf(subject)).toBase64(),
  bool: booleanOf,
  capitalize: (subject) => capitalized(textOf(subject)),
  combine: (subject, { args, named }) =>
    args.reduce<Record<string, unknown>>(
      (made, each) => combined(made, each, isTrue(named["recursive"] ?? false)),
      mapOf(subject),
    ),
  d: orElse,
  default: orElse,
  dict2items: (subject) => Object.entries(mapOf(subject)).map(([key, value]) => ({ key, value })),
  items2dict: (subject, { named }) =>
    Object.fromEntries(
      listOf(subject).map((item) => [
        textOf(present(attribute(item, named["key_name"] ?? "key"))),
        present(attribute(item, named["value_name"] ?? "value")),
      ]),
    ),
  items: (subject) => Object.entries(mapOf(subject)),
  keys: (subject) => Object.keys(mapOf(subject)),
  values: (subject) => Object.values(mapOf(subject)),
  difference: (subject, { args }) => {
    const others = new Members(listOf(args[0]));
    return unique(listOf(subject)).filter((item) => !others.has(item));
  },
  intersect: (subject, { args }) => {
    const others = new Members(listOf(args[0]));
    return unique(listOf(subject)).filter((item) => others.has(item));
  },
  union: (subject, { args }) => unique([...listOf(subject), ...listOf(args[0])]),
  unique: (subject) => unique(listOf(subject)),
  first: (subject) => listOf(subject)[0] ?? new Missing("the list is empty"),
  last: (subject) => listOf(subject).at(-1) ?? new Missing("the list is empty"),
  flatten: (subject, { args, named }) => flattened(listOf(subject), Number(args[0] ?? named["levels"] ?? 64)),
  float: (subject, { args }) => Number.isNaN(Number(subject)) ? args[0] ?? 0 : Number(subject),
  int: integer,
  from_json: (subject) => JSON.parse(textOf(subject)),
  to_json: jsonText,
  to_nice_json: (subject) => JSON.stringify(subject, undefined, 4),
  join,
  length,
  count: length,
  list: (subject) => [...listOf(subject)],
  lower: (subject) => textOf(subject).toLowerCase(),
  upper: (subject) => textOf(subject).toUpperCase(),
  title: (subject) => textOf(subject).replace(/\p{L}[\p{L}\p{N}]*/gu, capitalized),
  map: mapped,
  max: (subject, given) => extreme(subject, given, 1),
  min: (subject, given) => extreme(subject, given, -1),
  quote: (subject) => {
    const text = textOf(subject);
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
  },
  // Chance in the sandbox comes from the run's seed: a resume draws the same.
  random: (subject) =>
    typeof subject === "number"
      ? Math.floor(Math.random() * subject)
      : listOf(subject)[Math.floor(Math.random() * listOf(subject).length)],
  regex_escape: (subject) => textOf(subject).replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  regex_findall: (subject, given) =>
    [...textOf(subject).matchAll(new RegExp(textOf(given.args[0]), `g${flags(given)}`))]
      .map((match) => match.length > 2 ? match.slice(1) : match[1] ?? match[0]),
  regex_replace: (subject, given) =>
    textOf(subject).replace(
      new RegExp(textOf(given.args[0]), `g${flags(given)}`),
      replacement(given.args[1] ?? ""),
    ),
  regex_search: (subject, given) => {
    const match = new RegExp(textOf(given.args[0]), flags(given)).exec(textOf(subject));
    if (match === null) return "";
    const groups = given.args.slice(1).map((each) => match[Number(textOf(each).replace(/^\\/, ""))] ?? "");
    return groups.length === 0 ? match[0] : groups;
  },
  reject: selecting({ byAttribute: false, wanted: false }),
  rejectattr: selecting({ byAttribute: true, wanted: false }),
  select: selecting({ byAttribute: false, wanted: true }),
  selectattr: selecting({ byAttribute: true, wanted: true }),
  replace: (subject, { args }) => textOf(subject).replaceAll(textOf(args[0]), textOf(args[1] ?? "")),
  reverse: (subject) =>
    typeof subject === "string" ? [...subject].reverse().join("") : [...listOf(subject)].reverse(),
  round: rounded,
  sort: sorted,
  split: (subject, { args }) =>
    args[0] === undefined ? textOf(subject).trim().split(/\s+/) : textOf(subject).split(textOf(args[0])),
  string: textOf,
  sum: (subject, { args, named }) => {
    const by = named["attribute"];
    const items = listOf(subject).map((item) =>
      Number(by === undefined ? item : present(attribute(item, by)))
    );
    return items.reduce((total, item) => total + item, Number(args[0] ?? named["start"] ?? 0));
  },
  ternary: (subject, { args }) =>
    subject === null && args.length > 2 ? args[2] : isTrue(subject) ? args[0] : args[1] ?? "",
  trim: (subject) => textOf(subject).trim(),
  truncate: (subject, { args }) => {
    const [text, size] = [textOf(subject), Math.min(Number(args[0] ?? 255), longest)];
    // As Jinja has it: a few more do no harm.
    return text.length <= size + 5 ? text : `${text.slice(0, Math.max(0, size - 3))}...`;
  },
  type_debug: (subject) =>
    subject === null
      ? "NoneType"
      : Array.isArray(subject)
      ? "list"
      : { string: "str", boolean: "bool", object: "dict" }[typeof subject as "string"] ??
        (Number.isInteger(subject) ? "int" : "float"),
  zip: (subject, { args }) => {
    const others = args.map(listOf);
    const all = [listOf(subject), ...others];
    const size = Math.min(...all.map((each) => each.length));
    return Array.from({ length: size }, (_, index) => all.map((each) => each[index]));
  },
};
