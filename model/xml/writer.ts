/**
 * Makes text of a typed value, by a plan, and puts back what the value keeps.
 *
 * @module
 */
import {
  type Kept,
  type KeptAttribute,
  type KeptElement,
  type KeptNode,
  keptOf,
  type Placed,
} from "../documents/language/mod.ts";
import { DocumentError } from "./document_error.ts";
import { escapeAttribute, escapeText, isWritable } from "./escape.ts";
import {
  alternativeNamed,
  type FieldPlan,
  type PlannedAlternatives,
  type PlannedContent,
  type ShapePlan,
} from "./plan.ts";
import { prefixOf } from "./tree.ts";

/** Namespaces by prefix. */
type Scope = ReadonlyMap<string, string>;

/** Where an element is written. */
interface Spot {
  readonly name: string;
  /** What precedes each line; `undefined` where white space would count. */
  readonly indent: string | undefined;
  readonly scope: Scope;
  readonly path: string;
}

type Values = Readonly<Record<string, unknown>>;

const noScope: Scope = new Map();

/** Writes one document. */
export class Writer {
  readonly #normal: boolean;
  readonly #title: string;
  /** Namespaces that descriptions use and nobody declared; they go to the root. */
  readonly #needed = new Map<string, string>();

  /** With `normal`, what is marked transient is left out. */
  constructor(options: { readonly normal: boolean; readonly title: string }) {
    this.#normal = options.normal;
    this.#title = options.title;
  }

  /** The whole document. */
  document(value: unknown, root: { readonly name: string; readonly plan: ShapePlan }): string {
    const kept = keptOf(value);
    const spot: Spot = { name: root.name, indent: "", scope: noScope, path: `/${root.name}` };
    const body = this.#shape(value, { plan: root.plan, spot, root: true });
    return this.#nodes(kept?.prolog, spot) + body + this.#nodes(kept?.epilog, spot);
  }

