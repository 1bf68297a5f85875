/**
 * The recipe's end of the channel, and what binds a realm's globals to a run.
 *
 * @module
 */
import type { FromRecipe, ToRecipe } from "../model/channel.ts";

/** The recipe's end of the channel to the runtime. */
export interface RecipeChannel {
  /** Says something to the runtime; in order, without waiting. */
  send(message: FromRecipe): void;
  /** Hears everything that the runtime says, from the first message on, one at a time and in order. */
  onMessage(handler: (message: ToRecipe) => void): void;
}

/** What a realm needs from a run so that its clock, timers and random numbers are the run's. */
export interface RealmServices {
  /** Feeds random numbers. */
  readonly seed: string;
  /** The recipe's clock: the time of the last delivery, in milliseconds since 1970. */
  now(): number;
  /** Calls `fire` once after `ms` milliseconds of the run's clock; the answer ends the timer early. */
  timer(ms: number, fire: () => void): () => void;
  /** Ends the recipe with an error that nobody caught. */
  fail(error: unknown): void;
}

/** A realm whose globals can be bound to a run, in a sandbox of its own. */
export interface Realm {
  /** Called once, before the recipe's `run`. */
  bind(services: RealmServices): void;
}
