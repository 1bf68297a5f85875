/**
 * The items of a loop: made of what the task gives, in the ways of Ansible's `loop` and `with_…`.
 *
 * @module
 */
import { VirtError } from "drover";
import type { Loop } from "./program.ts";
import { isMap, textOf } from "./values.ts";

/** The most items that a loop may have. */
const mostItems = 100_000;

/**
 * The items.
 *
 * @throws {VirtError} `recipe-failed` where there is nothing to loop over, or too much.
 */
export function itemsFor(as: Loop["as"], given: unknown): readonly unknown[] {
  const items = made(as, given);
  if (items.length <= mostItems) return items;
  throw new VirtError("recipe-failed", `A loop over ${items.length} items is too long`);
}

/** What a round of a loop knows of itself. */
export function roundOf(items: readonly unknown[], index: number): Readonly<Record<string, unknown>> {
  return {
    index: index + 1,
    index0: index,
    first: index === 0,
    last: index === items.length - 1,
    length: items.length,
    revindex: items.length - index,
    revindex0: items.length - index - 1,
    ...(index > 0 ? { previtem: items[index - 1] } : {}),
    ...(index < items.length - 1 ? { nextitem: items[index + 1] } : {}),
  };
}

function made(as: Loop["as"], given: unknown): readonly unknown[] {
  if (as === "sequence") return sequence(given);
  if (isMap(given)) return Object.entries(given).map(([key, value]) => ({ key, value }));
  if (!Array.isArray(given)) {
    // One thing alone is a list of it, for the older ways.
    if (as === "items" || as === "flattened" || as === "indexed") return made(as, [given]);
    throw new VirtError("recipe-failed", `A loop needs a list, and was given "${textOf(given)}"`);
  }
  switch (as) {
    case "items":
      return given.flatMap((each: unknown) => Array.isArray(each) ? each : [each]);
    case "flattened":
      return given.flat(64);
    case "indexed":
      return made("items", given).map((each, index) => [index, each]);
    case "together":
      return together(given.map(listIn));
    case "nested":
      return nested(given.map(listIn));
    default:
      return given;
  }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** First with first, second with second; what is shorter is filled with none. */
function together(lists: readonly (readonly unknown[])[]): readonly unknown[] {
  const length = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => lists.map((list) => list[index] ?? null));
}

/** Each with each. */
function nested(lists: readonly (readonly unknown[])[]): readonly unknown[] {
  const count = lists.reduce((product, list) => product * list.length, 1);
  if (count > mostItems) throw new VirtError("recipe-failed", `A loop over ${count} items is too long`);
  return lists.reduce<readonly (readonly unknown[])[]>(
    (all, list) => all.flatMap((first) => list.map((last) => [...first, last])),
    [[]],
  );
}

/** `start=1 end=9 stride=2 format=web-%02d`, `count=5`, `1-9/2:web-%02d`, as text or as a map; items are texts. */
function sequence(given: unknown): readonly string[] {
  const { start, end, stride, format } = rangeOf(given);
  if (stride === 0 || ![start, end, stride].every(Number.isInteger)) {
    throw new VirtError(
      "recipe-failed",
      `"${textOf(given)}" is no sequence; write for instance start=1 end=5`,
    );
  }
  const count = Math.max(0, Math.floor((end - start) / stride) + 1);
  if (count > mostItems) throw new VirtError("recipe-failed", `A loop over ${count} items is too long`);
  return Array.from({ length: count }, (_, index) => formatted(format, start + index * stride));
}

interface Sequence {
  readonly start: number;
  readonly end: number;
  readonly stride: number;
  readonly format: string;
}

function rangeOf(given: unknown): Sequence {
  const text = isMap(given) ? "" : textOf(Array.isArray(given) ? given.join(" ") : given).trim();
  const short = /^(?:(\d+)-)?(\d+)(?:\/(-?\d+))?(?::(.*))?$/.exec(text);
  if (short !== null) {
    const [, start = "1", end = "", stride = "1", format = "%d"] = short;
    return { start: Number(start), end: Number(end), stride: Number(stride), format };
  }
  const words = [...text.matchAll(/(\w+)=(\S+)/g)].map(([, key = "", value]) => [key, value] as const);
  const fields: Readonly<Record<string, unknown>> = isMap(given) ? given : Object.fromEntries(words);
  const numberIn = (key: string): number | undefined =>
    Object.hasOwn(fields, key) ? Number(fields[key]) : undefined;
  const start = numberIn("start") ?? 1;
  const stride = numberIn("stride") ?? 1;
  const count = numberIn("count");
  const end = count === undefined ? numberIn("end") ?? Number.NaN : start + (count - 1) * stride;
  return { start, end, stride, format: textOf(fields["format"] ?? "%d") };
}

/** The number in a text like `web-%02d` or `%x`. */
function formatted(format: string, value: number): string {
  return format.replace(
    /%(0?)(\d{0,3})([dxo])/,
    (_, zero: string, width: string, base: string) =>
      value.toString(base === "x" ? 16 : base === "o" ? 8 : 10).padStart(
        Number(width),
        zero === "0" ? "0" : " ",
      ),
  );
}
