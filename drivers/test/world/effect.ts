/**
 * How an effect on the outside world is declared.
 *
 * @module
 */
import type { z } from "zod";
import type { ImageStore } from "./image.ts";
import type { RecordKind } from "./record.ts";
import type { Transaction } from "./world.ts";

/** What an effect works with. */
export interface EffectContext {
  /** Milliseconds since 1970, by the clock of whoever asked. */
  readonly now: number;
  /** The bytes of images, by volume. */
  readonly images: ImageStore;
  /** Who asks. */
  readonly client: number;
  /** Whether a client is still there. */
  isThere(client: number): boolean;
}

/** One thing that can be done to the outside world, or read from it. */
export interface Effect<I extends z.ZodType = z.ZodType, R = unknown> {
  /** What kind of thing its object is. */
  readonly on: RecordKind;
  /** Reads change nothing and are not logged. */
  readonly reads: boolean;
  /** Fields of the input that are left out of the log's digest: who guesses a password must find no proof there. */
  readonly withheld: readonly string[];
  readonly input: I;
  perform(world: Transaction, input: z.output<I>, context: EffectContext): R;
}

/** Declares an effect: something that really changes the world. */
export function effect<I extends z.ZodType, R>(
  on: RecordKind,
  input: I,
  perform: (world: Transaction, input: z.output<I>, context: EffectContext) => R,
  { withheld = [] }: { readonly withheld?: readonly string[] } = {},
): Effect<I, R> {
  return { on, reads: false, withheld, input, perform };
}

/** Declares a look at the world. */
export function look<I extends z.ZodType, R>(
  on: RecordKind,
  input: I,
  perform: (world: Transaction, input: z.output<I>, context: EffectContext) => R,
): Effect<I, R> {
  return { on, reads: true, withheld: [], input, perform };
}
