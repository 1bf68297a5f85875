/**
 * Putting what somebody wants into what is there: nothing else changes.
 *
 * @module
 */
import { attributeOf, type Element } from "./element.ts";
import { type ListRule, ruleOf, type Structure } from "./structure.ts";

/** How documents are merged. */
export interface MergeOptions {
  readonly structure: Structure;
  /** Paths of lists of which nothing but what is wanted shall be there. */
  readonly complete?: ReadonlySet<string>;
  /** What an element gets that is made anew, beside its defaults: a name that no other has. */
  readonly finish?: (path: string, made: Element, siblings: readonly Element[]) => Element;
  /** Whether what is there says the same as what is wanted, in other words; then it stays. */
  readonly isSame?: (path: string, values: { readonly from: string; readonly to: string }) => boolean;
}

/** What is there, with what is wanted in it. */
export function merge(base: Element, wanted: Element, options: MergeOptions): Element {
  return mergeAt(base, wanted, { ...options, path: "" });
}

interface At extends MergeOptions {
  readonly path: string;
}

function mergeAt(base: Element, wanted: Element, at: At): Element {
  const kept = keptOf(base, wanted, at.path);
  let children = kept;
  for (const [name, group] of byName(wanted.children)) {
    children = mergeGroup(children, group, { ...at, path: joined(at.path, name) });
  }
  for (const path of at.complete ?? []) {
    const [parent, name] = split(path);
    const isUnwanted = parent === at.path && !wanted.children.some((child) => child.name === name);
    if (isUnwanted) children = children.filter((child) => child.name !== name);
  }
  const settled = (path: string, from: string | undefined, to: string): string =>
    from !== undefined && at.isSame?.(path, { from, to }) === true ? from : to;
  const attributes = [...wanted.attributes].map(([name, value]) =>
    [name, settled(`${at.path}@${name}`, base.attributes.get(name), value)] as const
  );
  return {
    ...base,
    attributes: new Map([...base.attributes, ...attributes]),
    declared: new Map([...base.declared, ...wanted.declared]),
    text: wanted.text === "" ? base.text : settled(at.path, base.text, wanted.text),
    children,
  };
}

/**
 * What an element has that says nothing any more once an attribute has another value: a device of another type has another
 * source, a processor of another mode another model.
 */
function keptOf(base: Element, wanted: Element, path: string): readonly Element[] {
  const isOther = (name: string): boolean => {
    const [before, after] = [base.attributes.get(name), wanted.attributes.get(name)];
    return after !== undefined && before !== undefined && after !== before;
  };
  const dropped = path.startsWith("devices/") && isOther("type")
    ? ["source", "backingStore"]
    : path === "cpu" && isOther("mode")
    ? ["model", "vendor", "feature"]
    : path === "devices/disk" && isOtherBus(base, wanted)
    ? ["address"]
    : [];
  return dropped.length === 0 ? base.children : base.children.filter(({ name }) => !dropped.includes(name));
}

/** Whether a disk is to be plugged into something else: its place there is another one. */
function isOtherBus(base: Element, wanted: Element): boolean {
  const [before, after] = [base, wanted].map((disk) => attributeOf(disk, "bus", "target"));
  return after !== undefined && before !== undefined && after !== before;
}

function mergeGroup(children: readonly Element[], group: readonly Element[], at: At): readonly Element[] {
  const name = group[0]?.name ?? "";
  const rule = ruleOf(at.structure, at.path);
  const there = children.filter((child) => child.name === name);
  if (rule.isOneValue === true) {
    const isSame = there.length === group.length &&
      group.every((wanted, index) => says(there[index], wanted));
    return isSame
      ? children
      : placed(children.filter((child) => child.name !== name), group, there[0], children);
  }
  const pairs = pairUp(there, group, rule);
  const result: Element[] = [];
  for (const child of children) {
    if (child.name !== name) {
      result.push(child);
      continue;
    }
    const wanted = pairs.get(child);
    if (wanted === undefined) {
      if (at.complete?.has(at.path) !== true) result.push(child);
    } else if (wanted.absent !== true) {
      result.push(mergedElement(child, wanted, at));
    }
  }
  const paired = new Set(pairs.values());
  for (const wanted of group) {
    if (paired.has(wanted) || wanted.absent === true) continue;
    const last = result.findLastIndex((child) => child.name === name);
    // Names of what goes are not given to what comes: the one is unplugged, the other plugged in.
    const siblings = [...there, ...result.filter((child) => child.name === name)];
    result.splice(last < 0 ? result.length : last + 1, 0, made(wanted, siblings, at));
  }
  return result;
}

