/**
 * Filters that put lists together and apart.
 *
 * @module
 */
import { attribute, type Filter, listOf, present } from "./filter.ts";
import { compare, equal, isMap, Missing, textOf } from "./values.ts";

/** The most items that a filter makes. */
const most = 100_000;

function bounded(count: number): void {
  if (count > most) throw new Error(`a list of ${count} items is too long`);
}

const product: Filter = (subject, { args, named }) => {
  const lists = [listOf(subject), ...args.map(listOf)];
  const all = Array.from({ length: Math.max(1, Number(named["repeat"] ?? 1)) }, () => lists).flat();
  bounded(all.reduce((count, list) => count * list.length, 1));
  return all.reduce<readonly (readonly unknown[])[]>(
    (made, list) => made.flatMap((first) => list.map((last) => [...first, last])),
    [[]],
  );
};

function chosen(items: readonly unknown[], size: number): readonly (readonly unknown[])[] {
  if (size === 0) return [[]];
  return items.flatMap((item, index) =>
    chosen(items.slice(index + 1), size - 1).map((rest) => [item, ...rest])
  );
}

const combinations: Filter = (subject, { args }) => {
  const items = listOf(subject);
  const size = Math.trunc(Number(args[0] ?? 2));
  let count = 1;
  for (let taken = 0; taken < size; taken++) count = count * Math.max(0, items.length - taken) / (taken + 1);
  bounded(Math.round(count));
  return chosen(items, Math.max(0, size));
};

const groupby: Filter = (subject, { args, named }) => {
  const by = args[0] ?? named["attribute"];
  const groups: [unknown, unknown[]][] = [];
  for (const item of listOf(subject)) {
    const found = attribute(item, by);
    const key = found instanceof Missing && Object.hasOwn(named, "default")
      ? named["default"]
      : present(found);
    const group = groups.find(([known]) => equal(known, key));
    if (group === undefined) groups.push([key, [item]]);
    else group[1].push(item);
  }
  return groups.toSorted(([a], [b]) => compare(a, b));
};

const batch: Filter = (subject, { args }) => {
  const items = listOf(subject);
  const size = Math.max(1, Math.trunc(Number(args[0] ?? 1)));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => {
    const part = items.slice(index * size, (index + 1) * size);
    return args[1] === undefined ? part : [...part, ...Array(size - part.length).fill(args[1])];
  });
};

const zipLongest: Filter = (subject, { args, named }) => {
  const all = [subject, ...args].map(listOf);
  const length = Math.max(...all.map((list) => list.length));
  return Array.from({ length }, (_, index) => all.map((list) => list[index] ?? named["fillvalue"] ?? null));
};

const symmetricDifference: Filter = (subject, { args }) => {
  const [first, second] = [listOf(subject), listOf(args[0])];
  const without = (list: readonly unknown[], others: readonly unknown[]): readonly unknown[] =>
    list.filter((item, index) =>
      !others.some((each) => equal(each, item)) && list.findIndex((each) => equal(each, item)) === index
    );
  return [...without(first, second), ...without(second, first)];
};

/** A member by its key: `key | extract(map)`. */
const extract: Filter = (subject, { args }) => {
  const [container, ...deeper] = args;
  return [subject, ...deeper.flatMap((each) => Array.isArray(each) ? each : [each])].reduce(
    (of: unknown, key) =>
      Array.isArray(of)
        ? of[Number(key)] ?? new Missing(`there is no item ${textOf(key)}`)
        : isMap(of) && Object.hasOwn(of, textOf(key))
        ? of[textOf(key)]
        : new Missing(`there is no "${textOf(key)}" in it`),
    container,
  );
};

/** Filters that put lists together and apart. */
export const arrangingFilters: Readonly<Record<string, Filter>> = {
  batch,
  combinations,
  extract,
  groupby,
  product,
  symmetric_difference: symmetricDifference,
  zip_longest: zipLongest,
};
