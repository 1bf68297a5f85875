/**
 * Makes a typed value of a tree, by a plan.
 *
 * @module
 */
import {
  type DocumentContext,
  type ForeignElement,
  type Kept,
  kept,
  keptOf,
  oneOf,
  type Reading,
  type ReadingHook,
  type Scalar,
  type Size,
} from "../documents/language/mod.ts";
import { Keeping, keptAttribute, keptNode, objectAt, UnknownCounter } from "./keeping.ts";
import { located } from "./locate.ts";
import { alternativeNamed, fieldOf, type FieldPlan, type PlannedContent, type ShapePlan } from "./plan.ts";
import { standingAlone } from "./kept_text.ts";
import { TreeElement } from "./tree.ts";

/** Why an element or attribute is refused; the document adds line and column. */
export interface Fault {
  readonly element: TreeElement;
  readonly attribute?: string;
  readonly problem: string;
  readonly expected?: string;
}

/** What a reader needs from its document. */
export interface ReaderOptions {
  readonly context: DocumentContext;
  /** Throws the fault as an error that has line and column. */
  fail(fault: Fault): never;
}

type Values = Record<string, unknown> & { [kept]?: Kept };

/** What was found for a field before it is read. */
type Found = TreeElement | TreeElement[] | undefined;

/** Reads one document. */
export class Reader {
  readonly unknown: UnknownCounter = new UnknownCounter();
  /** Whether any element holds nodes beyond its description. */
  keepsNodes = false;
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** The value of an element. */
  shape(element: TreeElement, plan: ShapePlan): Values {
    const chosen = plan.alternatives === undefined ? plan : this.#chosen(element, plan);
    if (chosen.alternatives !== undefined) return this.shape(element, chosen);
    const keeping = new Keeping();
    keeping.namespaces(element, chosen.namespaces);
    const values: Values = {};
    this.#attributes(element, { plan: chosen, keeping });
    const found = this.#children(element, { plan: chosen, keeping });
    for (const field of chosen.fields) {
      this.#field(field, { element, found: found[field.index], values, keeping });
    }
    const extra = keeping.all(({ key, index }) => objectAt(values[key], index));
    if (extra !== undefined) values[kept] = extra;
    this.keepsNodes ||= extra?.nodes !== undefined;
    return this.#hooked(values, { element, plan: chosen });
  }

