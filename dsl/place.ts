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

/**
 * The line of the recipe that is asking right now; it takes some microseconds.
 *
 * @param above the function whose callers are looked at
 */
export function callerPlace(above: (...args: never[]) => unknown): SourcePlace | undefined {
  const holder: { stack?: string } = {};
  captureStackTrace(holder, above);
  return placeOnStack(holder.stack);
}
