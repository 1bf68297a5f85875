/**
 * The shape of an element: fields in the order in which they are written, alternatives, hooks.
 *
 * @module
 */
import type { Reading } from "./context.ts";
import type { AnyField } from "./field.ts";

/** The parts of an element by property, in the order in which they are written. */
export type Fields = Readonly<Record<string, AnyField>>;

type Simplify<T> = { [K in keyof T]: T[K] } & unknown;

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K]["optionalType"] extends true ? K : never;
}[keyof F];

/** The value that fields describe. */
export type ValueOfFields<F extends Fields> = Simplify<
  & { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: F[K]["valueType"] }
  & { readonly [K in OptionalKeys<F>]?: F[K]["valueType"] }
>;

/** The value that a shape, a scalar or a document describes. */
export type ValueOf<S extends { readonly valueType?: unknown }> = Exclude<S["valueType"], undefined>;

/** What an alternative adds: fields, or a shape with alternatives of its own. */
export type Alternative = Fields | Shape<unknown>;

type ValueOfAlternative<A> = A extends Shape<infer T> ? T : A extends Fields ? ValueOfFields<A> : never;

/** The union that {@linkcode Shape.by} describes. */
export type ValueBy<T, D extends string, A> = {
  [K in keyof A & string]: Simplify<T & { readonly [P in D]: K } & ValueOfAlternative<A[K]>>;
}[keyof A & string];

/** What {@linkcode Shape.by} describes where the attribute is missing. */
export type ValueOtherwise<T, D extends string, O> = [O] extends [never] ? never
  : Simplify<T & { readonly [P in D]?: undefined } & ValueOfAlternative<O>>;

/** Settings of {@linkcode Shape.by}. */
export interface ByOptions<K extends string, O = never> {
  /** The alternative that is meant where the attribute is missing; it is written out. @default it is required */
  readonly default?: K;
  /** The parts of an element without the attribute. @default such an element is refused, unless there is a default */
  readonly otherwise?: O;
  /** The attribute. @default the property's name */
  readonly attribute?: string;
  /** The property behind which the alternative's parts are written. @default after all others */
  readonly after?: string;
  /** The property before which they are written instead. */
  readonly before?: string;
}

/** Alternatives as the engine sees them. */
export interface Alternatives {
  readonly discriminator: string;
  readonly attribute: string;
  readonly initial: string | undefined;
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly otherwise: Shape<unknown> | undefined;
  /** What any value of the attribute chooses that is not among `shapes`. */
  readonly any: Shape<unknown> | undefined;
  readonly shapes: ReadonlyMap<string, Shape<unknown>>;
}

/** Something done with the value of an element once it and all that is in it are read. */
export interface ReadingHook<T> {
  readonly kind: "normalise" | "check";
  run(value: T, reading: Reading): T | void;
}

/** Something done with the value of an element before its normal form is written. */
export interface StoringHook<T> {
  readonly kind: "store";
  run(value: T): T;
}

/** Something done with the value of an element. */
export type Hook<T> = ReadingHook<T> | StoringHook<T>;

/** A shape that is looked up when needed, for elements that contain themselves. */
export interface Lazy<T> {
  readonly kind: "lazy";
  readonly valueType?: T;
  resolve(): Shape<T>;
}

/** How a shape is put together. */
interface ShapeParts<T> {
  readonly alternatives?: Alternatives;
  readonly hooks?: readonly Hook<T>[];
  readonly closedAs?: string;
  readonly ignored?: readonly string[];
}

/** The shape of an element whose value is a `T`. Shapes never change; each method returns another one. */
export class Shape<T> {
  readonly kind = "shape";
  declare readonly valueType: T;
  readonly fields: Fields;
  readonly parts: ShapeParts<T>;

  constructor(fields: Fields, parts: ShapeParts<T> = {}) {
    this.fields = fields;
    this.parts = parts;
  }

