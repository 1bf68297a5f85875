/**
 * Which line of the recipe is asking, as its stack tells.
 *
 * @module
 */
import type { SourcePlace } from "../model/error.ts";

const { captureStackTrace } = Error;

/** This module's own URL when it stands alone, that of the one prebuilt file inside the sandbox. */
const self = import.meta.url;
const standsAlone = self.endsWith("/dsl/place.ts");
const own = standsAlone ? self.slice(0, -"place.ts".length) : `${self}:`;
const front = standsAlone ? `${self.slice(0, -"dsl/place.ts".length)}mod.ts:` : own;

/** The first place on a stack that is not the DSL's own. */
export function placeOnStack(stack: string | undefined): SourcePlace | undefined {
  if (stack === undefined) return undefined;
  for (let from = stack.indexOf("\n    at "); from >= 0;) {
    const next = stack.indexOf("\n    at ", from + 8);
    const line = next < 0 ? stack.slice(from + 8) : stack.slice(from + 8, next);
    const start = line.indexOf("file://");
    if (start >= 0 && !line.startsWith(own, start) && !line.startsWith(front, start)) {
      const match = /^(.*):(\d+):(\d+)\)?$/.exec(line.slice(start));
      if (match !== null) return { file: match[1]!, line: Number(match[2]), column: Number(match[3]) };
    }
    from = next;
  }
  return undefined;
}

/** Something on the stack. */
// deno-lint-ignore no-explicit-any -- only its identity matters
export type OnStack = (...args: any[]) => unknown;

/** How far up the recipe is looked for, behind functions of ours that it called. */
const deepest = 16;

/**
 * The line of the recipe that is asking right now.
 *
 * What costs time is every frame that is looked at. Where `above` was called by the recipe itself, one is enough.
 *
 * @param above the function whose caller is looked at
 */
export function callerPlace(above: OnStack): SourcePlace | undefined {
  return placeOnStack(stackAbove(above, 1)) ?? placeOnStack(stackAbove(above, deepest));
}

function stackAbove(above: OnStack, frames: number): string | undefined {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  captureStackTrace(holder, above);
  Error.stackTraceLimit = limit;
  return holder.stack;
}
