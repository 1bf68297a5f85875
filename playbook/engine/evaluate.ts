/**
 * Evaluating expressions, inside the sandbox.
 *
 * @module
 */
import { VirtError } from "drover";
import { filters } from "./filters.ts";
import type { Arguments, Expression, Json, Place, Placed, Sign, Value, Vars } from "./program.ts";
import { filledIn } from "./template.ts";
import { tests } from "./tests.ts";
import { compare, equal, isMap, isTrue, Missing, textOf } from "./values.ts";

/** Where names get their values. */
export interface Scope {
  /** A name's value, or {@linkcode Missing}. */
  look(name: string): unknown;
}

/** How often variables may lead to one another. */
const deepest = 100;

/** How many variables one value may lead to, each counted as often as it is used. */
const mostLooks = 100_000;

/** The longest text that an expression may make. */
const longest = 16 << 20;

/**
 * Variables in layers: the first that has a name wins. Values with expressions in them are evaluated when they are used.
 */
export class LayeredScope implements Scope {
  readonly #layers: readonly (Vars | ReadonlyMap<string, unknown>)[];
  #depth = 0;
  #looks = 0;

  /** @param layers the strongest first: variables of the playbook, or values that are what they are */
  constructor(layers: readonly (Vars | ReadonlyMap<string, unknown>)[]) {
    this.#layers = layers;
  }

  look(name: string): unknown {
    for (const layer of this.#layers) {
      if (layer instanceof Map) {
        if (layer.has(name)) return layer.get(name);
      } else if (Object.hasOwn(layer, name)) {
        const value = (layer as Vars)[name];
        if (value === undefined) continue;
        if (this.#depth >= deepest) {
          throw new VirtError("recipe-failed", `The variable "${name}" leads back to itself`);
        }
        if (this.#depth === 0) this.#looks = 0;
        if (++this.#looks > mostLooks) {
          throw new VirtError(
            "recipe-failed",
            `The variable "${name}" leads to more than ${mostLooks} others`,
          );
        }
        this.#depth++;
        try {
          return evaluate(value, this);
        } finally {
          this.#depth--;
        }
      }
    }
    return new Missing(`"${name}" is undefined`);
  }
}

/** Texts as one, which must not be longer than anybody wants. */
function bounded(parts: readonly string[]): string {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > longest) throw new Error(`a text of ${length} characters is too long`);
  return parts.join("");
}

/** A value of the playbook with its expressions evaluated. */
export function evaluate(value: Value, scope: Scope): unknown {
  switch (value.k) {
    case "plain":
      return value.value;
    case "expression":
      return placed(value.value, scope);
    case "text":
      return bounded(
        value.parts.map((part) => typeof part === "string" ? part : textOf(placed(part, scope))),
      );
    case "template":
      return filledIn(value.nodes, { scope, placed });
    case "list":
      return withoutOmitted(value.items.map((item) => evaluate(item, scope)));
    case "map":
      return Object.fromEntries(
        Object.entries(value.entries).map(([key, item]) => [key, evaluate(item, scope)] as const)
          .filter(([, item]) => item !== omitted),
      );
  }
}

/** What stands for "leave this out": `{{ x | default(omit) }}`. */
export const omitted: unique symbol = Symbol("omit");

function withoutOmitted(items: unknown[]): unknown[] {
  return items.filter((item) => item !== omitted);
}

/** An expression's value, which must be there. */
export function placed({ expression, at, text }: Placed, scope: Scope): unknown {
  const value = faultsAt({ at, text }, () => evaluateExpression(expression, scope));
  if (value instanceof Missing) throw faultAt(`Cannot evaluate "${text}": ${value.what}`, at);
  return value;
}

/** Whether every condition holds; the first that does not is named. */
export function firstFalse(conditions: readonly Placed[], scope: Scope): Placed | undefined {
  return conditions.find((condition) => !isTrue(placed(condition, scope)));
}

function faultsAt<T>({ at, text }: { readonly at: Place; readonly text: string }, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof VirtError && error.at !== undefined) throw error;
    throw faultAt(`Cannot evaluate "${text}": ${error instanceof Error ? error.message : String(error)}`, at);
  }
}

/** An error at a place of the playbook. */
export function faultAt(message: string, [file, line, column]: Place): VirtError {
  return new VirtError("recipe-failed", message, { at: { file, line, column } });
}