  #chosen(element: TreeElement, plan: ShapePlan): ShapePlan {
    const alternatives = plan.alternatives;
    if (alternatives === undefined) return plan;
    const name = element.attribute(alternatives.attribute);
    const chosen = alternativeNamed(alternatives, name);
    if (chosen !== undefined) return chosen;
    const expected = oneOf([...alternatives.plans.keys()]);
    if (name === undefined) {
      return this.#options.fail({
        element,
        problem: `The attribute "${alternatives.attribute}" is missing`,
        expected,
      });
    }
    return this.#options.fail({
      element,
      attribute: alternatives.attribute,
      problem: `Found "${shortened(name)}"`,
      expected,
    });
  }

  #attributes(element: TreeElement, into: { readonly plan: ShapePlan; readonly keeping: Keeping }): void {
    for (let i = 0; i < element.attributes.length; i += 2) {
      const name = element.attributes[i] ?? "";
      if (into.plan.attributes.has(name) || into.plan.units.has(name)) continue;
      if (into.plan.ignored.has(`@${name}`)) continue;
      into.keeping.attribute(keptAttribute(element, i));
      this.unknown.attribute(element, name);
    }
  }

  #children(element: TreeElement, into: { readonly plan: ShapePlan; readonly keeping: Keeping }): Found[] {
    const { plan, keeping } = into;
    const found: Found[] = [];
    for (const child of element.children) {
      if (typeof child === "string") {
        if (plan.content === undefined && /\S/.test(child)) keeping.node(keptNode(child.trim()));
        continue;
      }
      if (!(child instanceof TreeElement)) {
        keeping.markup(child);
        continue;
      }
      const field = fieldOf(plan, child);
      if (field === undefined && plan.ignored.has(child.name)) continue;
      const earlier = field === undefined ? undefined : found[field.index];
      if (field === undefined || (earlier !== undefined && field.kind === "element")) {
        if (plan.closedAs !== undefined && child.uri === "" && field === undefined) {
          const problem = `"${child.name}" is not a known ${plan.closedAs}`;
          this.#options.fail({ element: child, problem, expected: oneOf([...plan.elements.keys()]) });
        }
        if (field?.rules.single === true) {
          this.#options.fail({
            element: child,
            problem: `Found a second <${child.name}>`,
            expected: "only one",
          });
        }
        keeping.node(keptNode(child));
        this.unknown.element(child);
      } else if (field.kind === "element") {
        found[field.index] = child;
        keeping.passed({ key: field.key, index: 0 });
      } else {
        const list = Array.isArray(earlier) ? earlier : [];
        list.push(child);
        found[field.index] = list;
        keeping.passed({ key: field.key, index: list.length - 1 });
      }
    }
    return found;
  }

  #field(field: FieldPlan, into: Destination & { readonly found: Found }): void {
    const value = this.#value(field, into);
    const { rules } = field;
    const absent = value === undefined || rules.omitted?.includes(value) === true ||
      (rules.emptyIsAbsent === true && isEmpty(value));
    if (!absent) into.values[field.key] = value;
    else if (rules.initial !== undefined) {
      into.values[field.key] = Array.isArray(rules.initial) ? [...rules.initial] : rules.initial;
    } else if (rules.optional !== true) this.#missing(field, into.element);
    const count = Array.isArray(value) ? value.length : 0;
    if (rules.atLeast !== undefined && count < rules.atLeast) this.#missing(field, into.element);
  }

  #missing(field: FieldPlan, element: TreeElement): never {
    const problem = field.kind === "attribute"
      ? `The attribute "${field.name}" is missing`
      : field.kind === "content"
      ? "The text is missing"
      : `The element <${field.name}> is missing`;
    return this.#options.fail({
      element,
      problem,
      ...("expected" in field.content ? { expected: field.content.expected } : {}),
    });
  }

  #value(field: FieldPlan, into: Destination & { readonly found: Found }): unknown {
    const { element, found } = into;
    switch (field.kind) {
      case "attribute": {
        const text = element.attribute(field.name);
        if (text === undefined) return undefined;
        return this.#text(text, { ...into, field, index: 0, holder: element, attribute: field.name });
      }
      case "content": {
        const text = element.text();
        if (text.trim() === "" && absentWhenEmpty(field.content)) return undefined;
        return this.#text(text, { ...into, field, index: 0, holder: element });
      }
      case "element":
        return found instanceof TreeElement ? this.#child(found, { ...into, field, index: 0 }) : undefined;
      case "elements":
        return Array.isArray(found)
          ? found.map((child, index) => this.#child(child, { ...into, field, index }))
          : undefined;
      case "sequence":
        return Array.isArray(found)
          ? found.map((child, index) => ({ [child.name]: this.#child(child, { ...into, field, index }) }))
          : undefined;
    }
  }

  /** What a child element holds. */
  #child(
    child: TreeElement,
    into: Destination & { readonly field: FieldPlan; readonly index: number },
  ): unknown {
    const content = into.field.kind === "sequence" ? into.field.choices.get(child.name) : into.field.content;
    if (content?.kind === "shape") return this.shape(child, content.plan());
    if (content === undefined) return undefined;
    const extra = this.#beside(child, content);
    if (extra !== undefined) into.keeping.within(`${into.field.key}#${into.index}`, extra);
    if (content.kind === "flag") return true;
    if (content.kind === "foreign") return foreignElements(child);
    const text = child.text();
    if (text === "" && extra === undefined && absentWhenEmpty(content) && into.field.kind === "element") {
      return undefined;
    }
    return this.#text(text, { ...into, holder: child });
  }

  /** What an element keeps whose value is no object. */
  #beside(child: TreeElement, content: PlannedContent): Kept | undefined {
    const unit = content.kind === "size" ? content.unitAttribute : undefined;
    const plain = child.attributes.length === 0 ||
      (child.attributes.length === 2 && child.attributes[0] === unit);
    const only = child.children.length === 0 ||
      (child.children.length === 1 && typeof child.children[0] === "string");
    if (plain && only && child.declared.length === 0 && content.kind !== "flag") return undefined;
    const keeping = new Keeping();
    keeping.namespaces(child, noNamespaces);
    for (let i = 0; i < child.attributes.length; i += 2) {
      const name = child.attributes[i] ?? "";
      if (name === unit) continue;
      keeping.attribute(keptAttribute(child, i));
      this.unknown.attribute(child, name);
    }
    for (const node of child.children) {
      if (typeof node === "string") {
        if (content.kind === "flag" && /\S/.test(node)) keeping.node(keptNode(node));
        continue;
      }
      if (content.kind === "foreign" && node instanceof TreeElement) continue;
      keeping.node(keptNode(node));
      if (node instanceof TreeElement) this.unknown.element(node);
    }
    return keeping.all(() => undefined);
  }

  #text(text: string, at: TextPlace): unknown {
    const content = at.field.kind === "sequence" ? at.field.choices.get(at.holder.name) : at.field.content;
    if (content?.kind === "scalar") return this.#scalar(text, { ...at, content });
    if (content?.kind === "size") return this.#size(text, { ...at, content });
    return undefined;
  }

  #scalar(text: string, at: TextPlace & { readonly content: Scalar<unknown> }): unknown {
    const value = at.content.read(text);
    if (value === undefined) return this.#unreadable(text, at);
    const exact = typeof value === "number" ? at.content.exact?.(text, value) : undefined;
    if (exact !== undefined && typeof value === "number") {
      at.keeping.exact(`${at.field.key}#${at.index}`, { value, text: exact });
    }
    return value;
  }

  #size(text: string, at: TextPlace & { readonly content: Size }): number {
    const read = at.content.read(text, at.holder.attribute(at.content.unitAttribute));
    if (read === undefined) return this.#unreadable(text, at);
    const value = Number(read);
    if (!Number.isSafeInteger(value)) {
      at.keeping.exact(`${at.field.key}#${at.index}`, { value, text: read.toString() });
    }
    return value;
  }

  #unreadable(text: string, at: TextPlace & { readonly content: Scalar<unknown> | Size }): never {
    const { content, holder, attribute } = at;
    const unit = content.kind === "size" ? holder.attribute(content.unitAttribute) : undefined;
    return this.#options.fail({
      element: holder,
      ...(attribute === undefined ? {} : { attribute }),
      problem: `Found "${shortened(text)}"${unit === undefined ? "" : ` in "${shortened(unit)}"`}`,
      expected: content.expected,
    });
  }

  #hooked(values: Values, of: { readonly element: TreeElement; readonly plan: ShapePlan }): Values {
    if (of.plan.hooks.length === 0) return values;
    const reading: Reading = {
      context: this.#options.context,
      refuse: (path, problem, options = {}) => {
        const place = located(of.element, { plan: of.plan, path });
        return this.#options.fail({ ...place, problem, ...options });
      },
    };
    let result = values;
    for (const hook of of.plan.hooks) result = applied(hook, { values: result, reading });
    return result;
  }
}

