/**
 * Descriptions made ready for reading and writing: names resolved, alternatives spread out, look-ups built. A shape
 * is planned once, when it is first needed.
 *
 * @module
 */
import {
  type Alternatives,
  type AnyField,
  attribute,
  type Content,
  type ElementName,
  enumeration,
  type FieldRules,
  type Fields,
  type Flag,
  type Foreign,
  type Hook,
  type QualifiedName,
  type ReadingHook,
  type Scalar,
  type Shape,
  type Size,
  type StoringHook,
} from "../documents/language/mod.ts";

/** What an element or attribute holds, with shapes that are looked up when used. */
export type PlannedContent =
  | Scalar<unknown>
  | Size
  | Flag
  | Foreign
  | { readonly kind: "shape"; readonly plan: () => ShapePlan };

/** A field made ready. */
export interface FieldPlan {
  readonly key: string;
  /** Its number among the shape's fields. */
  readonly index: number;
  readonly kind: AnyField["place"]["kind"];
  /** The element's or attribute's name, without a prefix. */
  readonly name: string;
  /** The name's namespace where it has one. */
  readonly qualified: QualifiedName | undefined;
  readonly content: PlannedContent;
  /** What a sequence may hold, by element name; empty elsewhere. */
  readonly choices: ReadonlyMap<string, PlannedContent>;
  readonly rules: FieldRules;
}

/** A shape made ready. */
export interface ShapePlan {
  readonly fields: readonly FieldPlan[];
  readonly attributeFields: readonly FieldPlan[];
  readonly childFields: readonly FieldPlan[];
  readonly attributes: ReadonlyMap<string, FieldPlan>;
  /** Attributes that belong to a size. */
  readonly units: ReadonlySet<string>;
  /** By name, or `{uri}name`. */
  readonly elements: ReadonlyMap<string, FieldPlan>;
  readonly content: FieldPlan | undefined;
  /** The namespaces that the shape's fields are in, each with the prefix that the writer declares. */
  readonly namespaces: ReadonlyMap<string, string>;
  readonly hooks: readonly ReadingHook<unknown>[];
  readonly storing: readonly StoringHook<unknown>[];
  readonly closedAs: string | undefined;
  /** What means nothing: names of elements, and of attributes with `@` before them. */
  readonly ignored: ReadonlySet<string>;
  readonly alternatives: PlannedAlternatives | undefined;
}

/** Alternatives made ready. */
export interface PlannedAlternatives {
  readonly key: string;
  readonly attribute: string;
  readonly initial: string | undefined;
  /** For an element without the attribute. */
  readonly otherwise: ShapePlan | undefined;
  /** For any value of the attribute that `plans` does not name. */
  readonly any: ShapePlan | undefined;
  readonly plans: ReadonlyMap<string, ShapePlan>;
}

/** The plan for a value of the deciding attribute; `undefined` where there is none. */
export function alternativeNamed(
  alternatives: PlannedAlternatives,
  name: string | undefined,
): ShapePlan | undefined {
  const chosen = name ?? alternatives.initial;
  return chosen === undefined ? alternatives.otherwise : alternatives.plans.get(chosen) ?? alternatives.any;
}

const plans = new WeakMap<Shape<unknown>, ShapePlan>();

/** The plan of a shape. */
export function planOf(shape: Shape<unknown>): ShapePlan {
  let plan = plans.get(shape);
  if (plan === undefined) {
    plan = planShape(shape);
    plans.set(shape, plan);
  }
  return plan;
}

/** The field that describes a child element with this name. */
export function fieldOf(
  plan: ShapePlan,
  child: { readonly name: string; readonly uri: string },
): FieldPlan | undefined {
  if (child.uri === "") return plan.elements.get(child.name);
  return plan.elements.get(elementKey(child.name.slice(child.name.indexOf(":") + 1), child.uri));
}

function elementKey(local: string, uri: string): string {
  return uri === "" ? local : `{${uri}}${local}`;
}

interface Inherited {
  readonly fields: Fields;
  readonly hooks: readonly Hook<unknown>[];
  readonly closedAs: string | undefined;
  readonly ignored: readonly string[];
}

function planShape(shape: Shape<unknown>, inherited?: Inherited): ShapePlan {
  const { alternatives } = shape.parts;
  const own: Inherited = {
    fields: inherited === undefined ? shape.fields : inherited.fields,
    hooks: [...(inherited === undefined ? shape.parts.hooks ?? [] : inherited.hooks)],
    closedAs: shape.parts.closedAs ?? inherited?.closedAs,
    ignored: inherited === undefined ? shape.parts.ignored ?? [] : inherited.ignored,
  };
  if (alternatives === undefined) return planFields(own);
  if (alternatives.any !== undefined) return planEither(alternatives, alternatives.any);
  const planned = new Map<string, ShapePlan>();
  const named = attribute(alternatives.attribute, enumeration(...namesOf(alternatives.shapes)));
  const discriminator = alternatives.initial === undefined ? named : named.default(alternatives.initial);
  const first = { [alternatives.discriminator]: discriminator };
  for (const [name, alternative] of alternatives.shapes) {
    planned.set(name, planAlternative(alternative, { own, alternatives, first }));
  }
  const { otherwise } = alternatives;
  return {
    ...planFields(own),
    alternatives: {
      key: alternatives.discriminator,
      attribute: alternatives.attribute,
      initial: alternatives.initial,
      otherwise: otherwise === undefined
        ? undefined
        : planAlternative(otherwise, { own, alternatives, first: {} }),
      any: undefined,
      plans: planned,
    },
  };
}

