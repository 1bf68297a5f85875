/**
 * A kind of document: the name of its root and the root's shape.
 *
 * @module
 */
import type { Shape } from "./shape.ts";

/** A kind of document whose value is a `T`. */
export interface Description<T> {
  /** Carries the type only; never set. */
  readonly valueType?: T;
  /** The root element's name. */
  readonly root: string;
  /** As messages call it: `storage volume`. */
  readonly title: string;
  readonly shape: Shape<T>;
}

/**
 * Describes a kind of document.
 *
 * @example
 * ```ts
 * import { document, element, shape, text } from "./mod.ts";
 * const secret = document("secret", shape({ description: element(text()).optional() }));
 * ```
 */
export function document<T>(
  root: string,
  shape: Shape<T>,
  options: { readonly title?: string } = {},
): Description<T> {
  return { root, title: options.title ?? root, shape };
}
