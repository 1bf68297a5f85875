/**
 * In what two documents differ, field by field.
 *
 * @module
 */
import { attributeOf, type Element } from "./element.ts";
import { isUnit, ruleOf, sourceText, type Structure } from "./structure.ts";

/** One difference. */
export interface Difference {
  /** Where, for tables: `devices/disk/driver@cache`. */
  readonly path: string;
  /** Where, for people: `disk vda driver cache`. */
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
  /** The device that it is in, as it was and as it shall be; where it is in one. */
  readonly device?: DevicePair;
  /** The keys of the lists on the way: the number of a virtual processor, a disk's target. */
  readonly keys: readonly string[];
}

/** A device before and after; only one of them where it comes or goes. */
export interface DevicePair {
  readonly before?: Element;
  readonly after?: Element;
}

interface Place {
  readonly structure: Structure;
  readonly path: string;
  readonly words: readonly string[];
  readonly keys: readonly string[];
  readonly device?: DevicePair;
}

/** In what two documents differ. */
export function differences(before: Element, after: Element, structure: Structure): readonly Difference[] {
  return [...within(before, after, { structure, path: "", words: [], keys: [] })];
}

function* within(
  before: Element | undefined,
  after: Element | undefined,
  place: Place,
): Generator<Difference> {
  const [from, to] = [before?.text.trim() ?? "", after?.text.trim() ?? ""];
  if (from !== to) yield leaf(place, { path: place.path, words: place.words, from, to });
  const names = new Set([...before?.attributes.keys() ?? [], ...after?.attributes.keys() ?? []]);
  for (const name of names) {
    const [was, is] = [before?.attributes.get(name), after?.attributes.get(name)];
    // The unit of what comes or goes is told by its number.
    if (was === is || (name === "unit" && (was === undefined || is === undefined))) continue;
    yield leaf(place, {
      path: `${place.path}@${name}`,
      words: [...place.words, name],
      ...(was === undefined ? {} : { from: was }),
      ...(is === undefined ? {} : { to: is }),
    });
  }
  const isEmptied = names.size === 0 && from === "" && to === "" && place.path !== "";
  const hasChildren = (before?.children.length ?? 0) + (after?.children.length ?? 0) > 0;
  if (isEmptied && !hasChildren && (before === undefined) !== (after === undefined)) {
    yield leaf(place, {
      path: place.path,
      words: place.words,
      ...(before === undefined ? { to: "yes" } : { from: "yes" }),
    });
  }
  for (const [was, is] of paired(before, after, place)) {
    const each = (is ?? was)!;
    const path = place.path === "" ? each.name : `${place.path}/${each.name}`;
    const key = ruleOf(place.structure, path).key?.(each);
    const isDevice = isUnit(place.structure, path);
    const word = spokenName(each.name);
    const inner: Place = {
      structure: place.structure,
      path,
      words: [
        ...(path === "devices" ? [] : [...place.words, word]),
        ...(key === undefined || !isReadable(key) ? [] : [key]),
      ],
      keys: key === undefined ? place.keys : [...place.keys, key],
      ...(isDevice
        ? {
          device: {
            ...(was === undefined ? {} : { before: was }),
            ...(is === undefined ? {} : { after: is }),
          },
        }
        : place.device === undefined
        ? {}
        : { device: place.device }),
    };
    if (isDevice && (was === undefined || is === undefined)) {
      yield leaf(inner, {
        path,
        words: inner.words,
        ...(was === undefined ? {} : { from: summaryOf(was) }),
        ...(is === undefined ? {} : { to: summaryOf(is) }),
      });
    } else {
      yield* within(was, is, inner);
    }
  }
}

/** Which child of the one is which of the other; in the order of what is there after. */
function paired(
  before: Element | undefined,
  after: Element | undefined,
  { structure, path }: Place,
): readonly (readonly [Element | undefined, Element | undefined])[] {
  const pairs: (readonly [Element | undefined, Element | undefined])[] = [];
  const left = new Set(before?.children);
  for (const is of after?.children ?? []) {
    const key = keyOf(is, { structure, path });
    const was = [...left].find((each) => each.name === is.name && keyOf(each, { structure, path }) === key);
    if (was !== undefined) left.delete(was);
    pairs.push([was, is]);
  }
  return [...pairs, ...[...left].map((was) => [was, undefined] as const)];
}

function keyOf(element: Element, { structure, path }: Pick<Place, "structure" | "path">): string | undefined {
  return ruleOf(structure, path === "" ? element.name : `${path}/${element.name}`).key?.(element);
}

function leaf(
  { keys, device }: Place,
  { path, words, from, to }: {
    readonly path: string;
    readonly words: readonly string[];
    readonly from?: string;
    readonly to?: string;
  },
): Difference {
  return {
    path,
    field: words.join(" "),
    keys,
    ...(from === undefined || from === "" ? {} : { from }),
    ...(to === undefined || to === "" ? {} : { to }),
    ...(device === undefined ? {} : { device }),
  };
}

function spokenName(name: string): string {
  return name === "currentMemory" ? "current memory" : name;
}

function isReadable(key: string): boolean {
  return key.length <= 64 && !key.startsWith("[");
}

/** A device in a few words. */
export function summaryOf(device: Element): string {
  const words = [
    device.attributes.get("type"),
    sourceText(device),
    attributeOf(device, "bus", "target") ?? attributeOf(device, "type", "model"),
  ].filter((word) => word !== undefined);
  return words.length === 0 ? [...device.attributes.values()].join(" ") || device.name : words.join(" ");
}
