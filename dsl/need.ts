/**
 * Permissions as recipes write them, checked by the compiler.
 *
 * @module
 */
import type { PermissionClass, permissionVerbs } from "../model/permission.ts";

/** The verbs of a class. */
type VerbsOf<C extends PermissionClass> = typeof permissionVerbs[C][number];

/** Every need that names one verb: what an editor offers. */
type SingleNeed = { [C in PermissionClass]: `${C}:${VerbsOf<C>}` }[PermissionClass];

/** The first verb of a comma-separated list that the class does not have. */
type WrongVerb<C extends PermissionClass, Verbs extends string> = Verbs extends `${infer Verb},${infer Rest}`
  ? Verb extends VerbsOf<C> ? WrongVerb<C, Rest> : Verb
  : Verbs extends VerbsOf<C> ? never
  : Verbs;

/** The text before what narrows a need: `@glob`, `#label`, `(option)`. */
type ScopeIn<Text extends string> = Text extends `${infer Scope}@${string}` ? ScopeIn<Scope>
  : Text extends `${infer Scope}#${string}` ? ScopeIn<Scope>
  : Text extends `${infer Scope}(${string}` ? Scope
  : Text;

/** What is wrong with a scope, or `never`. */
type Fault<Scope extends string> = Scope extends "all" ? never
  : Scope extends `${infer C}:*` ? ClassFault<C>
  : Scope extends `${infer C}:${infer Verbs}`
    ? C extends PermissionClass
      ? [WrongVerb<C, Verbs>] extends [never] ? never : `"${C}" has no verb "${WrongVerb<C, Verbs>}"`
    : ClassFault<C>
  : ClassFault<Scope>;

type ClassFault<C extends string> = C extends PermissionClass ? never : `there is no permission class "${C}"`;

/** The scope, without the connection that it may be for: `target=domain:start`. */
type WithoutConnection<Scope extends string> = Scope extends `${string}=${infer Rest}` ? Rest : Scope;

/**
 * A permission in the syntax of grants: `class:verb,verb`, with an optional `@glob` over names and an optional
 * `connection=` before it, for instance `domain:start,stop@web-*`. What is misspelt is not assignable, and the compiler
 * says why.
 */
export type Need<Text extends string> = string extends Text ? Text
  : [Fault<WithoutConnection<ScopeIn<Text>>>] extends [never] ? Text
  : Fault<WithoutConnection<ScopeIn<Text>>> | SingleNeed;

/** The needs of a recipe, each one checked. */
export type Needs<Texts extends readonly string[]> = { readonly [K in keyof Texts]: Need<Texts[K]> };
