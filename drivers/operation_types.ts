/**
 * Short names for what operations take and answer.
 *
 * @module
 */
import type { OutputOf, ParsedInputOf } from "../model/operation.ts";
import type { OperationName, Operations } from "../model/operations/mod.ts";

/** What an operation's function receives. */
export type In<N extends OperationName> = ParsedInputOf<Operations[N]>;

/** What an operation's function answers. */
export type Out<N extends OperationName> = OutputOf<Operations[N]>;

/** An answer that says nothing. */
export type Nothing = Record<string, never>;
