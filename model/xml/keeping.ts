/**
 * Gathers what an element holds beyond its description, and counts it.
 *
 * @module
 */
import {
  type Kept,
  kept,
  type KeptAttribute,
  type KeptNode,
  type Placed,
} from "../documents/language/mod.ts";
import { type Markup, pathOf, prefixOf, TreeElement, type TreeNode } from "./tree.ts";

/** How much of a document its description does not know. */
export interface UnknownCounts {
  /** Elements in libvirt's own namespace, with all inside them. */
  readonly elements: number;
  /** Attributes of libvirt's own, also on elements that are unknown themselves. */
  readonly attributes: number;
  /** Elements and attributes of other namespaces, each with all inside it counted once. */
  readonly foreign: number;
  /** Where the unknown elements and attributes stand, outermost only. */
  readonly paths: readonly string[];
}

/** Counts while a document is read. */
export class UnknownCounter {
  elements = 0;
  attributes = 0;
  foreign = 0;
  readonly paths: string[] = [];

  element(element: TreeElement): void {
    if (element.uri !== "") {
      this.foreign++;
      return;
    }
    this.paths.push(pathOf(element));
    this.#within(element);
  }

  attribute(element: TreeElement, name: string): void {
    if (prefixOf(name) !== "") {
      this.foreign++;
      return;
    }
    this.paths.push(pathOf(element, name));
    this.attributes++;
  }

  counts(): UnknownCounts {
    const { elements, attributes, foreign, paths } = this;
    return { elements, attributes, foreign, paths };
  }

  #within(element: TreeElement): void {
    this.elements++;
    for (let i = 0; i < element.attributes.length; i += 2) {
      if (prefixOf(element.attributes[i] ?? "") === "") this.attributes++;
      else this.foreign++;
    }
    for (const child of element.children) {
      if (!(child instanceof TreeElement)) continue;
      if (child.uri === "") this.#within(child);
      else this.foreign++;
    }
  }
}

/** The described child that a kept node stands beside. */
interface Neighbour {
  readonly key: string;
  readonly index: number;
}

/** Gathers what one element keeps. */
export class Keeping {
  #namespaces: KeptAttribute[] | undefined;
  #attributes: KeptAttribute[] | undefined;
  #nodes: Placed[] | undefined;
  #pending: KeptNode[] = [];
  #within: Map<string, Kept> | undefined;
  #exact: Map<string, { readonly value: number; readonly text: string }> | undefined;
  #last: Neighbour | undefined;

  /** The declarations of an element, without those that the writer makes itself. */
  namespaces(element: TreeElement, described: ReadonlyMap<string, string>): void {
    if (element.declared.length === 0) return;
    const namespaces = namespacesOf(element).filter((each) => described.get(each.value) !== each.name);
    if (namespaces.length > 0) this.#namespaces = namespaces;
  }

  attribute(attribute: KeptAttribute): void {
    (this.#attributes ??= []).push(attribute);
  }

  within(key: string, kept: Kept): void {
    (this.#within ??= new Map()).set(key, kept);
  }

  exact(key: string, number: { readonly value: number; readonly text: string }): void {
    (this.#exact ??= new Map()).set(key, number);
  }

  /** A described child goes by. What was waiting belongs before it. */
  passed(neighbour: Neighbour): void {
    for (const node of this.#pending) this.#place(node, { ...neighbour, side: "before" });
    this.#pending.length = 0;
    this.#last = neighbour;
  }

  /** A comment or an instruction; it belongs to what follows. */
  markup(markup: Markup): void {
    this.#pending.push(markup);
  }

  /** An element or text; it belongs behind what precedes, with the comments in between. */
  node(node: KeptNode): void {
    this.#pending.push(node);
    if (this.#last !== undefined) this.#flush(this.#last);
  }

  /** All of it, `undefined` where there is nothing. `valueOf` gives the object that a child became, if it is one. */
  all(valueOf: (neighbour: Neighbour) => object | undefined): Kept | undefined {
    this.#flush(this.#last);
    const nodes = this.#nodes?.map((placed): Placed => {
      const beside = placed.key === undefined ? undefined : valueOf({ key: placed.key, index: placed.index });
      return beside === undefined ? placed : { ...placed, beside };
    });
    const all: Kept = {
      ...(this.#namespaces === undefined ? {} : { namespaces: this.#namespaces }),
      ...(this.#attributes === undefined ? {} : { attributes: this.#attributes }),
      ...(nodes === undefined ? {} : { nodes }),
      ...(this.#within === undefined ? {} : { within: this.#within }),
      ...(this.#exact === undefined ? {} : { exact: this.#exact }),
    };
    return Object.keys(all).length === 0 ? undefined : all;
  }

  #flush(last: Neighbour | undefined): void {
    for (const node of this.#pending) {
      this.#place(node, { key: last?.key, index: last?.index ?? 0, side: "after" });
    }
    this.#pending.length = 0;
  }

  #place(node: KeptNode, place: Omit<Placed, "node" | "beside">): void {
    (this.#nodes ??= []).push({ node, ...place });
  }
}

/**
 * Finds the neighbours of kept nodes again after hooks have put other objects in their place.
 */
export function refreshNeighbours(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) {
    const keeper: Record<string, unknown> & { [kept]?: Kept } = Object(value);
    const all = keeper[kept];
    if (all?.nodes !== undefined) {
      const nodes = all.nodes.map((placed) => {
        if (placed.key === undefined) return placed;
        const held = keeper[placed.key];
        if (placed.beside === undefined || (Array.isArray(held) && held.includes(placed.beside))) {
          return placed;
        }
        const beside = objectAt(held, placed.index);
        return beside === undefined ? placed : { ...placed, beside };
      });
      keeper[kept] = { ...all, nodes };
    }
  }
  for (const inner of Object.values(value)) refreshNeighbours(inner);
}

/** The object in a property, or in a list at an index. */
export function objectAt(value: unknown, index: number): object | undefined {
  const item = Array.isArray(value) ? value[index] : value;
  return typeof item === "object" && item !== null && !Array.isArray(item) ? item : undefined;
}

/** An unknown node with all that is in it, freed from the tree. */
export function keptNode(node: TreeNode): KeptNode {
  if (typeof node === "string") return { kind: "text", text: node };
  if (!(node instanceof TreeElement)) return node;
  const attributes: KeptAttribute[] = [];
  for (let i = 0; i < node.attributes.length; i += 2) {
    attributes.push(keptAttribute(node, i));
  }
  return {
    kind: "element",
    name: node.name,
    uri: node.uri,
    namespaces: namespacesOf(node),
    attributes,
    children: node.children.map(keptNode),
  };
}

/** The attribute whose name has the given index among `element.attributes`. */
export function keptAttribute(element: TreeElement, index: number): KeptAttribute {
  const name = element.attributes[index] ?? "";
  const prefix = prefixOf(name);
  const uri = prefix === "" ? "" : element.scope?.get(prefix) ?? "";
  return { name, value: element.attributes[index + 1] ?? "", uri };
}

function namespacesOf(element: TreeElement): KeptAttribute[] {
  const namespaces: KeptAttribute[] = [];
  for (let i = 0; i < element.declared.length; i += 2) {
    namespaces.push({ name: element.declared[i] ?? "", value: element.declared[i + 1] ?? "", uri: "" });
  }
  return namespaces;
}