  #shape(
    value: unknown,
    into: { readonly plan: ShapePlan; readonly spot: Spot; readonly root?: boolean },
  ): string {
    const { spot } = into;
    if (!isValues(value)) return this.#fail(spot.path, `Found ${typeof value}, expected an object`);
    const plan = this.#chosen(value, into);
    const kept = keptOf(value);
    const scope = kept?.namespaces === undefined ? spot.scope : widened(spot.scope, kept.namespaces);
    let attributes = "";
    for (const field of plan.attributeFields) {
      attributes += this.#attribute(field, { values: value, kept, spot });
    }
    for (const each of kept?.attributes ?? []) attributes += keptAttribute(each, scope);
    const text = plan.content === undefined
      ? ""
      : this.#textOf(plan.content, { value: value[plan.content.key], kept, index: 0, path: spot.path });
    if (plan.content?.content.kind === "size") attributes += unitOf(plan.content);
    const inner = spot.indent === undefined || text !== "" ? undefined : `${spot.indent}  `;
    const children = this.#children(value, { plan, kept, spot: { ...spot, indent: inner, scope } });
    const declared = (kept?.namespaces ?? []).map(declaration).join("") +
      (into.root === true
        ? [...this.#needed].map(([name, uri]) => declaration({ name, value: uri })).join("")
        : "");
    return wrapped(spot, {
      attributes: declared + attributes,
      text: escapeText(text),
      children,
      inline: inner === undefined,
    });
  }

  #chosen(value: Values, into: { readonly plan: ShapePlan; readonly spot: Spot }): ShapePlan {
    let plan = into.plan;
    while (plan.alternatives !== undefined) {
      const alternatives: PlannedAlternatives = plan.alternatives;
      const { key } = alternatives;
      const named = value[key];
      const next = alternativeNamed(alternatives, named === undefined ? undefined : String(named));
      if (next === undefined) return this.#fail(into.spot.path, `"${value[key]}" is not a known "${key}"`);
      plan = next;
    }
    return plan;
  }

  #attribute(
    field: FieldPlan,
    from: { readonly values: Values; readonly kept: Kept | undefined; readonly spot: Spot },
  ): string {
    const value = this.#valueOf(field, { values: from.values, path: `${from.spot.path}/@${field.name}` });
    if (value === undefined) return "";
    const path = `${from.spot.path}/@${field.name}`;
    const text = this.#textOf(field, { value, kept: from.kept, index: 0, path });
    return ` ${field.name}='${escapeAttribute(text)}'${field.content.kind === "size" ? unitOf(field) : ""}`;
  }

  /** The value to be written, `undefined` for none. */
  #valueOf(field: FieldPlan, from: { readonly values: Values; readonly path: string }): unknown {
    const { rules } = field;
    const value = from.values[field.key] ?? rules.initial;
    if (this.#normal && value !== undefined && rules.transient?.(value) === true) return rules.initial;
    if (value === undefined && rules.optional !== true) return this.#fail(from.path, "The value is missing");
    if (value === false && field.content.kind === "flag") return undefined;
    return rules.omitted?.includes(value) === true ? undefined : value;
  }

  #children(
    values: Values,
    into: { readonly plan: ShapePlan; readonly kept: Kept | undefined; readonly spot: Spot },
  ): string {
    const { plan, kept, spot } = into;
    const placed = kept?.nodes === undefined
      ? undefined
      : new Map(Map.groupBy(kept.nodes, (each) => each.key));
    let text = "";
    for (const field of plan.childFields) {
      const value = this.#valueOf(field, { values, path: `${spot.path}/${field.name}` });
      const items = value === undefined ? [] : field.kind === "element" ? [value] : listOf(value);
      const around = placed?.get(field.key);
      placed?.delete(field.key);
      const beside = around === undefined ? undefined : resolved(around, items);
      items.forEach((item, index) => {
        text += this.#nodes(beside?.before.get(index), spot);
        text += this.#child(item, { field, kept, index, spot });
        text += this.#nodes(beside?.after.get(index), spot);
      });
      if (items.length === 0) text += this.#nodes(around?.map((each) => each.node), spot);
    }
    for (const rest of placed?.values() ?? []) text += this.#nodes(rest.map((each) => each.node), spot);
    return text;
  }

  #child(item: unknown, into: ChildPlace): string {
    const { field, spot } = into;
    if (field.kind === "sequence") {
      const [name, inner] = isValues(item) ? Object.entries(item)[0] ?? [] : [];
      const content = name === undefined ? undefined : field.choices.get(name);
      if (name === undefined || content === undefined) {
        return this.#fail(spot.path, `"${name}" cannot stand here`);
      }
      return this.#content(inner, {
        ...into,
        content,
        spot: { ...spot, name, path: `${spot.path}/${name}` },
      });
    }
    const named = field.qualified === undefined
      ? { name: field.name, scope: spot.scope }
      : this.#qualified(field, spot);
    return this.#content(item, {
      ...into,
      content: field.content,
      spot: { ...named, indent: spot.indent, path: `${spot.path}/${named.name}` },
    });
  }

  #content(value: unknown, into: ChildPlace & { readonly content: PlannedContent }): string {
    const { content, spot, field, index } = into;
    if (content.kind === "shape") return this.#shape(value, { plan: content.plan(), spot });
    const kept = into.kept?.within?.get(`${field.key}#${index}`);
    const scope = kept?.namespaces === undefined ? spot.scope : widened(spot.scope, kept.namespaces);
    const text = content.kind === "flag" ? "" : this.#textOf(field, { ...into, value, path: spot.path });
    let attributes = (kept?.namespaces ?? []).map(declaration).join("");
    if (content.kind === "size") attributes += unitOf(field);
    for (const each of kept?.attributes ?? []) attributes += keptAttribute(each, scope);
    const inner = { ...spot, scope, indent: undefined };
    const children = kept?.nodes === undefined ? "" : this.#nodes(kept.nodes.map((each) => each.node), inner);
    return wrapped(spot, { attributes, text: escapeText(text), children, inline: true });
  }

  /** A scalar or a size as text that can be read again. */
  #textOf(
    field: FieldPlan,
    of: {
      readonly value: unknown;
      readonly kept: Kept | undefined;
      readonly index: number;
      readonly path: string;
      readonly content?: PlannedContent;
    },
  ): string {
    const content = of.content ?? field.content;
    const { value } = of;
    if (value === undefined && field.rules.optional === true) return "";
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      const exact = of.kept?.exact?.get(`${field.key}#${of.index}`);
      if (exact?.value === value) return exact.text;
    }
    if (content.kind === "size") {
      if (typeof value === "number" && Number.isInteger(value) && value >= 0) return BigInt(value).toString();
      return this.#fail(of.path, `Found "${value}", expected a whole number`);
    }
    if (content.kind !== "scalar") return "";
    const text = content.write(value);
    if (typeof text !== "string" || content.read(text) === undefined) {
      return this.#fail(of.path, `Found "${value}", expected ${content.expected}`);
    }
    return isWritable(text)
      ? text
      : this.#fail(of.path, "The value holds a character that XML does not allow");
  }

  #qualified(field: FieldPlan, spot: Spot): { readonly name: string; readonly scope: Scope } {
    const { qualified } = field;
    if (qualified === undefined) return { name: field.name, scope: spot.scope };
    for (const [prefix, uri] of spot.scope) {
      if (uri === qualified.uri && prefix !== "") {
        return { name: `${prefix}:${field.name}`, scope: spot.scope };
      }
    }
    this.#needed.set(qualified.prefix, qualified.uri);
    return {
      name: `${qualified.prefix}:${field.name}`,
      scope: new Map([...spot.scope, [qualified.prefix, qualified.uri]]),
    };
  }

  #nodes(nodes: readonly KeptNode[] | undefined, spot: Spot): string {
    let text = "";
    for (const node of nodes ?? []) text += keptText(node, spot);
    return text;
  }

  #fail(path: string, problem: string): never {
    throw new DocumentError({ title: this.#title, path, problem });
  }
}