/** A tree's value. */
export function evaluateExpression(expression: Expression, scope: Scope): unknown {
  const sub = (part: Expression): unknown => evaluateExpression(part, scope);
  switch (expression.is) {
    case "literal":
      return expression.value;
    case "name":
      return expression.name === "omit" ? omitted : scope.look(expression.name);
    case "list":
      return expression.items.map((item) => there(sub(item)));
    case "map":
      return Object.fromEntries(
        expression.entries.map(([key, value]) => [textOf(there(sub(key))), there(sub(value))]),
      );
    case "get":
      return member(sub(expression.of), there(sub(expression.key)));
    case "slice":
      return sliced(
        there(sub(expression.of)),
        expression.from && sub(expression.from),
        expression.to && sub(expression.to),
      );
    case "call":
      return called(expression.name, argumentsOf(expression.with, scope));
    case "method":
      return method(there(sub(expression.of)), expression.name, argumentsOf(expression.with, scope).args);
    case "filter":
      return filtered(expression, scope);
    case "test": {
      const test = tests[expression.name];
      if (test === undefined) throw new Error(`there is no test "${expression.name}"`);
      const subject = sub(expression.of);
      const isOf = test(
        expression.name === "defined" || expression.name === "undefined" ? subject : there(subject),
        ...argumentsOf(expression.with, scope).args,
      );
      return isOf !== expression.negated;
    }
    case "not":
      return !isTrue(there(sub(expression.of)));
    case "negative":
      return -numberOf(sub(expression.of), "-");
    case "if":
      return isTrue(there(sub(expression.test)))
        ? sub(expression.then)
        : expression.else === null
        ? ""
        : sub(expression.else);
    case "binary":
      return binary(expression, scope);
  }
}

