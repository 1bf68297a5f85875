/**
 * What people and programs write about an object in its definition: a title, a description, elements of their own.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { notFound } from "./domain.ts";
import type { In } from "./operation_types.ts";
import { XmlEditor } from "../xml_edit.ts";
import { childOf, encodeXml, readXml, textOf, type XmlElement } from "../xml_span.ts";

/** Whatever has a definition, as messages call it. */
interface Described {
  readonly label: string;
}

type Asked = Pick<In<"domain.metadata">, "kind" | "uri">;
type Given = Pick<In<"domain.setMetadata">, "kind" | "value" | "uri" | "key">;

/** The element of a namespace in a definition's metadata. */
function elementOf(xml: string, uri: string): XmlElement | undefined {
  return childOf(readXml(xml), "metadata")?.children.find((child) => {
    const prefix = child.name.includes(":") ? child.name.split(":")[0] : undefined;
    return child.attributes.get(prefix === undefined ? "xmlns" : `xmlns:${prefix}`) === uri;
  });
}

function needUri({ label }: Described, uri: string | undefined): string {
  if (uri !== undefined && uri !== "") return uri;
  throw new VirtError("invalid-argument", `Cannot find the metadata of ${label}: an element needs its uri`);
}

/**
 * What a definition says.
 *
 * @throws {VirtError} `not-found`; `invalid-argument` for an element without its namespace.
 */
export function metadataIn(
  xml: string,
  { kind, uri, object }: Asked & { readonly object: Described },
): string {
  if (kind !== "element") {
    const text = textOf(readXml(xml), kind);
    if (text === undefined) {
      const target = `${kind} of ${object.label}`;
      throw new VirtError("not-found", `Cannot find the ${target}: it has none`, { target });
    }
    return text;
  }
  const wanted = needUri(object, uri);
  const element = elementOf(xml, wanted);
  if (element === undefined) throw notFound(`metadata of ${object.label}`, wanted);
  return withoutNamespace(xml.slice(element.start, element.end), element);
}

/** The element as its owner gave it: without the namespace that it was put into. */
function withoutNamespace(text: string, { name, attributes }: XmlElement): string {
  const prefix = name.includes(":") ? name.slice(0, name.indexOf(":")) : undefined;
  if (prefix === undefined || !attributes.has(`xmlns:${prefix}`)) return text;
  const declaration = new RegExp(`\\s+xmlns:${RegExp.escape(prefix)}\\s*=\\s*(?:"[^"]*"|'[^']*')`);
  const bare = (element: XmlElement): string => {
    const isOurs = element.name.startsWith(`${prefix}:`);
    const newName = isOurs ? element.name.slice(prefix.length + 1) : element.name;
    const tag = text.slice(element.start, element.startEnd).replace(element.name, newName);
    if (element.empty) return tag;
    let inner = "";
    let at = element.startEnd;
    for (const child of element.children) {
      inner += text.slice(at, child.start) + bare(child);
      at = child.end;
    }
    return `${tag}${inner}${text.slice(at, element.endStart)}</${newName}>`;
  };
  return bare(readXml(text, "metadata")).replace(declaration, "");
}

/** Refuses a title of several lines. */
export function checkTitle({ kind, value }: Given, { label }: Described): void {
  if (kind !== "title" || value?.includes("\n") !== true) return;
  throw new VirtError("invalid-argument", `Cannot set the title of ${label}: it has more than one line`);
}

/**
 * The definition with something else written into it, or removed where no value is given.
 *
 * @throws {VirtError} `invalid-argument` for an element without its namespace or its prefix.
 */
export function withMetadata(
  xml: string,
  { kind, value, uri, key, object }: Given & { readonly object: Described },
): string {
  const editor = new XmlEditor(xml);
  if (kind !== "element") {
    if (value === undefined || value === "") return editor.remove(childOf(editor.root, kind)).text;
    return editor.put([kind], { text: value }).text;
  }
  const wanted = needUri(object, uri);
  const element = value === undefined ? undefined : withNamespace(value, { uri: wanted, key });
  const present = elementOf(xml, wanted);
  if (present !== undefined && element !== undefined) return editor.replace(present, element).text;
  editor.remove(present);
  if (element === undefined) {
    const left = childOf(editor.root, "metadata");
    return editor.remove(left?.children.length === 0 ? left : undefined).text;
  }
  editor.put(["metadata"]);
  const parent = childOf(editor.root, "metadata");
  return parent === undefined ? editor.text : editor.insert(parent, element, "").text;
}

/** The element in its namespace, under a prefix. */
function withNamespace(
  text: string,
  { uri, key }: { readonly uri: string; readonly key: string | undefined },
): string {
  const element = readXml(text, "metadata");
  if (key === undefined) {
    throw new VirtError("invalid-argument", `Cannot set metadata of "${uri}": an element needs its key`);
  }
  const bare = element.name.split(":").at(-1) ?? element.name;
  const attributes = [...element.attributes].filter(([name]) => !name.startsWith("xmlns"))
    .map(([name, value]) => ` ${name}='${encodeXml(value)}'`).join("");
  const tag = `<${key}:${bare} xmlns:${key}='${encodeXml(uri)}'${attributes}`;
  return element.empty
    ? `${tag}/>`
    : `${tag}>${text.slice(element.startEnd, element.endStart)}</${key}:${bare}>`;
}
