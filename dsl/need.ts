/**
 * Permissions as recipes write them, checked by the compiler.
 *
 * @module
 */
import type { PermissionClass, permissionVerbs } from "../model/permission.ts";

/** The verbs of a class. */
type VerbsOf<C extends PermissionClass> = typeof permissionVerbs[C][number];

/** The first verb of a comma-separated list that the class does not have. */
type WrongVerb<C extends PermissionClass, Verbs extends string> = Verbs extends `${infer Verb},${infer Rest}`
  ? Verb extends VerbsOf<C> ? WrongVerb<C, Rest> : Verb
  : Verbs extends VerbsOf<C> ? never
  : Verbs;

/** A need, or a sentence that says what is wrong with it. */
type CheckVerbs<Text extends string, C extends string, Verbs extends string> = C extends PermissionClass
  ? [WrongVerb<C, Verbs>] extends [never] ? Text
  : `"${C}" has no verb "${WrongVerb<C, Verbs>}"`
  : `no permission class "${C}"`;

/**
 * A permission in the syntax of grants: `class:verb,verb` with an optional `@glob` over names, for instance
 * `domain:start,stop@web-*`. What is misspelt is not assignable, and the compiler says why.
 */
export type Need<Text extends string> = string extends Text ? Text
  : Text extends `${infer C}:${infer Verbs}@${string}` ? CheckVerbs<Text, C, Verbs>
  : Text extends `${infer C}:${infer Verbs}` ? CheckVerbs<Text, C, Verbs>
  : `write "class:verb,verb" or "class:verb,verb@glob"`;

/** The needs of a recipe, each one checked. */
export type Needs<Texts extends readonly string[]> = { readonly [K in keyof Texts]: Need<Texts[K]> };
