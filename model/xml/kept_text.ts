/**
 * Makes text of what values keep beyond their descriptions.
 *
 * @module
 */
import type { KeptAttribute, KeptElement, KeptNode } from "../documents/language/mod.ts";
import { escapeAttribute, escapeText } from "./escape.ts";
import { prefixOf } from "./tree.ts";

/** Namespaces by prefix. */
export type Scope = ReadonlyMap<string, string>;

/** Where an element is written. */
export interface Spot {
  readonly name: string;
  /** What precedes each line; `undefined` where white space would count. */
  readonly indent: string | undefined;
  readonly scope: Scope;
  readonly path: string;
}

/** The scope in which nothing is declared. */
export const noScope: Scope = new Map();

/** An element as XML that needs nothing around it, without a line break behind it. */
export function standingAlone(element: KeptNode): string {
  return keptText(element, { name: "", indent: "", scope: noScope, path: "" }).trimEnd();
}

/** An element of its parts; without content it is empty. */
export function wrapped(
  spot: Spot,
  parts: {
    readonly attributes: string;
    readonly text: string;
    readonly children: string;
    readonly inline: boolean;
  },
): string {
  const before = spot.indent ?? "";
  const behind = spot.indent === undefined ? "" : "\n";
  const { attributes, text, children } = parts;
  if (text === "" && children === "") return `${before}<${spot.name}${attributes}/>${behind}`;
  const start = `${before}<${spot.name}${attributes}>`;
  return parts.inline
    ? `${start}${text}${children}</${spot.name}>${behind}`
    : `${start}\n${children}${before}</${spot.name}>${behind}`;
}

/** A kept node as text. */
export function keptText(node: KeptNode, spot: Spot): string {
  const before = spot.indent ?? "";
  const behind = spot.indent === undefined ? "" : "\n";
  if (node.kind === "text") return `${before}${escapeText(node.text)}${behind}`;
  if (node.kind !== "element") return `${before}${node.text}${behind}`;
  return keptElement(node, spot);
}

function keptElement(node: KeptElement, spot: Spot): string {
  let scope = widened(spot.scope, node.namespaces);
  let attributes = node.namespaces.map(declaration).join("");
  const prefix = prefixOf(node.name);
  if ((scope.get(prefix) ?? "") !== node.uri && prefix !== "xml") {
    attributes += declaration({ name: prefix, value: node.uri });
    scope = new Map([...scope, [prefix, node.uri]]);
  }
  for (const each of node.attributes) {
    attributes += keptAttribute(each, scope);
    const name = prefixOf(each.name);
    if (name !== "" && !scope.has(name)) scope = new Map([...scope, [name, each.uri]]);
  }
  const leaf = node.children.length === 1;
  const inline = spot.indent === undefined ||
    node.children.some((child) => child.kind === "text" && (leaf || /\S/.test(child.text)));
  const inner: Spot = { ...spot, scope, indent: inline ? undefined : `${spot.indent}  ` };
  let children = "";
  for (const child of node.children) {
    if (inline || child.kind !== "text") children += keptText(child, inner);
  }
  return wrapped({ ...spot, name: node.name }, { attributes, text: "", children, inline });
}

/** A kept attribute, with a declaration where its prefix has none. */
export function keptAttribute(attribute: KeptAttribute, scope: Scope): string {
  const prefix = prefixOf(attribute.name);
  const known = prefix === "" || prefix === "xml" || scope.get(prefix) === attribute.uri;
  const declared = known ? "" : declaration({ name: prefix, value: attribute.uri });
  return `${declared} ${attribute.name}='${escapeAttribute(attribute.value)}'`;
}

/** A namespace declaration. */
export function declaration(namespace: { readonly name: string; readonly value: string }): string {
  return ` xmlns${namespace.name === "" ? "" : ":"}${namespace.name}='${escapeAttribute(namespace.value)}'`;
}

/** A scope and what is declared in addition. */
export function widened(scope: Scope, namespaces: readonly KeptAttribute[]): Scope {
  if (namespaces.length === 0) return scope;
  return new Map([...scope, ...namespaces.map((each): [string, string] => [each.name, each.value])]);
}
