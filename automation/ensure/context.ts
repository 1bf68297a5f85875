/**
 * What plans are made with, and the documents that they are made of.
 *
 * @module
 */
import type { Present } from "../../model/desired/mod.ts";
import type { Change, ChangeEffect, PlanData } from "../../model/plan.ts";
import { normalise } from "../../model/xml/mod.ts";
import { type Difference, differences } from "./difference.ts";
import { childOf, type Element, readElement, writeElement } from "./element.ts";
import { merge, type MergeOptions } from "./merge.ts";

/** What a plan is made with. */
export interface PlanContext {
  readonly present: Present;
  /** Feeds what has to be made up: hardware addresses. The same for the same plan. */
  readonly seed: string;
  /** Whether the connection has an operation. */
  readonly can: (operation: string) => boolean;
}

/** What is wanted of a document. */
export interface Wanted {
  readonly root: Element;
  /** Paths of lists of which nothing else shall be there. */
  readonly complete: ReadonlySet<string>;
}

/** A document in which what is wanted has been put, and in what that differs from before. */
export interface Merged {
  readonly before: Element;
  readonly after: Element;
  readonly differences: readonly Difference[];
}

/** Puts what is wanted into a document. */
export function merged(
  xml: string,
  wanted: Wanted,
  { settle = (after) => after, ...options }: Omit<MergeOptions, "complete"> & {
    /** What the hypervisor makes of the whole. @default what is written */
    readonly settle?: (after: Element, before: Element) => Element;
  },
): Merged {
  const before = readElement(xml);
  const after = settle(merge(before, wanted.root, { ...options, complete: wanted.complete }), before);
  return {
    before,
    after,
    differences: differences(canonical(xml), canonical(writeElement(after)), options.structure)
      .filter((each) => !isConsequence(each, wanted.root)),
  };
}

/** Whether a difference follows from another one: where devices are plugged in, unless the author says where. */
function isConsequence({ path, device: pair }: Difference, wanted: Element): boolean {
  const [parent, device, inside] = path.split(/[/@]/);
  if (parent !== "devices") return false;
  const devices = childOf(wanted, "devices");
  if (device === "controller") {
    const isNewBus = pair?.before === undefined && pair?.after?.attributes.get("type") === "scsi";
    return !isNewBus && childOf(devices, "controller") === undefined;
  }
  return inside === "address" && !devices?.children.some((each) => childOf(each, "address") !== undefined);
}

/** What was asked for last: within one plan the same document is wanted several times. */
const lately = new Map<string, string>();
const mostLately = 8;

/** The text of a document in libvirt's own form. */
export function normalised(xml: string): string {
  const known = lately.get(xml);
  if (known !== undefined) return known;
  const made = normalise(xml);
  const [oldest] = lately.keys();
  if (lately.size >= mostLately && oldest !== undefined) lately.delete(oldest);
  lately.set(xml, made);
  return made;
}

/** A document with its units, its order and its defaults as libvirt has them, so that only what differs differs. */
export function canonical(xml: string): Element {
  const root = readElement(normalised(xml));
  if (root.name !== "domain") return root;
  const children = root.children.map((child) => child.name === "vcpu" ? withCurrent(child) : child);
  return { ...root, children };
}

/** How many processors there are, also where that is all there can be. */
function withCurrent(vcpu: Element): Element {
  return { ...vcpu, attributes: new Map([["current", vcpu.text.trim()], ...vcpu.attributes]) };
}

/** A plan in which nothing happens. */
export function nothing(kind: string, name: string): PlanData {
  return { kind, name, action: "none", changes: [], pending: [], steps: [] };
}

/** A difference as plans tell it. */
export function told({ field, from, to }: Difference): PlanData["pending"][number] {
  return { field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** A change of what no document says. */
export function change(
  field: string,
  values: { readonly from: string; readonly to: string },
  when: { readonly effect: ChangeEffect; readonly why: string },
): Change {
  return { field, ...values, ...when };
}
