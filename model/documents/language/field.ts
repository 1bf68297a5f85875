/**
 * The parts of an element: its attributes, its text, its children.
 *
 * @module
 */
import type { Scalar } from "./scalar.ts";
import { type Fields, type Lazy, Shape, shape, type ValueOfFields } from "./shape.ts";
import type { Size } from "./size.ts";

/** A name in a namespace, made with {@linkcode namespace}. */
export interface QualifiedName {
  readonly local: string;
  readonly prefix: string;
  readonly uri: string;
}

/** The name of an element: plain in libvirt's own vocabulary, qualified elsewhere. */
export type ElementName = string | QualifiedName;

/**
 * Names in a namespace that a description knows. `prefix` is what is written where the document declares none.
 *
 * @example
 * ```ts
 * import { element, namespace, shape } from "./mod.ts";
 * const qemu = namespace("qemu", "http://libvirt.org/schemas/domain/qemu/1.0");
 * const commandLine = element(qemu("commandline"), shape({})).optional();
 * ```
 */
export function namespace(prefix: string, uri: string): (local: string) => QualifiedName {
  return (local) => ({ local, prefix, uri });
}

/** An element whose mere presence is the value. */
export interface Flag {
  readonly kind: "flag";
  readonly valueType?: boolean;
}

/** `<acpi/>`: true where the element is there; written only when true. */
export function flag(): Flag {
  return { kind: "flag" };
}

/** An element that somebody else put into a document. */
export interface ForeignElement {
  /** Its namespace. */
  readonly uri: string;
  /** All of it, as XML that can stand alone. */
  readonly xml: string;
}

/** An element that holds what others put there. */
export interface Foreign {
  readonly kind: "foreign";
  readonly valueType?: readonly ForeignElement[];
}

/** `<metadata>`: elements of other namespaces, one of each. What has no namespace is dropped, as libvirt does. */
export function foreign(): Foreign {
  return { kind: "foreign" };
}

/** What an element can hold. */
export type Content<T> = Scalar<T> | Size | Flag | Foreign | Shape<T> | Lazy<T>;

/** What an attribute or a text can hold. */
export type TextContent = Scalar<unknown> | Size;

type ValueOfContent<C> = C extends { readonly valueType?: infer T } ? Exclude<T, undefined> : never;

/** Where a field stands in its element. */
export type Place =
  | { readonly kind: "attribute"; readonly name: string | undefined; readonly content: TextContent }
  | { readonly kind: "content"; readonly content: TextContent }
  | { readonly kind: "element"; readonly name: ElementName | undefined; readonly content: Content<unknown> }
  | { readonly kind: "elements"; readonly name: ElementName | undefined; readonly content: Content<unknown> }
  | { readonly kind: "sequence"; readonly choices: ReadonlyMap<string, Content<unknown>> };

/** How a field behaves; see the methods of {@linkcode Field}. */
export interface FieldRules {
  readonly optional?: boolean;
  readonly initial?: unknown;
  readonly omitted?: readonly unknown[];
  /** Whether a value is left out of the normal form. */
  readonly transient?: (value: unknown) => boolean;
  readonly emptyIsAbsent?: boolean;
  readonly atLeast?: number;
  readonly single?: boolean;
}

/**
 * One property of an element's value. `T` is the value's type, `O` whether the property may be missing. Fields never
 * change; each method returns another one.
 */
export class Field<T, O extends boolean = false> {
  declare readonly valueType: T;
  declare readonly optionalType: O;
  readonly place: Place;
  readonly rules: FieldRules;

  constructor(place: Place, rules: FieldRules = {}) {
    this.place = place;
    this.rules = rules;
  }

  /** It may be missing; the property then is. */
  optional(): Field<T, true> {
    return new Field(this.place, { ...this.rules, optional: true });
  }

  /** What a document means that does not say. It is in the value and is written out. */
  default(value: T): Field<T> {
    return new Field(this.place, { ...this.rules, optional: false, initial: value });
  }

  /** Optional, and these values say the same as saying nothing: they are neither kept nor written. */
  omitting(...values: readonly T[]): Field<T, true> {
    return new Field(this.place, { ...this.rules, optional: true, omitted: values });
  }

  /** Optional, and an element with nothing in it says the same as none. */
  omittingEmpty(): Field<T, true> {
    return new Field(this.place, { ...this.rules, optional: true, emptyIsAbsent: true });
  }

  /**
   * Reported by a host or read once: in the value, but not in the normal form, as libvirt does not store it. With
   * `when`, only such values are.
   */
  transient(when: (value: T) => boolean = () => true): Field<T, O> {
    // The rule is only ever asked about values of this field.
    return new Field(this.place, { ...this.rules, transient: (value) => when(value as T) });
  }

