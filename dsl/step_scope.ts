/**
 * Which named step the code that runs right now belongs to, across `await` and `Promise.all`.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";

const scope = new AsyncLocalStorage<number>();

/** The number of the named step that is under way here. */
export function currentStep(): number | undefined {
  return scope.getStore();
}

/** Runs `body`, and everything that it begins, within a named step. */
export function withinStep<T>(step: number, body: () => T): T {
  return scope.run(step, body);
}
