/**
 * A kernel that answers what a test says, and remembers what it was asked.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import type { Control, ControlHandlers, RequestOptions } from "../../../runtime/control/control.ts";
import { LocalControl } from "../../../runtime/control/local.ts";
import {
  type ControlMethod,
  controlMethods,
  type ParamsOf,
  type ResultOf,
} from "../../../runtime/control/methods.ts";

/** The answers that a test gives; whatever else is asked fails. */
export type FakeAnswers = Partial<ControlHandlers>;

/** One request as the kernel got it. */
export interface Asked {
  readonly method: ControlMethod;
  readonly params: unknown;
}

/** A fake kernel. */
export class FakeControl implements Control {
  readonly local = true;
  readonly asked: Asked[] = [];
  readonly #control: LocalControl;

  constructor(answers: FakeAnswers) {
    this.#control = new LocalControl(handlersOf(answers), {
      principal: "uid:1000",
      leave: () => Promise.resolve(),
    });
  }

  request<M extends ControlMethod>(
    method: M,
    params: ParamsOf<M>,
    options?: RequestOptions<M>,
  ): Promise<ResultOf<M>> {
    this.asked.push({ method, params });
    return this.#control.request(method, params, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Every handler, those that were not given failing. */
export function handlersOf(answers: FakeAnswers): ControlHandlers {
  const unexpected = (method: string) => (): Promise<never> =>
    Promise.reject(new VirtError("internal", `The test did not expect ${method}`));
  const all = Object.fromEntries(Object.keys(controlMethods).map((method) => [method, unexpected(method)]));
  return { ...(all as unknown as ControlHandlers), ...answers };
}
