/**
 * A recipe that runs beside the kernel, in this process: for tests of runs that are not about the sandbox.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { channelVersion, type FromRecipe, type ToRecipe } from "../../../model/channel.ts";
import { serveRecipe } from "../../../dsl/main.ts";
import type { RecipeEndpoint, RecipeExit } from "../../../runtime/endpoint.ts";

/** The endpoint of a recipe that runs beside the kernel. Plain data only crosses, as over a pipe. */
export class RecipeBeside implements RecipeEndpoint {
  readonly isolation = "in-process";
  readonly #outgoing: FromRecipe[] = [];
  readonly #incoming: ToRecipe[] = [];
  readonly #exit = Promise.withResolvers<RecipeExit>();
  #handler: ((message: ToRecipe) => void) | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #turning = false;
  /** Everything that was sent to the recipe. */
  readonly sent: ToRecipe[] = [];

  constructor(recipe: unknown) {
    this.#say({ t: "ready", version: channelVersion });
    void serveRecipe(recipe, {
      send: (message) => this.#say(message),
      onMessage: (handler) => this.#handler = handler,
    }).then(() => this.#end({ kind: "finished" }));
  }

  get messages(): AsyncIterable<FromRecipe> {
    return this.#messages();
  }

  get exited(): Promise<RecipeExit> {
    return this.#exit.promise;
  }

  send(message: ToRecipe): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.sent.push(message);
    this.#incoming.push(structuredClone(message));
    this.#turn();
    return Promise.resolve();
  }

  kill(reason: string): Promise<void> {
    this.#end({ kind: "killed", reason });
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("disposed");
  }

  /** One message at a time; what follows from it happens before the next. */
  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      const message = this.#incoming.shift();
      if (message === undefined || this.#ended) return;
      this.#handler?.(message);
      if (this.#incoming.length > 0) this.#turn();
    });
  }

  #say(message: FromRecipe): void {
    if (this.#ended) return;
    this.#outgoing.push(structuredClone(message));
    this.#wake?.();
  }

  #end(exit: RecipeExit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#exit.resolve(exit);
    this.#wake?.();
  }

  async *#messages(): AsyncGenerator<FromRecipe> {
    while (true) {
      const message = this.#outgoing.shift();
      if (message !== undefined) {
        yield message;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }
}
