/**
 * What a document holds beyond its description, and where it stood.
 *
 * It hangs on the object of the element that it was found in, under a symbol: JSON and lists of properties do not
 * show it, `{ ...value, changed }` takes it along, and the writer puts it back.
 *
 * @module
 */

/** An attribute, or a namespace declaration with its prefix as name (`""` for the default one). */
export interface KeptAttribute {
  readonly name: string;
  readonly value: string;
  /** The namespace, `""` for none. */
  readonly uri: string;
}

/** An element with all that is in it. */
export interface KeptElement {
  readonly kind: "element";
  /** As written, with its prefix. */
  readonly name: string;
  readonly uri: string;
  readonly namespaces: readonly KeptAttribute[];
  readonly attributes: readonly KeptAttribute[];
  readonly children: readonly KeptNode[];
}

/** Characters between elements. */
export interface KeptText {
  readonly kind: "text";
  readonly text: string;
}

/** A comment or a processing instruction, with its brackets. */
export interface KeptMarkup {
  readonly kind: "comment" | "instruction";
  readonly text: string;
}

/** Anything that can stand in an element. */
export type KeptNode = KeptElement | KeptText | KeptMarkup;

/** A node and the described child that it stood beside. */
export interface Placed {
  readonly node: KeptNode;
  readonly side: "before" | "after";
  /** The neighbour's property; `undefined` where the element holds no described child. */
  readonly key: string | undefined;
  /** The neighbour's index in a list, 0 elsewhere. */
  readonly index: number;
  /** The neighbour itself where it is an object, so that it is found again when the list changes. */
  readonly beside?: object;
}

/** All that one element keeps. */
export interface Kept {
  readonly namespaces?: readonly KeptAttribute[];
  readonly attributes?: readonly KeptAttribute[];
  readonly nodes?: readonly Placed[];
  /** What children hold whose values are no objects, by property and index: `name#0`. */
  readonly within?: ReadonlyMap<string, Kept>;
  /** Numbers that a `number` cannot hold exactly, by property and index, with the text that does. */
  readonly exact?: ReadonlyMap<string, { readonly value: number; readonly text: string }>;
  /** Comments and instructions outside the document's root. */
  readonly prolog?: readonly KeptNode[];
  readonly epilog?: readonly KeptNode[];
}

/** The property that holds {@linkcode Kept}. */
export const kept: unique symbol = Symbol("drover.kept");

/** An object that may keep something. */
export interface Keeper {
  readonly [kept]?: Kept;
}

/** What `value` keeps beyond its description. */
export function keptOf(value: unknown): Kept | undefined {
  return isKeeper(value) ? value[kept] : undefined;
}

function isKeeper(value: unknown): value is Keeper {
  return typeof value === "object" && value !== null && kept in value;
}
