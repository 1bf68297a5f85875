/**
 * A recipe beside the kernel, without a sandbox: for tests of recipes.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import {
  channelLimits,
  channelVersion,
  type FromRecipe,
  fromRecipe,
  type ToRecipe,
} from "../model/channel.ts";
import { encodeFrame, FrameDecoder } from "../model/frame.ts";
import { serveRecipe } from "../dsl/main.ts";
import type { RecipeEndpoint, RecipeExit } from "../runtime/endpoint.ts";

/**
 * Serves a recipe in this process, over a channel that is a pair of queues. Messages go through the same frames and the
 * same checks as to a sandbox, and the recipe takes one at a time and lets everything that follows from it happen before it
 * takes the next.
 */
export class InProcessEndpoint implements RecipeEndpoint {
  readonly isolation = "in-process";
  readonly messages: AsyncIterable<FromRecipe>;
  readonly exited: Promise<RecipeExit>;
  readonly #fromRecipe: FromRecipe[] = [];
  readonly #toRecipe: ToRecipe[] = [];
  readonly #exit = Promise.withResolvers<RecipeExit>();
  #wake: (() => void) | undefined;
  #hear: ((message: ToRecipe) => void) | undefined;
  #delivering = false;
  #over = false;

  /** @param recipe what the recipe's module exports by default */
  constructor(recipe: unknown) {
    this.exited = this.#exit.promise;
    this.messages = this.#read();
    this.#say({ t: "ready", version: channelVersion });
    void serveRecipe(recipe, {
      send: (message) => this.#say(message),
      onMessage: (handler) => {
        this.#hear = handler;
      },
    }).then(() => this.#end({ kind: "finished" }));
  }

  /** Whether something is on its way that the other side has not taken. */
  get busy(): boolean {
    return !this.#over && (this.#delivering || this.#fromRecipe.length > 0);
  }

  send(message: ToRecipe): Promise<void> {
    if (!this.#over) {
      this.#toRecipe.push(copyOf(message) as ToRecipe);
      if (!this.#delivering) void this.#deliver();
    }
    return Promise.resolve();
  }

  kill(reason: string): Promise<void> {
    this.#end({ kind: "killed", reason });
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill("it is not needed any more");
  }

  #say(message: FromRecipe): void {
    if (this.#over) return;
    const checked = fromRecipe.safeParse(copyOf(message));
    if (!checked.success) {
      return this.#end({
        kind: "broke-rules",
        reason: `it sent a message that does not fit: ${checked.error}`,
      });
    }
    this.#fromRecipe.push(checked.data);
    this.#wake?.();
  }

  async #deliver(): Promise<void> {
    this.#delivering = true;
    for (let message = this.#toRecipe.shift(); message !== undefined; message = this.#toRecipe.shift()) {
      if (this.#over) break;
      this.#hear?.(message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#delivering = false;
  }

  async *#read(): AsyncGenerator<FromRecipe> {
    while (true) {
      const message = this.#fromRecipe.shift();
      if (message !== undefined) {
        yield message;
      } else if (this.#over) {
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }

  #end(exit: RecipeExit): void {
    if (this.#over) return;
    this.#over = true;
    this.#exit.resolve(exit);
    this.#wake?.();
  }
}

/** A message as it arrives after the wire. */
function copyOf(message: unknown): unknown {
  const bounds = { maxBytes: channelLimits.frameBytes };
  const decoder = new FrameDecoder(bounds);
  decoder.feed(encodeFrame(message, bounds));
  return decoder.next();
}
