/**
 * XML text with the places of its elements, for changing a definition where it has to change and nowhere else.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/** One element and where it stands in the text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, decoded. */
  readonly text: string;
  /** Where its start tag begins. */
  readonly start: number;
  /** Where its start tag has ended. */
  readonly startEnd: number;
  /** Where its end tag begins; equal to `startEnd` for an empty-element tag. */
  readonly endStart: number;
  /** Where it has ended. */
  readonly end: number;
  /** Whether it is written as one empty-element tag. */
  readonly empty: boolean;
}

/** How deep elements may be nested. */
const depthLimit = 256;

const markup =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /([^\s=<>/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Replaces the predefined entities and character references. */
export function decodeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? all;
  });
}

/** Escapes text for element content and attribute values. */
export function encodeXml(text: string): string {
  return text.replace(/[<>&'"]/g, (c) => `&${Object.entries(entities).find(([, char]) => char === c)?.[0]};`);
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly start: number;
  readonly startEnd: number;
  text: string;
}

/**
 * Reads a document.
 *
 * @throws {VirtError} `invalid-document` with line and column, where it is not well-formed.
 */
export function readXml(text: string, what = "definition"): XmlElement {
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let at = 0;
  const close = (open: Open, place: { endStart: number; end: number; empty: boolean }): void => {
    const element: XmlElement = { ...open, ...place };
    const parent = stack.at(-1);
    if (parent !== undefined) parent.children.push(element);
    else root = element;
  };
  while (at < text.length) {
    const parent = stack.at(-1);
    if (text[at] !== "<") {
      const next = text.indexOf("<", at);
      const piece = text.slice(at, next < 0 ? text.length : next);
      if (parent !== undefined) parent.text += decodeXml(piece);
      else if (piece.trim() !== "" && piece !== "\uFEFF") {
        throw fault(text, at, { what, found: "text outside the root element" });
      }
      at += piece.length;
      continue;
    }
    markup.lastIndex = at;
    const match = markup.exec(text);
    if (match === null) throw fault(text, at, { what, found: "a tag that is not well-formed" });
    const [all, data, endName, startName, attributes = "", slash] = match;
    const end = at + all.length;
    if (data !== undefined && parent !== undefined) parent.text += data;
    if (endName !== undefined) {
      const open = stack.pop();
      if (open?.name !== endName) {
        const found = open === undefined
          ? `</${endName}> without a start`
          : `</${endName}> in <${open.name}>`;
        throw fault(text, at, { what, found });
      }
      close(open, { endStart: at, end, empty: false });
    } else if (startName !== undefined) {
      if (parent === undefined && root !== undefined) {
        throw fault(text, at, { what, found: "a second root element" });
      }
      if (stack.length >= depthLimit) throw fault(text, at, { what, found: "elements nested too deeply" });
      const open: Open = {
        name: startName,
        attributes: readAttributes(attributes),
        children: [],
        start: at,
        startEnd: end,
        text: "",
      };
      if (slash === "/") close(open, { endStart: end, end, empty: true });
      else stack.push(open);
    }
    at = end;
  }
  const left = stack.at(-1);
  if (left !== undefined) throw fault(text, left.start, { what, found: `<${left.name}> without an end` });
  if (root === undefined) throw fault(text, 0, { what, found: "no element" });
  return root;
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", double, single = ""] of text.matchAll(attribute)) {
    found.set(name, decodeXml(double ?? single));
  }
  return found;
}

function fault(text: string, at: number, { what, found }: { what: string; found: string }): VirtError {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  return new VirtError("invalid-document", `Cannot read the ${what}: found ${found}`, {
    at: { line, column },
    // What is no XML at all has a number of its own with libvirt.
    remoteCode: "VIR_ERR_XML_DETAIL",
  });
}

/** The first child of that name, along a path. */
export function childOf(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** All children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The trimmed text of the first child along a path, `undefined` where there is none. */
export function textOf(element: XmlElement, ...path: readonly string[]): string | undefined {
  return childOf(element, ...path)?.text.trim();
}

/** An attribute of the first child along a path. */
export function attributeOf(
  element: XmlElement | undefined,
  name: string,
  ...path: readonly string[]
): string | undefined {
  return element === undefined ? undefined : childOf(element, ...path)?.attributes.get(name);
}

/** The text with a piece of it replaced. */
export function splice(
  text: string,
  from: number,
  { to, by }: { readonly to: number; readonly by: string },
): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** The text without an element, and without the line that it leaves empty. */
export function without(text: string, element: XmlElement): string {
  let from = element.start;
  let to = element.end;
  while (from > 0 && (text[from - 1] === " " || text[from - 1] === "\t")) from--;
  if (text[from - 1] === "\n" && text[to] === "\n") to++;
  else from = element.start;
  return splice(text, from, { to, by: "" });
}

/** The text with `child` as the last, or with `after` the next, thing in an element. */
export function withChild(
  text: string,
  parent: XmlElement,
  { child, after }: { readonly child: string; readonly after?: XmlElement },
): string {
  const margin = /[ \t]*$/.exec(text.slice(0, parent.start))?.[0] ?? "";
  const inner = `${margin}  `;
  const indented = child.trim().split("\n").join(`\n${inner}`);
  if (parent.empty) {
    const tag = text.slice(parent.start, parent.end).replace(/\s*\/>$/, ">");
    const by = `${tag}\n${inner}${indented}\n${margin}</${parent.name}>`;
    return splice(text, parent.start, { to: parent.end, by });
  }
  if (after !== undefined) return splice(text, after.end, { to: after.end, by: `\n${inner}${indented}` });
  const last = parent.children.at(-1);
  if (last !== undefined) return splice(text, last.end, { to: last.end, by: `\n${inner}${indented}` });
  return splice(text, parent.startEnd, { to: parent.endStart, by: `\n${inner}${indented}\n${margin}` });
}
