/**
 * Errors that a recipe did not catch, as they are told to the runtime.
 *
 * @module
 */
import type { FromRecipe } from "../model/channel.ts";
import { VirtError } from "../model/error.ts";
import { placeOnStack } from "./place.ts";

/** A recipe's last words. */
type Failed = Extract<FromRecipe, { t: "failed" }>["error"];

/** How far causes are followed. */
const deepestCause = 4;

/** An uncaught error of the recipe, with the line that it came from and what led to it. */
export function failure(error: unknown): Failed {
  if (!(error instanceof Error)) {
    return { code: "recipe-failed", message: clip(`The recipe threw ${show(error)}`) };
  }
  const known = error instanceof VirtError ? error : undefined;
  const at = known?.at ?? placeOnStack(error.stack);
  const causes = causesOf(error, deepestCause);
  return {
    code: known?.code ?? "recipe-failed",
    message: clip(told(error)),
    ...(known?.target === undefined ? {} : { target: clip(known.target, 4_096) }),
    ...(known?.hint === undefined ? {} : { hint: clip(known.hint, 4_096) }),
    ...(at === undefined ? {} : { at }),
    ...(known?.detail === undefined ? {} : { detail: known.detail }),
    ...(causes.length === 0 ? {} : { cause: clip(causes.join("\n")) }),
    ...(error.stack === undefined ? {} : { stack: clip(error.stack) }),
  };
}

/** What led to an error, the nearest first; of several errors in one, all of them. */
function causesOf(error: Error, depth: number): string[] {
  if (depth === 0) return [];
  const causes: unknown[] = error.cause === undefined || error.cause === null ? [] : [error.cause];
  if (error instanceof AggregateError) causes.push(...error.errors.slice(0, deepestCause));
  if (error instanceof SuppressedError) causes.push(error.error, error.suppressed);
  return causes.flatMap((cause) => [
    // A cause of the runtime's is a text already.
    cause === error.cause && typeof cause === "string" ? cause : told(cause),
    ...(cause instanceof Error ? causesOf(cause, depth - 1) : []),
  ]);
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return show(error);
  const plain = error instanceof VirtError || error.name === "Error";
  return plain && error.message !== "" ? error.message : `${error.name}: ${error.message}`;
}

function show(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

function clip(text: string, length = 65_536): string {
  return text.length <= length ? text : text.slice(0, length);
}