function mergedElement(base: Element, wanted: Element, at: At): Element {
  const rule = ruleOf(at.structure, at.path);
  if (rule.isReplaced === true) return says(base, wanted) ? base : made(wanted, [], at);
  return mergeAt(base, wanted, at);
}

/** A new element, with its defaults, and without what shall not be there. */
function made(wanted: Element, siblings: readonly Element[], at: At): Element {
  const { defaults, ...rest } = wanted;
  const whole = defaults === undefined ? withoutAbsent(rest) : mergeAt(withoutAbsent(defaults), rest, at);
  return at.finish?.(at.path, whole, siblings) ?? whole;
}

function withoutAbsent(element: Element): Element {
  return {
    ...element,
    children: element.children.filter((child) => child.absent !== true).map(withoutAbsent),
  };
}

/** Which of what is there each of what is wanted means. */
export function pairUp(
  there: readonly Element[],
  group: readonly Element[],
  rule: ListRule,
): ReadonlyMap<Element, Element> {
  const pairs = new Map<Element, Element>();
  const left = (): readonly Element[] => there.filter((each) => !pairs.has(each));
  const keyless: Element[] = [];
  for (const wanted of group) {
    const key = rule.key?.(wanted);
    if (key === undefined) {
      keyless.push(wanted);
      continue;
    }
    const found = left().find((each) => rule.key?.(each) === key);
    if (found !== undefined) pairs.set(found, wanted);
  }
  const find = rule.find;
  if (find !== undefined) {
    for (const wanted of keyless) {
      const found = find(wanted, left());
      if (found !== undefined) pairs.set(found, wanted);
    }
    return pairs;
  }
  // Whoever says most is the hardest to please, and chooses first.
  const settled = new Set<Element>();
  for (const wanted of keyless.toSorted((one, other) => sayingsOf(other) - sayingsOf(one))) {
    const found = left().find((each) => says(each, wanted));
    if (found === undefined) continue;
    pairs.set(found, wanted);
    settled.add(wanted);
  }
  for (const wanted of keyless) {
    const next = settled.has(wanted) ? undefined : left()[0];
    if (next !== undefined) pairs.set(next, wanted);
  }
  return pairs;
}

/** How much an element says. */
function sayingsOf({ attributes, text, children }: Element): number {
  return attributes.size + (text === "" ? 0 : 1) +
    children.reduce((sum, child) => sum + 1 + sayingsOf(child), 0);
}

/** Whether an element says all that is wanted. */
function says(element: Element | undefined, wanted: Element): boolean {
  if (element === undefined || element.name !== wanted.name) return false;
  if (wanted.text !== "" && wanted.text.trim() !== element.text.trim()) return false;
  if ([...wanted.attributes].some(([name, value]) => element.attributes.get(name) !== value)) return false;
  return wanted.children.every((child) => element.children.some((each) => says(each, child)));
}

function placed(
  others: readonly Element[],
  group: readonly Element[],
  first: Element | undefined,
  before: readonly Element[],
): readonly Element[] {
  const place = first === undefined ? others.length : before.slice(0, before.indexOf(first)).length;
  return [...others.slice(0, place), ...group, ...others.slice(place)];
}

function byName(children: readonly Element[]): ReadonlyMap<string, readonly Element[]> {
  return Map.groupBy(children, ({ name }) => name);
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

function split(path: string): readonly [string, string] {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)];
}