/** What filters that call others need. */
export interface FilterCall {
  readonly args: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

/** Filters that say what to do without a value. */
const takesMissing: readonly string[] = ["default", "d", "mandatory"];

function filtered(expression: Extract<Expression, { readonly is: "filter" }>, scope: Scope): unknown {
  const { name, of } = expression;
  const filter = filters[name];
  if (filter === undefined) throw new Error(`there is no filter "${name}"`);
  const subject = evaluateExpression(of, scope);
  const given = argumentsOf(expression.with, scope);
  if (!takesMissing.includes(name)) there(subject);
  return filter(subject, given);
}

function argumentsOf({ args, named }: Arguments, scope: Scope): FilterCall {
  return {
    args: args.map((each) => there(evaluateExpression(each, scope))),
    named: Object.fromEntries(
      Object.entries(named).map(([key, each]) => [key, there(evaluateExpression(each, scope))]),
    ),
  };
}

function there(value: unknown): unknown {
  if (value instanceof Missing) throw new Error(value.what);
  return value;
}

/** A member of a map, a list or a text. Nothing but what the value itself holds is reached. */
function member(of: unknown, key: unknown): unknown {
  if (of instanceof Missing) return of;
  if (Array.isArray(of) || typeof of === "string") {
    const index = typeof key === "number" ? key : Number.NaN;
    const found = of[index < 0 ? of.length + index : index];
    return found === undefined ? new Missing(`there is no item ${textOf(key)}`) : found;
  }
  if (isMap(of) && Object.hasOwn(of, String(key))) return of[String(key)];
  return new Missing(`there is no "${textOf(key)}" in it`);
}

function sliced(of: unknown, from: unknown, to: unknown): unknown {
  if (!Array.isArray(of) && typeof of !== "string") throw new Error("only lists and texts have parts");
  return of.slice(
    from === null ? undefined : numberOf(from, "["),
    to === null ? undefined : numberOf(to, "["),
  );
}

function called(name: string, { args, named }: FilterCall): unknown {
  switch (name) {
    case "range": {
      const [first = 0, second, step = 1] = args.map((each) => numberOf(each, "range"));
      const [from, to] = second === undefined ? [0, first] : [first, second];
      if (step === 0) throw new Error("range() has no step of 0");
      const count = Math.max(0, Math.ceil((to - from) / step));
      if (count > 100_000) throw new Error(`range() of ${count} items is too long`);
      return Array.from({ length: count }, (_, index) => from + index * step);
    }
    case "now":
      return new Date().toISOString();
    default:
      return { ...named };
  }
}

/** The few methods of Python's texts and maps that playbooks call. */
function method(of: unknown, name: string, args: readonly unknown[]): unknown {
  const [first, second] = args;
  if (isMap(of)) {
    if (name === "items") return Object.entries(of);
    if (name === "keys") return Object.keys(of);
    if (name === "values") return Object.values(of);
    if (name === "get") return Object.hasOwn(of, String(first)) ? of[String(first)] : second ?? null;
  }
  if (typeof of === "string") {
    const text = textOf(first ?? "");
    switch (name) {
      case "startswith":
        return of.startsWith(text);
      case "endswith":
        return of.endsWith(text);
      case "lower":
        return of.toLowerCase();
      case "upper":
        return of.toUpperCase();
      case "strip":
        return of.trim();
      case "split":
        return first === undefined ? of.trim().split(/\s+/) : of.split(text);
      case "splitlines":
        return of.split(/\r?\n/);
      case "replace":
        return of.replaceAll(text, textOf(second ?? ""));
      case "find":
        return of.indexOf(text);
      case "join":
        return Array.isArray(first) ? first.map(textOf).join(of) : text;
      case "format":
        return args.reduce<string>((made, each) => made.replace("{}", textOf(each)), of);
    }
  }
  throw new Error(`there is no method "${name}" of ${Array.isArray(of) ? "a list" : `a ${typeof of}`}`);
}

function binary(
  { sign, left, right }: { readonly sign: Sign; readonly left: Expression; readonly right: Expression },
  scope: Scope,
): unknown {
  const first = there(evaluateExpression(left, scope));
  if (sign === "and") return isTrue(first) ? there(evaluateExpression(right, scope)) : first;
  if (sign === "or") return isTrue(first) ? first : there(evaluateExpression(right, scope));
  const second = there(evaluateExpression(right, scope));
  switch (sign) {
    case "==":
      return equal(first, second);
    case "!=":
      return !equal(first, second);
    case "<":
      return compare(first, second) < 0;
    case "<=":
      return compare(first, second) <= 0;
    case ">":
      return compare(first, second) > 0;
    case ">=":
      return compare(first, second) >= 0;
    case "in":
      return contains(second, first);
    case "~":
      return bounded([textOf(first), textOf(second)]);
    case "+":
      if (Array.isArray(first) && Array.isArray(second)) return joined(first, second);
      if (typeof first === "string" && typeof second === "string") return bounded([first, second]);
      return finite(numberOf(first, sign) + numberOf(second, sign));
    case "*":
      if (typeof first === "string" && typeof second === "number") return repeated(first, second);
      return finite(numberOf(first, sign) * numberOf(second, sign));
    case "%": {
      const by = numberOf(second, sign);
      const rest = numberOf(first, sign) % by;
      return rest !== 0 && (rest < 0) !== (by < 0) ? rest + by : rest;
    }
    default:
      return arithmetic(sign, numberOf(first, sign), numberOf(second, sign));
  }
}

/** The most items of a list that an expression makes. */
const mostItems = 1_000_000;

function joined(first: readonly unknown[], second: readonly unknown[]): readonly unknown[] {
  const count = first.length + second.length;
  if (count > mostItems) throw new Error(`a list of ${count} items is too long`);
  return [...first, ...second];
}

function repeated(text: string, times: number): string {
  const count = Math.max(0, Math.trunc(times));
  if (text.length * count > longest) {
    throw new Error(`a text of ${text.length * count} characters is too long`);
  }
  return text.repeat(count);
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Error("the number is too large");
}

function arithmetic(sign: "-" | "/" | "//" | "**", left: number, right: number): number {
  if (sign === "-") return left - right;
  if (sign === "**") return finite(left ** right);
  if (right === 0) throw new Error("division by zero");
  return sign === "/" ? left / right : Math.floor(left / right);
}

/** Whether something is in a list, a text or the keys of a map. */
export function contains(all: unknown, one: unknown): boolean {
  if (Array.isArray(all)) return all.some((each) => equal(each, one));
  if (typeof all === "string") return all.includes(textOf(one));
  if (isMap(all)) return Object.hasOwn(all, String(one));
  throw new Error(`nothing can be in ${textOf(all)}`);
}

function numberOf(value: unknown, sign: string): number {
  const made = typeof value === "boolean" ? Number(value) : value;
  if (typeof made === "number") return made;
  throw new Error(
    `"${sign}" takes numbers, and was given ${value === null ? "none" : `"${clipped(textOf(value))}"`}`,
  );
}

function clipped(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/** Plain data as a value. */
export function plainValue(value: Json): Value {
  return { k: "plain", value };
}
