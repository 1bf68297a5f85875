/**
 * Makes documents that differ from a given one in a single value.
 */
import { escapeAttribute, escapeText } from "../../../model/xml/escape.ts";
import { regularise } from "../../../model/xml/library.ts";
import { buildTree, pathOf, TreeElement, type TreeNode } from "../../../model/xml/tree.ts";

/** A document with one value changed. */
export interface Mutation {
  readonly text: string;
  /** Where, without indexes. */
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** Every attribute and every text of libvirt's own in the document, changed one at a time. */
export function* mutations(text: string): Generator<Mutation> {
  const regular = regularise(text);
  if (!regular.ok) throw new Error(regular.fault.message);
  const { root } = buildTree(regular.text, {
    depth: 1000,
    tooDeep: () => {
      throw new Error("too deep");
    },
  });
  for (const element of within(root)) {
    for (let i = 0; i < element.attributes.length; i += 2) {
      const name = element.attributes[i] ?? "";
      const from = element.attributes[i + 1] ?? "";
      if (name.includes(":")) continue;
      const to = changed(from);
      element.attributes[i + 1] = to;
      yield { text: serialised(root), path: plain(pathOf(element, name)), from, to };
      element.attributes[i + 1] = from;
    }
    const [only] = element.children;
    if (element.children.length === 1 && typeof only === "string" && only.trim() !== "") {
      const to = changed(only);
      element.children[0] = to;
      yield { text: serialised(root), path: plain(pathOf(element)), from: only, to };
      element.children[0] = only;
    }
  }
}

function* within(element: TreeElement): Generator<TreeElement> {
  if (element.uri !== "") return;
  yield element;
  for (const child of element.children) {
    if (child instanceof TreeElement) yield* within(child);
  }
}

const opposite: Readonly<Record<string, string>> = { yes: "no", no: "yes", on: "off", off: "on" };

function changed(value: string): string {
  const other = opposite[value];
  if (other !== undefined) return other;
  if (/^\d+$/.test(value)) return (BigInt(value) + 1n).toString();
  const last = value.at(-1) ?? "";
  if (/^(0x)?[0-9a-fA-F:-]+$/.test(value)) return value.slice(0, -1) + (last === "1" ? "2" : "1");
  return `${value}x`;
}

function plain(path: string): string {
  return path.replace(/\[\d+\]/g, "");
}

function serialised(node: TreeNode): string {
  if (typeof node === "string") return escapeText(node);
  if (!(node instanceof TreeElement)) return node.text;
  let start = `<${node.name}`;
  for (let i = 0; i < node.declared.length; i += 2) {
    start += ` xmlns${node.declared[i] === "" ? "" : ":"}${node.declared[i]}='${
      escapeAttribute(node.declared[i + 1] ?? "")
    }'`;
  }
  for (let i = 0; i < node.attributes.length; i += 2) {
    start += ` ${node.attributes[i]}='${escapeAttribute(node.attributes[i + 1] ?? "")}'`;
  }
  return `${start}>${node.children.map(serialised).join("")}</${node.name}>`;
}