  /** A second element of this name is refused instead of kept. */
  single(): Field<T, O> {
    return new Field(this.place, { ...this.rules, single: true });
  }

  /** A list must hold so many. */
  atLeast(count: number): Field<T, O> {
    return new Field(this.place, { ...this.rules, atLeast: count });
  }
}

/** Any field. */
export type AnyField = Field<unknown, boolean>;

/**
 * An attribute, by default named as its property.
 *
 * @example
 * ```ts
 * import { attribute, enumeration, text } from "./mod.ts";
 * const type = attribute(enumeration("file", "block")).default("file");
 * const device = attribute("dev", text()).optional();
 * ```
 */
export function attribute<C extends TextContent>(content: C): Field<ValueOfContent<C>>;
export function attribute<C extends TextContent>(name: string, content: C): Field<ValueOfContent<C>>;
export function attribute(
  first: string | TextContent,
  second?: TextContent,
): Field<unknown> {
  if (typeof first !== "string") return new Field({ kind: "attribute", name: undefined, content: first });
  return new Field({ kind: "attribute", name: first, content: needed(second) });
}

/** The text of the element itself, where it has attributes too: `<model fallback='allow'>qemu64</model>`. */
export function content<C extends TextContent>(content: C): Field<ValueOfContent<C>> {
  return new Field({ kind: "content", content });
}

/**
 * A child element, by default named as its property. What it holds is a scalar, a size, a flag, a shape, or fields.
 *
 * @example
 * ```ts
 * import { attribute, element, flag, text } from "./mod.ts";
 * const name = element(text());
 * const lazyRefcounts = element("lazy_refcounts", flag()).optional();
 * const source = element({ dev: attribute(text()) }).optional();
 * ```
 */
export function element<F extends Fields>(fields: F): Field<ValueOfFields<F>>;
export function element<F extends Fields>(name: ElementName, fields: F): Field<ValueOfFields<F>>;
export function element<C extends Content<unknown>>(content: C): Field<ValueOfContent<C>>;
export function element<C extends Content<unknown>>(name: ElementName, content: C): Field<ValueOfContent<C>>;
export function element(
  first: ElementName | Content<unknown> | Fields,
  second?: Content<unknown> | Fields,
): Field<unknown> {
  return new Field({ kind: "element", ...named(first, second) });
}

/**
 * Child elements of one name, in order; the value is a list, empty where there is none.
 *
 * @example
 * ```ts
 * import { attribute, elements, text } from "./mod.ts";
 * const extents = elements("extent", { start: attribute(text()), end: attribute(text()) });
 * ```
 */
export function elements<F extends Fields>(name: ElementName, fields: F): Field<readonly ValueOfFields<F>[]>;
export function elements<C extends Content<unknown>>(
  name: ElementName,
  content: C,
): Field<readonly ValueOfContent<C>[]>;
export function elements(name: ElementName, held: Content<unknown> | Fields): Field<readonly unknown[]> {
  return new Field({ kind: "elements", ...named(name, held) }, { initial: [] });
}

type SequenceItem<C> = { [K in keyof C]: { readonly [P in K]: ValueOfContent<C[K]> } }[keyof C];

/**
 * Child elements of several names whose order among each other matters; the value is a list of objects with the
 * element's name as their only property.
 *
 * @example
 * ```ts
 * import { attribute, sequence, shape, text } from "./mod.ts";
 * const entries = sequence({
 *   rule: shape({ action: attribute(text()) }),
 *   filterref: shape({ filter: attribute(text()) }),
 * }); // [{ rule: { action: "drop" } }, { filterref: { filter: "clean-traffic" } }]
 * ```
 */
export function sequence<C extends Readonly<Record<string, Content<unknown>>>>(
  choices: C,
): Field<readonly SequenceItem<C>[]> {
  return new Field({ kind: "sequence", choices: new Map(Object.entries(choices)) }, { initial: [] });
}

function named(
  first: ElementName | Content<unknown> | Fields,
  second: Content<unknown> | Fields | undefined,
): { readonly name: ElementName | undefined; readonly content: Content<unknown> } {
  if (typeof first === "string" || isQualified(first)) return { name: first, content: held(needed(second)) };
  return { name: undefined, content: held(first) };
}

function isQualified(value: ElementName | Content<unknown> | Fields): value is QualifiedName {
  return typeof value === "object" && "uri" in value && typeof value.uri === "string";
}

function held(value: Content<unknown> | Fields): Content<unknown> {
  return isContent(value) ? value : shape(value);
}

function isContent(value: Content<unknown> | Fields): value is Content<unknown> {
  return typeof value.kind === "string";
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("A name must be followed by what it holds");
  return value;
}
