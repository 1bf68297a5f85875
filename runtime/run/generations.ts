/**
 * Which generations a resumed run may be held to.
 *
 * A generation counts what one kernel saw of an object. A reference from before a resume carries the count of a kernel
 * that is dead, which says nothing about the present one.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";

/** The generations that a resumed run has been told by the present kernel. */
export class Generations {
  readonly #told = new Set<string>();

  /** Notes every reference in an answer; `generation` is that of the call's target after it. */
  note(value: unknown, target?: ObjectRef, generation?: number): void {
    if (target !== undefined && generation !== undefined) this.#told.add(keyOf({ ...target, generation }));
    this.#noteWithin(value, 0);
  }

  /** The reference, without a generation that the present kernel has not told. */
  current(ref: ObjectRef): ObjectRef {
    if (ref.generation === undefined || this.#told.has(keyOf(ref))) return ref;
    const { generation: _stale, ...rest } = ref;
    return rest;
  }

  #noteWithin(value: unknown, depth: number): void {
    // References stand in answers at most as items of a list's entries.
    if (typeof value !== "object" || value === null || depth > 4) return;
    if ("$ref" in value && "id" in value && "generation" in value) {
      this.#told.add(keyOf(value as ObjectRef));
      return;
    }
    for (const item of Object.values(value)) this.#noteWithin(item, depth + 1);
  }
}

function keyOf({ connection, $ref, parent, id, generation }: ObjectRef): string {
  return [connection, $ref, parent ?? "", id, generation].join("/");
}