/** A child that is written. */
interface ChildPlace {
  readonly field: FieldPlan;
  readonly kept: Kept | undefined;
  readonly index: number;
  readonly spot: Spot;
}

interface Surroundings {
  readonly before: ReadonlyMap<number, readonly KeptNode[]>;
  readonly after: ReadonlyMap<number, readonly KeptNode[]>;
}

/** Finds the neighbours of kept nodes again: the same object, else the same index, else the last. */
function resolved(placed: readonly Placed[], items: readonly unknown[]): Surroundings {
  const before = new Map<number, KeptNode[]>();
  const after = new Map<number, KeptNode[]>();
  for (const each of placed) {
    const same = each.beside === undefined ? -1 : items.indexOf(each.beside);
    const index = same >= 0 ? same : Math.min(each.index, items.length - 1);
    const side = each.side === "before" ? before : after;
    const nodes = side.get(index);
    if (nodes === undefined) side.set(index, [each.node]);
    else nodes.push(each.node);
  }
  return { before, after };
}

function wrapped(
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

function keptText(node: KeptNode, spot: Spot): string {
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
  for (const each of node.attributes) attributes += keptAttribute(each, scope);
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

function keptAttribute(attribute: KeptAttribute, scope: Scope): string {
  const prefix = prefixOf(attribute.name);
  const known = prefix === "" || prefix === "xml" || scope.get(prefix) === attribute.uri;
  const declared = known ? "" : declaration({ name: prefix, value: attribute.uri });
  return `${declared} ${attribute.name}='${escapeAttribute(attribute.value)}'`;
}

function declaration(namespace: { readonly name: string; readonly value: string }): string {
  return ` xmlns${namespace.name === "" ? "" : ":"}${namespace.name}='${escapeAttribute(namespace.value)}'`;
}

function widened(scope: Scope, namespaces: readonly KeptAttribute[]): Scope {
  if (namespaces.length === 0) return scope;
  return new Map([...scope, ...namespaces.map((each): [string, string] => [each.name, each.value])]);
}

function unitOf(field: FieldPlan): string {
  return field.content.kind === "size" ? ` ${field.content.unitAttribute}='${field.content.unit}'` : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}
