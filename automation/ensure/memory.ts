/**
 * The memory of a domain with memory nodes: the sum of what the nodes and the modules have, whatever else is written. Source:
 * libvirt formatdomain, <numa> and <memory> devices.
 *
 * @module
 */
import { childOf, childrenOf, type Element } from "./element.ts";

/** The domain after a change, with the memory that its nodes and modules make up where that is not what was there before. */
export function withNodesMemory(after: Element, before: Element): Element {
  const cells = childrenOf(childOf(after, "cpu", "numa"), "cell");
  if (cells.length === 0) return after;
  const ofCells = cells.map(({ attributes }) => kibOf(attributes.get("memory"), attributes.get("unit")));
  const ofModules = childrenOf(childOf(after, "devices"), "memory").map((module) =>
    sizeOf(childOf(module, "target", "size"))
  );
  const sizes = [...ofCells, ...ofModules];
  if (!sizes.every((size) => Number.isFinite(size) && size > 0)) return after;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const isSettled = isSame(sizeOf(childOf(before, "memory")), total);
  const children = after.children.map((child) => {
    const size = sizeOf(child);
    const present = childOf(before, child.name);
    const was = sizeOf(present);
    if (child.name === "memory") {
      return isSame(was, size) || isSettled ? present ?? child : inKib(child, total);
    }
    if (child.name !== "currentMemory" || size <= total) return child;
    return isSame(was, total) || isSame(was, size) ? present ?? child : inKib(child, total);
  });
  return { ...after, children };
}

/** The size that an element says, in KiB. */
function sizeOf(element: Element | undefined): number {
  return kibOf(element?.text, element?.attributes.get("unit"));
}

/** Whether sizes are the same when they have been rounded up to whole MiB, as hypervisors give memory out. */
function isSame(one: number, other: number): boolean {
  return Math.ceil(one / 1024) === Math.ceil(other / 1024);
}

function inKib(element: Element, kib: number): Element {
  return { ...element, attributes: new Map([...element.attributes, ["unit", "KiB"]]), text: String(kib) };
}

/** Bytes per unit. Source: libvirt formatdomain, <memory>. */
const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 2 ** 10,
  KiB: 2 ** 10,
  MB: 1e6,
  M: 2 ** 20,
  MiB: 2 ** 20,
  GB: 1e9,
  G: 2 ** 30,
  GiB: 2 ** 30,
  TB: 1e12,
  T: 2 ** 40,
  TiB: 2 ** 40,
};

function kibOf(text = "", unit = "KiB"): number {
  return text === "" ? Number.NaN : Math.ceil(Number(text) * (unitBytes[unit] ?? Number.NaN) / 1024);
}
