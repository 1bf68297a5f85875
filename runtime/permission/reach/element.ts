/**
 * Reading trees.
 *
 * @module
 */
import { TreeElement } from "../../../model/xml/tree.ts";

/** The element's children, in order; those of one name where given. Foreign namespaces are left out. */
export function childrenOf(element: TreeElement, name?: string): TreeElement[] {
  return element.children.filter((child): child is TreeElement =>
    child instanceof TreeElement && child.uri === "" && (name === undefined || child.name === name)
  );
}

/** Elements at the end of a path of names. */
export function descendants(element: TreeElement, ...names: readonly string[]): TreeElement[] {
  return names.reduce<TreeElement[]>((found, name) => found.flatMap((each) => childrenOf(each, name)), [
    element,
  ]);
}

/** An element as text in which only what matters to a reader differs. */
export function fingerprint(element: TreeElement): string {
  const attributes: [string, string][] = [];
  for (let i = 0; i < element.attributes.length; i += 2) {
    attributes.push([element.attributes[i] ?? "", element.attributes[i + 1] ?? ""]);
  }
  attributes.sort(([a], [b]) => a < b ? -1 : 1);
  const children = element.children.flatMap((child) =>
    child instanceof TreeElement ? [fingerprint(child)] : []
  );
  return JSON.stringify([element.uri, element.name, attributes, element.text().trim(), children]);
}
