/**
 * The recipe's end of the channel without the DSL: says whatever a test wants it to say, as a hostile recipe would.
 *
 * @module
 */
import {
  channelVersion,
  type FromRecipe,
  type RecipeDeclaration,
  type ToRecipe,
} from "../../../model/channel.ts";
import type { RecipeEndpoint, RecipeExit } from "../../../runtime/endpoint.ts";

/** What a script talks through. */
export interface Talk {
  say(message: FromRecipe): void;
  /** The next message of a kind; others before it are skipped. */
  hear<T extends ToRecipe["t"]>(kind: T): Promise<Extract<ToRecipe, { readonly t: T }>>;
}

/** What it says of itself, where that is not simply nothing. */
export type Declares = Partial<RecipeDeclaration>;

/** A recipe that follows a script once it has been started. */
export class RawRecipe implements RecipeEndpoint {
  readonly isolation = "none";
  readonly #outgoing: FromRecipe[] = [];
  readonly #incoming: ToRecipe[] = [];
  readonly #exit = Promise.withResolvers<RecipeExit>();
  #wakeReader: (() => void) | undefined;
  #wakeScript: (() => void) | undefined;
  #over = false;

  /** @param declares the data files that it declares, or whatever else it does */
  constructor(script: (talk: Talk) => Promise<void>, declares: readonly string[] | Declares = []) {
    const talk: Talk = {
      say: (message) => {
        this.#outgoing.push(message);
        this.#wakeReader?.();
      },
      hear: async (kind) => {
        while (true) {
          const message = this.#incoming.shift();
          if (message === undefined) await new Promise<void>((resolve) => this.#wakeScript = resolve);
          else if (isKind(message, kind)) return message;
        }
      },
    };
    void this.#follow(script, { talk, declares: "length" in declares ? { files: [...declares] } : declares });
  }

  get messages(): AsyncIterable<FromRecipe> {
    return this.#read();
  }

  get exited(): Promise<RecipeExit> {
    return this.#exit.promise;
  }

  send(message: ToRecipe): Promise<void> {
    this.#incoming.push(message);
    this.#wakeScript?.();
    return Promise.resolve();
  }

  kill(reason: string): Promise<void> {
    this.#over = true;
    this.#exit.resolve({ kind: "killed", reason });
    this.#wakeReader?.();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill("it is not needed any more");
  }

  async #follow(
    script: (talk: Talk) => Promise<void>,
    { talk, declares }: { readonly talk: Talk; readonly declares: Declares },
  ): Promise<void> {
    talk.say({ t: "ready", version: channelVersion });
    await talk.hear("hello");
    const declaration = {
      ...{ summary: "Raw", needs: [], hosts: ["host"], files: [], inputSchema: {} },
      ...declares,
    };
    talk.say({ t: "recipe", declaration });
    await talk.hear("start");
    await script(talk);
  }

  async *#read(): AsyncGenerator<FromRecipe> {
    while (true) {
      const message = this.#outgoing.shift();
      if (message !== undefined) yield message;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }
}

function isKind<T extends ToRecipe["t"]>(
  message: ToRecipe,
  kind: T,
): message is Extract<ToRecipe, { readonly t: T }> {
  return message.t === kind;
}
