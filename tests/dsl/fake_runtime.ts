/**
 * A runtime for tests of the DSL: hears what a recipe says, and answers as the test wants.
 *
 * @module
 */
import type { FromRecipe, HostName, MethodName, ToRecipe } from "../../model/channel.ts";
import { fromRecipe } from "../../model/channel.ts";
import type { ErrorData } from "../../model/error.ts";
import type { ObjectClass, ObjectRef } from "../../model/object.ts";
import { operations } from "../../model/operations/mod.ts";
import { serveRecipe } from "../../dsl/main.ts";

type Message<T extends FromRecipe["t"]> = Extract<FromRecipe, { readonly t: T }>;

/** A call as a responder sees it. */
export type Call = Message<"call">;

/** What a responder answers: a value, or more than that. */
export interface Response {
  readonly value?: unknown;
  readonly generation?: number;
  readonly lease?: string;
  readonly error?: ErrorData;
}

/** Answers calls; `undefined` leaves the call open. */
export type Responder = (call: Call, runtime: FakeRuntime) => Response | undefined;

/** A reference as a runtime makes it. */
export function ref<C extends ObjectClass>(
  objectClass: C,
  name: string,
  more: Partial<ObjectRef<C>> = {},
): ObjectRef<C> {
  return { $ref: objectClass, connection: "host", id: `id-of-${name}`, name, ...more };
}

/** The methods of the registry, as `hello` names them. */
export const methods: readonly MethodName[] = [...operations.values()].map(({ name, on, as, effect }) => ({
  operation: name,
  on,
  as,
  effect,
}));

/** A connection as `start` names it. */
export function hostName(name: string): HostName {
  return {
    name,
    uri: "test:///default",
    driver: "test",
    ref: { ...ref("connection", name), connection: name },
    supports: [...operations.keys()],
  };
}

/** The runtime's end of a channel, in the hands of a test. */
export class FakeRuntime {
  /** Everything that the recipe has said, checked by the channel's schema. */
  readonly said: FromRecipe[] = [];
  readonly served: Promise<void>;
  readonly #responder: Responder;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #deliver: (message: ToRecipe) => void = () => {};
  #now = 1_000;

  /** @param recipe what the recipe's module exports by default */
  constructor(recipe: unknown, responder: Responder = () => undefined) {
    this.#responder = responder;
    this.served = serveRecipe(recipe, {
      send: (message) => this.#hear(message),
      onMessage: (handler) => {
        this.#deliver = handler;
      },
    });
  }

  /** Says hello and starts the recipe. */
  start(input: unknown = {}, hosts: readonly HostName[] = [hostName("host")]): void {
    this.tell({ t: "hello", version: 1, run: "run-1", recipe: "file:///recipe.ts", methods });
    this.tell({ t: "start", hosts, input, seed: "seed", now: this.#now });
  }

  /** Tells the recipe something, as it would come off the wire. */
  tell(message: ToRecipe): void {
    this.#deliver(structuredClone(message));
  }

  /** Answers a step. */
  answer(step: number, { error, value = null, ...rest }: Response): void {
    const now = ++this.#now;
    if (error !== undefined) return this.tell({ t: "refused", step, error, now });
    this.tell({ t: "answer", step, value, ...rest, now });
  }

  /** Fires a timer. */
  fire(step: number): void {
    this.tell({ t: "fired", step, now: ++this.#now });
  }

  /** Cancels the run. */
  cancel(reason: string): void {
    this.tell({ t: "cancel", reason, now: ++this.#now });
  }

  /** What the recipe has said of a kind. */
  all<T extends FromRecipe["t"]>(kind: T): Message<T>[] {
    return this.said.filter((message): message is Message<T> => message.t === kind);
  }

  /** Waits until the recipe has said `count` messages of a kind, and gives the last of them. */
  async heard<T extends FromRecipe["t"]>(kind: T, count = 1): Promise<Message<T>> {
    while (this.all(kind).length < count) {
      const waiting = this.#waiting.get(kind) ?? Promise.withResolvers<void>();
      this.#waiting.set(kind, waiting);
      await waiting.promise;
    }
    return this.all(kind)[count - 1]!;
  }

  /** Runs the recipe to its end. */
  async outcome(input: unknown = {}): Promise<Message<"done"> | Message<"failed">> {
    this.start(input);
    await this.served;
    const last = this.said.at(-1);
    if (last?.t === "done" || last?.t === "failed") return last;
    throw new Error(`the recipe ended with ${JSON.stringify(last)}`);
  }

  /** The result of the recipe, which must succeed. */
  async result(input: unknown = {}): Promise<unknown> {
    const last = await this.outcome(input);
    if (last.t === "failed") throw new Error(`the recipe failed: ${last.error.message}`);
    return last.result;
  }

  #hear(message: FromRecipe): void {
    // As it would look on the wire; a message that the schema refuses would end a real run.
    const checked = fromRecipe.parse(structuredClone(message));
    this.said.push(checked);
    const waiting = this.#waiting.get(checked.t);
    this.#waiting.delete(checked.t);
    waiting?.resolve();
    if (checked.t !== "call") return;
    const response = this.#responder(checked, this);
    if (response !== undefined) queueMicrotask(() => this.answer(checked.step, response));
  }
}
