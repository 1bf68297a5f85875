/**
 * Asking the kernel of this very process.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Control, ControlHandlers, RequestContext, RequestOptions } from "./control.ts";
import {
  type ControlMethod,
  controlMethods,
  type ParamsOf,
  type ParsedParamsOf,
  type ResultOf,
} from "./methods.ts";

/** Carries a method out, with parameters that have been checked. */
export function handle<M extends ControlMethod>(
  handlers: ControlHandlers,
  request: { readonly method: M; readonly params: unknown; readonly context: RequestContext<M> },
): Promise<ResultOf<M>> {
  const { method, params, context } = request;
  const parsed = controlMethods[method].params.safeParse(params);
  if (!parsed.success) {
    return Promise.reject(
      new VirtError("invalid-argument", `Cannot ask the kernel for ${method}: the parameters are not valid`, {
        cause: parsed.error.message,
      }),
    );
  }
  // The schema that just checked them is the one that the handler's type is made from.
  return handlers[method](parsed.data as ParsedParamsOf<M>, context);
}

/** A kernel in this process. */
export class LocalControl implements Control {
  readonly local = true;
  readonly #handlers: ControlHandlers;
  readonly #principal: string;
  readonly #leave: () => Promise<void>;

  constructor(
    handlers: ControlHandlers,
    options: { readonly principal: string; readonly leave: () => Promise<void> },
  ) {
    this.#handlers = handlers;
    this.#principal = options.principal;
    this.#leave = options.leave;
  }

  async request<M extends ControlMethod>(
    method: M,
    params: ParamsOf<M>,
    options: RequestOptions<M> = {},
  ): Promise<ResultOf<M>> {
    const never = new AbortController().signal;
    const signal = options.signal ?? never;
    const { ask, askSecret, askCredentials } = options;
    return await handle(this.#handlers, {
      method,
      params,
      context: {
        principal: this.#principal,
        signal,
        send: async (item) => await options.onItem?.(item),
        ...(ask === undefined ? {} : { ask: (question) => ask(question, signal) }),
        ...(askSecret === undefined ? {} : { askSecret: (question) => askSecret(question, signal) }),
        ...(askCredentials === undefined
          ? {}
          : { person: { atTerminal: true, credentials: askCredentials } }),
      },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#leave();
  }
}