const noNamespaces: ReadonlyMap<string, string> = new Map();

/** Where a field's value goes. */
interface Destination {
  readonly element: TreeElement;
  readonly values: Values;
  readonly keeping: Keeping;
}

/** Where a text stands that is to be read. */
interface TextPlace {
  readonly field: FieldPlan;
  readonly index: number;
  readonly keeping: Keeping;
  readonly holder: TreeElement;
  readonly attribute?: string;
}

function applied(
  hook: ReadingHook<unknown>,
  on: { readonly values: Values; readonly reading: Reading },
): Values {
  const { values, reading } = on;
  const returned = hook.run(values, reading);
  if (hook.kind === "check" || returned === values || !isValues(returned)) return values;
  const before = keptOf(values);
  if (before !== undefined && keptOf(returned) === undefined) return { ...returned, [kept]: before };
  return returned;
}

/** The first element of each namespace, to stand alone. */
function foreignElements(element: TreeElement): ForeignElement[] {
  const found = new Map<string, string>();
  for (const child of element.children) {
    if (!(child instanceof TreeElement) || child.uri === "" || found.has(child.uri)) continue;
    found.set(child.uri, standingAlone(keptNode(child)));
  }
  return [...found].map(([uri, xml]) => ({ uri, xml }));
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null;
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null || keptOf(value) !== undefined) return false;
  return Object.values(value).every((each) => Array.isArray(each) && each.length === 0);
}

function absentWhenEmpty(content: PlannedContent): boolean {
  return content.kind === "scalar" && content.emptyIsAbsent === true;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
