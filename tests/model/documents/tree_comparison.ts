/**
 * Compares documents as trees: attribute order, white space between elements, comments and namespace declarations do
 * not count.
 */
import { regularise } from "../../../model/xml/library.ts";
import { buildTree, TreeElement } from "../../../model/xml/tree.ts";

/** A document as lines that two equal documents share. */
export function comparable(text: string): string[] {
  const regular = regularise(text);
  if (!regular.ok) throw new Error(regular.fault.message);
  const tree = buildTree(regular.text, {
    depth: 1000,
    tooDeep: () => {
      throw new Error("too deep");
    },
  });
  const lines: string[] = [];
  describe(tree.root, { indent: "", lines });
  return lines;
}

function describe(element: TreeElement, into: { readonly indent: string; readonly lines: string[] }): void {
  const attributes: string[] = [];
  for (let i = 0; i < element.attributes.length; i += 2) {
    attributes.push(` ${element.attributes[i]}=${JSON.stringify(element.attributes[i + 1])}`);
  }
  into.lines.push(`${into.indent}<${element.name}${attributes.sort().join("")}>`);
  const inner = { indent: `${into.indent}  `, lines: into.lines };
  const elements = element.children.filter((child) => child instanceof TreeElement);
  const text = element.text();
  if (text.trim() !== "") {
    into.lines.push(inner.indent + JSON.stringify(elements.length === 0 ? text : text.trim()));
  }
  for (const child of elements) describe(child, inner);
}
