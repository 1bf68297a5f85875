/**
 * Makes text of a typed value, by a plan, and puts back what the value keeps.
 *
 * @module
 */
import { type Kept, type KeptNode, keptOf, type Placed } from "../documents/language/mod.ts";
import { DocumentError } from "./document_error.ts";
import { escapeAttribute, escapeText, isWritable } from "./escape.ts";
import {
  declaration,
  keptAttribute,
  keptText,
  noScope,
  type Scope,
  type Spot,
  widened,
  wrapped,
} from "./kept_text.ts";
import { keptNode } from "./keeping.ts";
import { regularise } from "./library.ts";
import {
  alternativeNamed,
  type FieldPlan,
  type PlannedAlternatives,
  type PlannedContent,
  type ShapePlan,
} from "./plan.ts";
import { doctypeOffset } from "./position.ts";
import { buildTree, pathOf, type TreeElement } from "./tree.ts";

type Values = Readonly<Record<string, unknown>>;

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
    given: unknown,
    into: { readonly plan: ShapePlan; readonly spot: Spot; readonly root?: boolean },
  ): string {
    const { spot } = into;
    if (!isValues(given)) return this.#fail(spot.path, `Found ${typeof given}, expected an object`);
    const plan = this.#chosen(given, into);
    const value = this.#normal ? stored(given, plan) : given;
    const kept = keptOf(value);
    const scope = kept?.namespaces === undefined ? spot.scope : widened(spot.scope, kept.namespaces);
    let attributes = "";
    for (const field of plan.attributeFields) {
      attributes += this.#attribute(field, { values: value, kept, spot });
    }
    for (const each of kept?.attributes ?? []) attributes += keptAttribute(each, scope);
    const spelled = plan.content === undefined
      ? noText
      : this.#textOf(plan.content, { value: value[plan.content.key], kept, index: 0, spot });
    const { text } = spelled;
    attributes += spelled.unit;
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
    const value = this.#valueOf(field, from);
    if (value === undefined) return "";
    const { text, unit } = this.#textOf(field, { value, kept: from.kept, index: 0, spot: from.spot });
    return ` ${field.name}='${escapeAttribute(text)}'${unit}`;
  }

  /** The value to be written, `undefined` for none. */
  #valueOf(field: FieldPlan, from: { readonly values: Values; readonly spot: Spot }): unknown {
    const { rules } = field;
    const value = from.values[field.key] ?? rules.initial;
    if (this.#normal && value !== undefined && rules.transient?.(value) === true) return rules.initial;
    if (value === undefined && rules.optional !== true) {
      return this.#fail(placeOf(field, from.spot), "The value is missing");
    }
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
      const value = this.#valueOf(field, { values, spot });
      const items = value === undefined ? [] : field.kind === "element" ? [value] : listOf(value);
      const around = placed?.get(field.key);
      placed?.delete(field.key);
      const beside = around === undefined ? undefined : resolved(around, items);
      items.forEach((item, index) => {
        text += this.#nodes(beside?.before.get(index), spot);
        const child = this.#child(item, { field, kept, index, spot });
        text += field.rules.emptyIsAbsent === true && isEmptyElement(child) ? "" : child;
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
    if (content.kind === "foreign") return this.#foreign(value, into);
    const { text, unit } = content.kind === "flag" ? noText : this.#textOf(field, { ...into, value });
    let attributes = (kept?.namespaces ?? []).map(declaration).join("") + unit;
    for (const each of kept?.attributes ?? []) attributes += keptAttribute(each, scope);
    const inner = { ...spot, scope, indent: undefined };
    const children = kept?.nodes === undefined ? "" : this.#nodes(kept.nodes.map((each) => each.node), inner);
    return wrapped(spot, { attributes, text: escapeText(text), children, inline: true });
  }

  /** What others put into the document. */
  #foreign(value: unknown, into: ChildPlace): string {
    const { spot } = into;
    const kept = into.kept?.within?.get(`${into.field.key}#${into.index}`);
    const scope = kept?.namespaces === undefined ? spot.scope : widened(spot.scope, kept.namespaces);
    let attributes = (kept?.namespaces ?? []).map(declaration).join("");
    for (const each of kept?.attributes ?? []) attributes += keptAttribute(each, scope);
    const inner = { ...spot, scope, indent: spot.indent === undefined ? undefined : `${spot.indent}  ` };
    let children = this.#nodes(kept?.nodes?.map((each) => each.node), inner);
    for (const each of listOf(value)) {
      const xml = isValues(each) ? each.xml : undefined;
      const tree = typeof xml === "string" ? elementOf(xml) : undefined;
      if (tree === undefined) return this.#fail(spot.path, "Found something that is not one XML element");
      if (tree.uri === "") return this.#fail(spot.path, `The element <${tree.name}> has no namespace`);
      children += keptText(keptNode(tree), inner);
    }
    return wrapped(spot, { attributes, text: "", children, inline: spot.indent === undefined });
  }

  /** A scalar or a size as text that can be read again, with the attribute for its unit. */
  #textOf(
    field: FieldPlan,
    of: {
      readonly value: unknown;
      readonly kept: Kept | undefined;
      readonly index: number;
      readonly spot: Spot;
      readonly content?: PlannedContent;
    },
  ): Spelled {
    const content = of.content ?? field.content;
    const { value } = of;
    if (value === undefined && field.rules.optional === true) return noText;
    const kept = typeof value === "number" && !Number.isSafeInteger(value)
      ? of.kept?.exact?.get(`${field.key}#${of.index}`)
      : undefined;
    const exact = kept?.value === value ? kept?.text : undefined;
    if (content.kind === "size") {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
        return this.#fail(placeOf(field, of.spot), `Found "${value}", expected a whole number`);
      }
      const { digits, unit } = content.spell(BigInt(exact ?? value));
      return { text: digits.toString(), unit: ` ${content.unitAttribute}='${unit}'` };
    }
    if (content.kind !== "scalar") return noText;
    if (exact !== undefined) return { text: exact, unit: "" };
    const text = content.write(value);
    if (typeof text !== "string" || content.read(text) === undefined) {
      return this.#fail(placeOf(field, of.spot), `Found "${value}", expected ${content.expected}`);
    }
    return isWritable(text)
      ? { text, unit: "" }
      : this.#fail(placeOf(field, of.spot), "The value holds a character that XML does not allow");
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

