/**
 * Documents as plain trees that can be put together: what is compared and merged.
 *
 * @module
 */
import { parseTree, TreeElement } from "../../model/xml/mod.ts";

/** One element. Elements never change. */
export interface Element {
  /** As written, with its prefix. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** The namespaces that it declares: prefix and URI. */
  readonly declared: ReadonlyMap<string, string>;
  /** Text directly in it; empty where that is white space alone. */
  readonly text: string;
  readonly children: readonly Element[];
  /** In what is wanted: it shall not be there. */
  readonly absent?: boolean;
  /** In what is wanted: what else it gets where it is made anew. */
  readonly defaults?: Element;
}

/** What an element is made of. */
export interface ElementParts {
  readonly attributes?: Readonly<Record<string, string | number | undefined>>;
  readonly text?: string | number;
  readonly children?: readonly (Element | undefined)[];
  readonly defaults?: Element;
}

/** An element. Attributes and children that are `undefined` are left out. */
export function el(
  name: string,
  { attributes = {}, text = "", children = [], defaults }: ElementParts = {},
): Element {
  return {
    name,
    attributes: new Map(
      Object.entries(attributes).flatMap(([key, value]) => value === undefined ? [] : [[key, String(value)]]),
    ),
    declared: new Map(),
    text: String(text),
    children: children.filter((child) => child !== undefined),
    ...(defaults === undefined ? {} : { defaults }),
  };
}

/** An element that shall not be there. */
export function absent(name: string, parts: ElementParts = {}): Element {
  return { ...el(name, parts), absent: true };
}

/**
 * Reads a document.
 *
 * @throws {DocumentError} where it cannot be read
 */
export function readElement(xml: string): Element {
  return fromTree(parseTree(xml).root);
}

/** The prefixes that libvirt writes its namespaces with, whatever others call them. Source: libvirt drvqemu, formatstorage. */
const usualPrefixes: ReadonlyMap<string, string> = new Map(
  [
    ...["qemu", "lxc", "bhyve", "xen", "vmware"].map((prefix) => [prefix, `domain/${prefix}`] as const),
    ["dnsmasq", "network/dnsmasq"] as const,
    ...["fs", "rbd"].map((prefix) => [prefix, `storagepool/${prefix}`] as const),
  ].map(([prefix, path]) => [`http://libvirt.org/schemas/${path}/1.0`, prefix]),
);

function fromTree(tree: TreeElement): Element {
  const text = tree.text();
  const prefix = usualPrefixes.get(tree.uri);
  const usual = prefix === undefined ? tree.name : `${prefix}:${tree.name.slice(tree.name.indexOf(":") + 1)}`;
  const renamed: [string, string][] = prefix === undefined || usual === tree.name ? [] : [[prefix, tree.uri]];
  return {
    name: usual,
    attributes: new Map(pairs(tree.attributes)),
    declared: new Map([...pairs(tree.declared), ...renamed]),
    text: text.trim() === "" ? "" : text,
    children: tree.children.flatMap((child) => child instanceof TreeElement ? [fromTree(child)] : []),
  };
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((key, index) => index % 2 === 0 ? [[key, flat[index + 1] ?? ""]] : []);
}

/** Writes an element, with what is in it, as XML. */
export function writeElement(element: Element, indent = ""): string {
  const { name, attributes, declared, text, children } = element;
  const names = [
    ...[...declared].map(([prefix, uri]) => [prefix === "" ? "xmlns" : `xmlns:${prefix}`, uri] as const),
    ...attributes,
  ];
  const tag = `${indent}<${name}${names.map(([key, value]) => ` ${key}='${escaped(value)}'`).join("")}`;
  const present = children.filter((child) => child.absent !== true);
  if (present.length === 0) return text === "" ? `${tag}/>\n` : `${tag}>${escaped(text)}</${name}>\n`;
  const inside = present.map((child) => writeElement(child, `${indent}  `)).join("");
  const words = text === "" ? "" : `${indent}  ${escaped(text.trim())}\n`;
  return `${tag}>\n${words}${inside}${indent}</${name}>\n`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  "\n": "&#10;",
  "\t": "&#9;",
};

function escaped(text: string): string {
  return text.replace(/[&<>']/g, (character) => escapes[character] ?? character);
}

/** The first child of a name, or the one further in: `childOf(disk, "source")`. */
export function childOf(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** The children of a name. */
export function childrenOf(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** An attribute of an element, or of one in it: `attributeOf(disk, "dev", "target")`. */
export function attributeOf(
  element: Element | undefined,
  name: string,
  ...path: readonly string[]
): string | undefined {
  return childOf(element, ...path)?.attributes.get(name);
}

/** The element with other children. */
export function withChildren(element: Element, children: readonly Element[]): Element {
  return { ...element, children };
}
