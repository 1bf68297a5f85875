/**
 * The types of handles' methods, derived from the operation registry.
 *
 * @module
 */
import type { ObjectClass, ObjectRef } from "../model/object.ts";
import type { InputOf, OutputOf } from "../model/operation.ts";
import type { OperationName, Operations, OperationsOn } from "../model/operations/mod.ts";
import type { CallOptions, MakeOptions, Temporary } from "./call_options.ts";
import type { HandleOf } from "./handles.ts";

/** A value as a recipe receives it: every reference in it has become a handle. */
export type Received<T> = T extends ObjectRef<infer C> ? HandleOf<C>
  : T extends Uint8Array ? T
  : T extends object ? { [K in keyof T]: Received<T[K]> }
  : T;

/**
 * An input as a recipe may give it. Handles stand for references; where a name is all that is needed, the name alone
 * will do.
 */
export type Given<I> = I extends { readonly name?: string | undefined }
  ? { readonly name: string } extends I ? I | string : I
  : I;

/** What an operation answers, as a recipe receives it. */
export type AnswerOf<N extends OperationName> = Received<OutputOf<Operations[N]>>;

/** What an operation takes, as a recipe may give it. */
export type GivenTo<N extends OperationName> = Given<InputOf<Operations[N]>>;

/** An operation all of whose input may be left out. */
export interface Method<Input, Output> {
  (input?: Input, options?: CallOptions): Promise<Output>;
}

/** An operation that needs an input. */
export interface MethodWithInput<Input, Output> {
  (input: Input, options?: CallOptions): Promise<Output>;
}

/** An operation that makes or finds something; with `temporary` what it made is taken back by `await using`. */
export interface MakingMethod<Input, Output> {
  <const O extends MakeOptions = MakeOptions>(input: Input, options?: O): Promise<Made<Output, O>>;
}

/** What was made, with its way back where it is temporary. */
export type Made<Output, O> = O extends { readonly temporary: true } ? Output & Temporary : Output;

/** The method that an operation becomes. */
export type MethodFor<Op> = Record<never, never> extends InputOf<Op>
  ? Method<Given<InputOf<Op>>, Received<OutputOf<Op>>>
  : OutputOf<Op> extends ObjectRef ? MakingMethod<Given<InputOf<Op>>, Received<OutputOf<Op>>>
  : MethodWithInput<Given<InputOf<Op>>, Received<OutputOf<Op>>>;

/** Every method of a class of objects, by its name. */
export type MethodsOf<C extends ObjectClass> = {
  readonly [M in keyof OperationsOn<C>]: MethodFor<OperationsOn<C>[M]>;
};
