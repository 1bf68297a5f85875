/**
 * What became of something that was asked for.
 *
 * @module
 */
import type { ErrorData } from "./error.ts";

/**
 * Done, not done, or unknown: the link broke and the far side may have acted. An unknown outcome blocks
 * further writes on its object until it is reconciled or accepted by name.
 */
export type Outcome<T = unknown> =
  | { readonly kind: "done"; readonly value: T; /** Found out afterwards. */ readonly reconciled?: boolean }
  | { readonly kind: "not-done"; readonly error: ErrorData; readonly reconciled?: boolean }
  | { readonly kind: "unknown"; readonly error: ErrorData };
