/**
 * A recipe that runs somewhere: in its sandbox, or, for tests of recipes, beside the kernel.
 *
 * @module
 */
import type { FromRecipe, ToRecipe } from "../model/channel.ts";

/** How a recipe's process ended. */
export interface RecipeExit {
  /**
   * `finished` by itself; `killed` by us; `crashed` by a limit of the machine or its own doing; `broke-rules` where it
   * violated the channel or its budget.
   */
  readonly kind: "finished" | "killed" | "crashed" | "broke-rules";
  /** For people: `exceeded its memory limit of 512 MiB`. */
  readonly reason?: string;
}

/** What runs a recipe and speaks for it. Messages from it have passed the channel's schemas and bounds. */
export interface RecipeEndpoint extends AsyncDisposable {
  /** `bwrap`, `process`, `in-process`: how well it is shut in. */
  readonly isolation: string;
  /** What the recipe says, in order. Ends with the recipe. Not reading it holds the recipe back. */
  readonly messages: AsyncIterable<FromRecipe>;
  /** Resolves when the message is on its way; waits for credit where it is a delivery. */
  send(message: ToRecipe): Promise<void>;
  readonly exited: Promise<RecipeExit>;
  /** Ends it at once. */
  kill(reason: string): Promise<void>;
}
