/**
 * Filling in templates, inside the sandbox.
 *
 * @module
 */
import { roundOf } from "./loop.ts";
import type { Placed, TemplateNode } from "./program.ts";
import { isMap, isTrue, textOf } from "./values.ts";

/** The longest text that a template may make. */
const longest = 16 << 20;
/** How often its loops may go round, all together. */
const mostRounds = 1_000_000;

/** Where names get their values. */
interface Scope {
  look(name: string): unknown;
}

/** Evaluates an expression. */
type Evaluating = (value: Placed, scope: Scope) => unknown;

/** What a template has made so far. */
interface Made {
  readonly placed: Evaluating;
  readonly parts: string[];
  length: number;
  rounds: number;
}

/** The text that a template makes. */
export function filledIn(
  nodes: readonly TemplateNode[],
  { scope, placed }: { readonly scope: Scope; readonly placed: Evaluating },
): string {
  const made: Made = { placed, parts: [], length: 0, rounds: 0 };
  fill(nodes, new Locals(scope), made);
  return made.parts.join("");
}

/** Names of the template's own, above those around it. */
class Locals implements Scope {
  readonly #outer: Scope;
  readonly #own = new Map<string, unknown>();

  constructor(outer: Scope) {
    this.#outer = outer;
  }

  look(name: string): unknown {
    return this.#own.has(name) ? this.#own.get(name) : this.#outer.look(name);
  }

  set(name: string, value: unknown): void {
    this.#own.set(name, value);
  }
}

function fill(nodes: readonly TemplateNode[], scope: Locals, made: Made): void {
  for (const node of nodes) {
    switch (node.n) {
      case "text":
        add(node.text, made);
        break;
      case "put":
        add(textOf(made.placed(node.value, scope)), made);
        break;
      case "set":
        scope.set(node.name, made.placed(node.value, scope));
        break;
      case "if": {
        const branch = node.branches.find(({ test }) => test === null || isTrue(made.placed(test, scope)));
        if (branch !== undefined) fill(branch.body, scope, made);
        break;
      }
      case "for":
        loop(node, scope, made);
    }
  }
}

function loop(node: Extract<TemplateNode, { readonly n: "for" }>, scope: Locals, made: Made): void {
  const items = itemsOf(made.placed(node.items, scope));
  if (items.length === 0) return fill(node.otherwise, scope, made);
  for (const [index, item] of items.entries()) {
    if (++made.rounds > mostRounds) {
      throw new Error(`the template's loops go round more than ${mostRounds} times`);
    }
    // What a round sets is gone with it.
    const round = new Locals(scope);
    const [only, ...others] = node.names;
    if (others.length === 0) round.set(only ?? "", item);
    else {node.names.forEach((name, place) =>
        round.set(name, Array.isArray(item) ? item[place] ?? null : null)
      );}
    round.set("loop", roundOf(items, index));
    fill(node.body, round, made);
  }
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return Object.keys(value);
  if (typeof value === "string") return [...value];
  throw new Error(`a loop needs a list, and there is "${textOf(value)}"`);
}

function add(text: string, made: Made): void {
  made.parts.push(text);
  made.length += text.length;
  if (made.length > longest) throw new Error(`the template makes more than ${longest} characters`);
}