/** Two shapes that have nothing in common but the element. */
function planEither(alternatives: Alternatives, any: Shape<unknown>): ShapePlan {
  const { discriminator: key, attribute, initial, otherwise } = alternatives;
  return {
    ...planFields({ fields: {}, hooks: [], closedAs: undefined, ignored: [] }),
    alternatives: {
      key,
      attribute,
      initial,
      otherwise: otherwise === undefined ? undefined : planOf(otherwise),
      any: planOf(any),
      plans: new Map(),
    },
  };
}

function planAlternative(
  alternative: Shape<unknown>,
  into: { readonly own: Inherited; readonly alternatives: Alternatives; readonly first: Fields },
): ShapePlan {
  const { after, before } = into.alternatives;
  return planShape(alternative, {
    fields: spliced(into.own.fields, alternative.fields, { after, before, first: into.first }),
    hooks: [...(alternative.parts.hooks ?? []), ...into.own.hooks],
    closedAs: into.own.closedAs,
    ignored: [...(alternative.parts.ignored ?? []), ...into.own.ignored],
  });
}

function namesOf(shapes: ReadonlyMap<string, unknown>): [string, ...string[]] {
  const [first, ...rest] = shapes.keys();
  if (first === undefined) throw new TypeError("Alternatives must be at least one");
  return [first, ...rest];
}

/** The fields of an alternative put among the common ones; one of the same name takes the common one's place. */
function spliced(
  common: Fields,
  added: Fields,
  options: {
    readonly after: string | undefined;
    readonly before: string | undefined;
    readonly first: Fields;
  },
): Fields {
  const { after, before, first } = options;
  for (const neighbour of [after, before]) {
    if (neighbour !== undefined && !Object.hasOwn(common, neighbour)) {
      throw new TypeError(`Alternatives are to stand beside "${neighbour}", which is not a common field`);
    }
  }
  const all: Record<string, AnyField> = { ...first };
  for (const [key, field] of Object.entries(common)) {
    if (key === before) Object.assign(all, added);
    all[key] = added[key] ?? field;
    if (key === after) Object.assign(all, added);
  }
  return Object.assign(all, added);
}

function planFields(parts: Inherited): ShapePlan {
  const fields = Object.entries(parts.fields).map(([key, field], index) => planField(key, { field, index }));
  const attributes = new Map<string, FieldPlan>();
  const units = new Set<string>();
  const elements = new Map<string, FieldPlan>();
  let content: FieldPlan | undefined;
  for (const field of fields) {
    if (field.kind === "attribute" || field.kind === "content") {
      if (field.kind === "attribute") attributes.set(field.name, field);
      else content = field;
      if (field.content.kind === "size") units.add(field.content.unitAttribute);
    } else if (field.kind === "sequence") {
      for (const name of field.choices.keys()) elements.set(name, field);
    } else {
      elements.set(elementKey(field.name, field.qualified?.uri ?? ""), field);
    }
  }
  return {
    fields,
    attributeFields: fields.filter((field) => field.kind === "attribute"),
    childFields: fields.filter((field) => field.kind !== "attribute" && field.kind !== "content"),
    attributes,
    units,
    elements,
    content,
    namespaces: new Map(
      fields.flatMap(({ qualified }) => qualified === undefined ? [] : [[qualified.uri, qualified.prefix]]),
    ),
    hooks: parts.hooks.filter((hook) => hook.kind !== "store"),
    storing: parts.hooks.filter((hook) => hook.kind === "store"),
    closedAs: parts.closedAs,
    ignored: new Set(parts.ignored.filter((name) => !attributes.has(name.slice(1)) && !elements.has(name))),
    alternatives: undefined,
  };
}

const noChoices: ReadonlyMap<string, PlannedContent> = new Map();
const noContent: Flag = { kind: "flag" };

function planField(key: string, part: { readonly field: AnyField; readonly index: number }): FieldPlan {
  const { place, rules } = part.field;
  const base = { key, index: part.index, kind: place.kind, rules, choices: noChoices, qualified: undefined };
  switch (place.kind) {
    case "attribute":
      return { ...base, name: place.name ?? key, content: place.content };
    case "content":
      return { ...base, name: key, content: place.content };
    case "sequence": {
      const choices = [...place.choices].map((
        [name, held],
      ): [string, PlannedContent] => [name, planned(held)]);
      return { ...base, name: key, content: noContent, choices: new Map(choices) };
    }
    default:
      return { ...base, ...resolvedName(place.name ?? key), content: planned(place.content) };
  }
}

function resolvedName(name: ElementName): Pick<FieldPlan, "name" | "qualified"> {
  return typeof name === "string" ? { name, qualified: undefined } : { name: name.local, qualified: name };
}

function planned(content: Content<unknown>): PlannedContent {
  if (content.kind === "shape") return { kind: "shape", plan: () => planOf(content) };
  if (content.kind === "lazy") return { kind: "shape", plan: () => planOf(content.resolve()) };
  return content;
}