/** Whether an element says nothing: all that is in it is left out. */
function isEmptyElement(text: string): boolean {
  return text.endsWith("/>\n") && /^ *<[^\s<>]+\/>\n$/.test(text);
}

/** Where a field is written: `spot` is the element's, for elements without fields their own. */
function placeOf(field: FieldPlan, spot: Spot): string {
  if (field.kind === "attribute") return `${spot.path}/@${field.name}`;
  return field.kind === "content" || spot.path.endsWith(`/${field.name}`)
    ? spot.path
    : `${spot.path}/${field.name}`;
}

/** What the normal form says of a value. */
function stored(given: Values, plan: ShapePlan): Values {
  let value = given;
  for (const hook of plan.storing) {
    const next = hook.run(value);
    if (isValues(next)) value = next;
  }
  return value;
}

/** A value as text, with the attribute for its unit. */
interface Spelled {
  readonly text: string;
  readonly unit: string;
}

const noText: Spelled = { text: "", unit: "" };

/** The root of a text, `undefined` where it is no document that may be written into another one. */
function elementOf(text: string): TreeElement | undefined {
  if (doctypeOffset(text) !== undefined) return undefined;
  const regular = regularise(text);
  if (!regular.ok) return undefined;
  return buildTree(regular.text, { depth: greatestDepth, tooDeep: refuseDepth }).root;
}

const greatestDepth = 200;

function refuseDepth(element: TreeElement): never {
  throw new DocumentError({ path: pathOf(element), problem: "Elements are nested too deeply" });
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

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}
