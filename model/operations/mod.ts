/**
 * The operation registry: everything that can be done, declared once.
 *
 * @module
 */
import type { ObjectClass } from "../object.ts";
import type { Operation } from "../operation.ts";
import * as connection from "./connection.ts";
import * as domain from "./domain.ts";

/** The exports of a module that are operations, keyed by the operation's name. */
type ByName<M> = {
  readonly [K in keyof M as M[K] extends Operation<infer N> ? N : never]: M[K];
};

/** Every operation by its name. */
export type Operations = ByName<typeof connection> & ByName<typeof domain>;

/** The name of an operation. */
export type OperationName = keyof Operations & string;

/** The operations that the handles of a class offer, by method name. */
export type OperationsOn<C extends ObjectClass> = {
  readonly [N in OperationName as Operations[N] extends Operation<string, C> ? Operations[N]["as"] : never]:
    Operations[N];
};

function isOperation(value: unknown): value is Operation {
  return typeof value === "object" && value !== null && "permission" in value && "effect" in value;
}

function collect(...modules: readonly Record<string, unknown>[]): ReadonlyMap<string, Operation> {
  const found = new Map<string, Operation>();
  for (const value of modules.flatMap((module) => Object.values(module))) {
    if (isOperation(value)) found.set(value.name, value);
  }
  return found;
}

/** Every operation, by name. */
export const operations: ReadonlyMap<string, Operation> = collect(connection, domain);
