/**
 * Lists in pages, with cursors that mean the same place whatever has been added meanwhile.
 *
 * @module
 */
import { z } from "zod";
import { Refusal } from "./problem.ts";

/** The longest page. */
const maxLimit = 500;

/** What every list can be asked with. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(maxLimit).default(100).describe("How many at most"),
  cursor: z.string().max(200).optional().describe("Where to go on: `next` of the page before"),
};

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T): z.ZodObject<{
  items: z.ZodArray<T>;
  next: z.ZodOptional<z.ZodString>;
}> {
  return z.object({
    items: z.array(item),
    next: z.string().optional().describe("The cursor of the next page; absent on the last one"),
  });
}

/** A place in a list as a cursor. */
export function cursorOf(place: string | number): string {
  return new TextEncoder().encode(String(place)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * The place that a cursor means.
 *
 * @throws {Refusal} 400 where it is none.
 */
export function placeIn(cursor: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      Uint8Array.fromBase64(cursor, { alphabet: "base64url" }),
    );
  } catch {
    throw notACursor();
  }
}

/**
 * The number that a cursor means.
 *
 * @throws {Refusal} 400 where it is none.
 */
export function numberIn(cursor: string): number {
  const text = placeIn(cursor);
  if (!/^\d{1,15}$/.test(text)) throw notACursor();
  return Number(text);
}

function notACursor(): Refusal {
  return new Refusal(400, "Cannot go on there: the cursor is none", {
    hint: "Cursors are what `next` of a page says",
  });
}

/** A page of what was read with one item more than fits. */
export function page<T>(
  found: readonly T[],
  { limit, place }: { readonly limit: number; readonly place: (last: T) => string | number },
): { readonly items: readonly T[]; readonly next?: string } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined ? { items, next: cursorOf(place(last)) } : { items };
}