  /**
   * Adds alternatives that an attribute of the element tells apart; the value becomes a union discriminated by that
   * property.
   *
   * @example
   * ```ts
   * import { attribute, element, shape, text } from "./mod.ts";
   * const disk = shape({ target: element({ dev: attribute(text()) }) }).by("type", {
   *   file: { source: element({ file: attribute(text()) }).optional() },
   *   block: { source: element({ dev: attribute(text()) }).optional() },
   * }, { default: "file" });
   * ```
   */
  by<D extends string, A extends Readonly<Record<string, Alternative>>, O extends Alternative = never>(
    discriminator: D,
    alternatives: A,
    options: ByOptions<keyof A & string, O> = {},
  ): Shape<ValueBy<T, D, A> | ValueOtherwise<T, D, O>> {
    if (this.parts.alternatives !== undefined) {
      throw new TypeError("A shape has alternatives once; nest them");
    }
    if (this.parts.hooks !== undefined) throw new TypeError("Add hooks behind the alternatives, not before");
    const shapes = Object.entries(alternatives).map(([name, part]): [string, Shape<unknown>] => [
      name,
      shapeOf(part),
    ]);
    return new Shape<ValueBy<T, D, A> | ValueOtherwise<T, D, O>>(this.fields, {
      alternatives: {
        discriminator,
        attribute: options.attribute ?? discriminator,
        initial: options.default,
        after: options.after,
        before: options.before,
        otherwise: options.otherwise === undefined ? undefined : shapeOf(options.otherwise),
        any: undefined,
        shapes: new Map(shapes),
      },
      ...(this.parts.closedAs === undefined ? {} : { closedAs: this.parts.closedAs }),
      ...(this.parts.ignored === undefined ? {} : { ignored: this.parts.ignored }),
    });
  }

  /**
   * This shape where the element has the attribute, the other one where it has not. Both describe all of the element;
   * this one describes the attribute too.
   *
   * @example
   * ```ts
   * import { domain } from "../domain/mod.ts";
   * import { element, uuid } from "./mod.ts";
   * const ofSnapshot = element("domain", domain.shape.unlessWithout("type", { uuid: element(uuid()) }));
   * ```
   */
  unlessWithout<D extends string, O extends Alternative>(
    discriminator: D,
    otherwise: O,
  ): Shape<T | ValueOtherwise<unknown, D, O>> {
    return new Shape<T | ValueOtherwise<unknown, D, O>>({}, {
      alternatives: {
        discriminator,
        attribute: discriminator,
        initial: undefined,
        after: undefined,
        before: undefined,
        otherwise: shapeOf(otherwise),
        any: this,
        shapes: new Map(),
      },
    });
  }

  /**
   * Changes the value as libvirt does when it reads. Runs after the element is read, inner elements first, hooks in
   * the order in which they were added. Return the value itself where nothing changes, else a copy made by spreading.
   */
  normalise(run: (value: T, reading: Reading) => T): Shape<T> {
    return this.#with({ kind: "normalise", run });
  }

  /**
   * What libvirt stores of the value: the value itself still says all that was read, its normal form what this returns.
   * Outer elements come first.
   */
  stored(run: (value: T) => T): Shape<T> {
    return this.#with({ kind: "store", run });
  }

  /** Refuses values that libvirt refuses; see {@linkcode Reading.refuse}. */
  check(run: (value: T, reading: Reading) => void): Shape<T> {
    return this.#with({ kind: "check", run });
  }

  /** Refuses child elements of libvirt's own that it does not know, calling each a `what`. */
  closed(what: string): Shape<T> {
    return new Shape<T>(this.fields, { ...this.parts, closedAs: what });
  }

  /**
   * Names of child elements, and of attributes with `@` before them, that may be there and mean nothing: libvirt reads
   * over them and does not write them.
   */
  ignoring(...names: readonly string[]): Shape<T> {
    return new Shape<T>(this.fields, { ...this.parts, ignored: [...(this.parts.ignored ?? []), ...names] });
  }

  #with(hook: Hook<T>): Shape<T> {
    return new Shape<T>(this.fields, { ...this.parts, hooks: [...(this.parts.hooks ?? []), hook] });
  }
}

function shapeOf(part: Alternative): Shape<unknown> {
  return part instanceof Shape ? part : new Shape(part);
}

/**
 * An element with these parts, which are written in this order.
 *
 * @example
 * ```ts
 * import { element, fileMode, integer, shape, text } from "./mod.ts";
 * const permissions = shape({
 *   mode: element(fileMode()).optional(),
 *   owner: element(integer()).optional(),
 *   label: element(text()).optional(),
 * });
 * ```
 */
export function shape<F extends Fields>(fields: F): Shape<ValueOfFields<F>> {
  return new Shape<ValueOfFields<F>>(fields);
}

/**
 * A shape that contains itself. Name the value's type by hand, since it cannot be inferred from itself.
 *
 * @example
 * ```ts
 * import { attribute, element, integer, lazy, type Shape, shape } from "./mod.ts";
 * interface Layer {
 *   readonly index: number;
 *   readonly backing?: Layer;
 * }
 * const layer: Shape<Layer> = shape({
 *   index: attribute(integer()),
 *   backing: element(lazy((): Shape<Layer> => layer)).optional(),
 * });
 * ```
 */
export function lazy<T>(resolve: () => Shape<T>): Lazy<T> {
  return { kind: "lazy", resolve };
}
