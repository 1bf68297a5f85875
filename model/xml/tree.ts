/**
 * A document as plain objects, made from libxml2's regular form.
 *
 * @module
 */

/** A comment or processing instruction, with its brackets. */
export interface Markup {
  readonly kind: "comment" | "instruction";
  readonly text: string;
}

/** Anything in an element: elements, text, markup. */
export type TreeNode = TreeElement | Markup | string;

/** One element. */
export class TreeElement {
  /** As written, with its prefix. */
  readonly name: string;
  /** The namespace, `""` for none. */
  readonly uri: string;
  readonly parent: TreeElement | undefined;
  /** How many start tags precede it in the document. */
  readonly ordinal: number;
  /** Names and values in turn, without namespace declarations. */
  readonly attributes: string[] = [];
  readonly children: TreeNode[] = [];
  /** The namespaces in force here, by prefix; `undefined` while none was declared. */
  readonly scope: ReadonlyMap<string, string> | undefined;
  /** Prefixes and URIs in turn that this element declares. */
  readonly declared: readonly string[];

  constructor(
    name: string,
    place: {
      readonly parent: TreeElement | undefined;
      readonly ordinal: number;
      readonly attributes: string[];
      readonly declared: readonly string[] | undefined;
    },
  ) {
    this.name = name;
    this.parent = place.parent;
    this.ordinal = place.ordinal;
    this.attributes = place.attributes;
    this.declared = place.declared ?? nothing;
    this.scope = place.declared === undefined
      ? place.parent?.scope
      : widened(place.parent?.scope, place.declared);
    this.uri = this.scope === undefined ? "" : this.scope.get(prefixOf(name)) ?? "";
  }

  /** The attribute's value; `undefined` where there is none. */
  attribute(name: string): string | undefined {
    for (let i = 0; i < this.attributes.length; i += 2) {
      if (this.attributes[i] === name) return this.attributes[i + 1];
    }
    return undefined;
  }

  /** All text directly in the element. */
  text(): string {
    const only = this.children[0];
    if (this.children.length === 1 && typeof only === "string") return only;
    let text = "";
    for (const child of this.children) {
      if (typeof child === "string") text += child;
    }
    return text;
  }
}

/** A whole document. */
export interface Tree {
  readonly root: TreeElement;
  readonly prolog: readonly Markup[];
  readonly epilog: readonly Markup[];
}

const nothing: readonly string[] = [];

/** The part of a name before its colon, `""` where there is none. */
export function prefixOf(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? "" : name.slice(0, colon);
}

function widened(
  outer: ReadonlyMap<string, string> | undefined,
  declared: readonly string[],
): ReadonlyMap<string, string> {
  const scope = new Map(outer);
  for (let i = 0; i < declared.length; i += 2) scope.set(declared[i] ?? "", declared[i + 1] ?? "");
  return scope;
}

/** How deep elements may be nested and what to do with one that is deeper. */
export interface TreeLimits {
  readonly depth: number;
  /** Called with the first element beyond `depth`; throws. */
  tooDeep(element: TreeElement): never;
}

const lessThan = 60, slash = 47, exclamation = 33, question = 63, blank = 32;

/** Builds the tree of a text that {@linkcode regularise} made. */
export function buildTree(text: string, limits: TreeLimits): Tree {
  const prolog: Markup[] = [];
  const epilog: Markup[] = [];
  let root: TreeElement | undefined;
  let current: TreeElement | undefined;
  let depth = 0;
  let ordinal = 0;
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) !== lessThan) {
      let end = text.indexOf("<", at);
      if (end < 0) end = text.length;
      current?.children.push(decoded(text.slice(at, end)));
      at = end;
      continue;
    }
    const next = text.charCodeAt(at + 1);
    if (next === slash) {
      current = current?.parent;
      depth--;
      at = text.indexOf(">", at) + 1;
    } else if (next === exclamation || next === question) {
      const close = next === question ? "?>" : "-->";
      const end = text.indexOf(close, at) + close.length;
      const markup: Markup = {
        kind: next === question ? "instruction" : "comment",
        text: text.slice(at, end),
      };
      (current?.children ?? (root === undefined ? prolog : epilog)).push(markup);
      at = end;
    } else {
      const tag = startTag(text, at + 1);
      const element: TreeElement = new TreeElement(tag.name, {
        parent: current,
        ordinal: ordinal++,
        attributes: tag.attributes,
        declared: tag.declared,
      });
      current?.children.push(element);
      root ??= element;
      if (depth >= limits.depth) limits.tooDeep(element);
      if (!tag.empty) {
        current = element;
        depth++;
      }
      at = tag.end;
    }
  }
  if (root === undefined) throw new TypeError("libxml2 gave a document without a root");
  return { root, prolog, epilog };
}

interface StartTag {
  readonly name: string;
  readonly attributes: string[];
  readonly declared: string[] | undefined;
  readonly empty: boolean;
  readonly end: number;
}

function startTag(text: string, start: number): StartTag {
  let at = start;
  while (!endsName(text.charCodeAt(at))) at++;
  const name = text.slice(start, at);
  const attributes: string[] = [];
  let declared: string[] | undefined;
  while (text.charCodeAt(at) === blank) {
    const equals = text.indexOf("=", at);
    const close = text.indexOf('"', equals + 2);
    const key = text.slice(at + 1, equals);
    const value = decoded(text.slice(equals + 2, close));
    if (key.startsWith("xmlns") && (key.length === 5 || key.charCodeAt(5) === 58)) {
      (declared ??= []).push(key.slice(6), value);
    } else {
      attributes.push(key, value);
    }
    at = close + 1;
  }
  const empty = text.charCodeAt(at) === slash;
  return { name, attributes, declared, empty, end: at + (empty ? 2 : 1) };
}

function endsName(code: number): boolean {
  return code === blank || code === slash || code === 62;
}

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decoded(text: string): string {
  if (text.indexOf("&") < 0) return text;
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (all, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return named[name] ?? all;
  });
}

/** Where an element, or an attribute of it, stands: `/volume/target/format/@type`. */
export function pathOf(element: TreeElement, attribute?: string): string {
  const steps: string[] = attribute === undefined ? [] : [`@${attribute}`];
  for (let each: TreeElement | undefined = element; each !== undefined; each = each.parent) {
    steps.unshift(stepOf(each));
  }
  return `/${steps.join("/")}`;
}

function stepOf(element: TreeElement): string {
  const same =
    element.parent?.children.filter((child) => child instanceof TreeElement && child.name === element.name) ??
      [];
  return same.length > 1 ? `${element.name}[${same.indexOf(element) + 1}]` : element.name;
}
