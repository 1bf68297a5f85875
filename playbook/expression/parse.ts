/**
 * Reading expressions, as Jinja's users write them: nothing is evaluated here.
 *
 * @module
 */
import type { Arguments, Expression, Sign } from "../engine/program.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import { filterNames, functionNames, testNames } from "./names.ts";
import { ExpressionFault, type Token, tokens } from "./token.ts";

/** How deep an expression may nest. */
const deepest = 64;

/** How many words an expression may have: trees grow with them. */
const mostTokens = 2000;

const constants: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  null: null,
};

const comparisons: readonly string[] = ["==", "!=", "<", "<=", ">", ">="];
const noArguments: Arguments = { args: [], named: {} };

/**
 * Reads one expression.
 *
 * @throws {ExpressionFault} with where the fault is.
 */
export function parseExpression(text: string): Expression {
  return new Reader(text).whole();
}

class Reader {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
    const beyond = this.#tokens[mostTokens];
    if (beyond !== undefined) throw new ExpressionFault(`it has more than ${mostTokens} words`, beyond.at);
  }

  whole(): Expression {
    if (this.#peek().kind === "end") throw new ExpressionFault("there is no expression", 0);
    const expression = this.#choice();
    const rest = this.#peek();
    if (rest.kind === "end") return expression;
    const hint = rest.text === "=" ? "Compare with ==" : undefined;
    throw new ExpressionFault(`found "${rest.text}" behind the end of the expression`, rest.at, hint);
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  #next(): Token {
    const token = this.#peek();
    this.#index++;
    return token;
  }

  #accept(...texts: readonly string[]): string | undefined {
    const { kind, text } = this.#peek();
    if ((kind !== "sign" && kind !== "name") || !texts.includes(text)) return undefined;
    this.#index++;
    return text;
  }

  #expect(text: string): void {
    if (this.#accept(text) !== undefined) return;
    const found = this.#peek();
    const what = found.kind === "end" ? "the expression ends" : `found "${found.text}"`;
    throw new ExpressionFault(`${what} where "${text}" is expected`, found.at);
  }

  #choice(): Expression {
    if (++this.#depth > deepest) throw new ExpressionFault("it is nested too deeply", this.#peek().at);
    let then = this.#or();
    while (this.#accept("if") !== undefined) {
      const test = this.#or();
      then = { is: "if", test, then, else: this.#accept("else") === undefined ? null : this.#choice() };
    }
    this.#depth--;
    return then;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept("or") !== undefined) left = { is: "binary", sign: "or", left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#accept("and") !== undefined) left = { is: "binary", sign: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    return this.#accept("not") === undefined ? this.#comparison() : { is: "not", of: this.#not() };
  }

  #comparison(): Expression {
    let left = this.#sum();
    for (;;) {
      const sign = this.#accept(...comparisons, "in");
      if (sign !== undefined) {
        left = { is: "binary", sign: sign as Sign, left, right: this.#sum() };
      } else if (this.#peek().text === "not" && this.#peek(1).text === "in") {
        this.#index += 2;
        left = { is: "not", of: { is: "binary", sign: "in", left, right: this.#sum() } };
      } else return left;
    }
  }

  #sum(): Expression {
    let left = this.#product();
    for (let sign = this.#accept("+", "-", "~"); sign !== undefined; sign = this.#accept("+", "-", "~")) {
      left = { is: "binary", sign: sign as Sign, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#sign();
    const all = ["*", "/", "//", "%"];
    for (let sign = this.#accept(...all); sign !== undefined; sign = this.#accept(...all)) {
      left = { is: "binary", sign: sign as Sign, left, right: this.#sign() };
    }
    return left;
  }

  #sign(): Expression {
    if (this.#accept("-") !== undefined) return { is: "negative", of: this.#sign() };
    if (this.#accept("+") !== undefined) return this.#sign();
    const left = this.#filtered();
    return this.#accept("**") === undefined ? left : { is: "binary", sign: "**", left, right: this.#sign() };
  }

  #filtered(): Expression {
    let of = this.#postfix();
    for (;;) {
      if (this.#accept("|") !== undefined) {
        const name = this.#known("filter", filterNames);
        of = { is: "filter", of, name, with: this.#peek().text === "(" ? this.#arguments() : noArguments };
      } else if (this.#accept("is") !== undefined) {
        of = this.#test(of);
      } else return of;
    }
  }

  #test(of: Expression): Expression {
    const negated = this.#accept("not") !== undefined;
    const name = this.#known("test", testNames);
    const next = this.#peek();
    if (next.text === "(" && next.kind === "sign") {
      return { is: "test", of, name, negated, with: this.#arguments() };
    }
    // `x is version "1.2"`: one argument may stand without parentheses.
    const isOperand = next.kind === "number" || next.kind === "text" ||
      (next.kind === "sign" && (next.text === "[" || next.text === "{")) ||
      (next.kind === "name" && !["and", "or", "not", "if", "else", "is", "in"].includes(next.text));
    return {
      is: "test",
      of,
      name,
      negated,
      with: isOperand ? { args: [this.#postfix()], named: {} } : noArguments,
    };
  }

  /** A name out of a list; `ansible.builtin.` before it is known to say the same. */
  #known(what: string, names: readonly string[]): string {
    let token = this.#name();
    while (this.#accept(".") !== undefined) token = this.#name();
    if (names.includes(token.text)) return token.text;
    const near = nearest(token.text, names);
    throw new ExpressionFault(
      `there is no ${what} "${token.text}"`,
      token.at,
      near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`,
    );
  }

  #name(): Token {
    const token = this.#next();
    if (token.kind === "name") return token;
    throw new ExpressionFault(
      token.kind === "end" ? "the expression ends where a name is expected" : `"${token.text}" is no name`,
      token.at,
    );
  }

  #postfix(): Expression {
    let of = this.#primary();
    for (;;) {
      if (this.#accept(".") !== undefined) {
        const token = this.#next();
        if (token.kind !== "name" && token.kind !== "number") {
          throw new ExpressionFault("a name is expected behind the dot", token.at);
        }
        const isCall = token.kind === "name" && this.#peek().kind === "sign" && this.#peek().text === "(";
        const key: Expression = {
          is: "literal",
          value: token.kind === "number" ? Number(token.text) : token.text,
        };
        of = isCall
          ? { is: "method", of, name: token.text, with: this.#arguments() }
          : { is: "get", of, key };
      } else if (this.#accept("[") !== undefined) of = this.#subscript(of);
      else return of;
    }
  }

  #subscript(of: Expression): Expression {
    const from = this.#peek().text === ":" ? null : this.#choice();
    if (this.#accept(":") === undefined) {
      this.#expect("]");
      return { is: "get", of, key: from ?? { is: "literal", value: null } };
    }
    const to = this.#peek().text === "]" ? null : this.#choice();
    this.#expect("]");
    return { is: "slice", of, from, to };
  }

  #primary(): Expression {
    const token = this.#next();
    switch (token.kind) {
      case "number":
        return { is: "literal", value: Number(token.text) };
      case "text": {
        let value = token.text;
        while (this.#peek().kind === "text") value += this.#next().text;
        return { is: "literal", value };
      }
      case "name":
        return this.#named(token);
      case "sign":
        if (token.text === "(") return this.#group();
        if (token.text === "[") return { is: "list", items: this.#list("]") };
        if (token.text === "{") return this.#map();
        throw new ExpressionFault(`found "${token.text}" where a value is expected`, token.at);
      case "end":
        throw new ExpressionFault("the expression ends where a value is expected", token.at);
    }
  }

  #named({ text, at }: Token): Expression {
    if (Object.hasOwn(constants, text)) return { is: "literal", value: constants[text] ?? null };
    if (["and", "or", "not", "if", "else", "in", "is"].includes(text)) {
      throw new ExpressionFault(`found "${text}" where a value is expected`, at);
    }
    if (this.#peek().kind !== "sign" || this.#peek().text !== "(") return { is: "name", name: text };
    if (functionNames.includes(text)) return { is: "call", name: text, with: this.#arguments() };
    const hint = text === "lookup" || text === "query"
      ? "A playbook runs in a sandbox: give what it needs as a variable, with -e or in the inventory"
      : `There are: ${functionNames.join(", ")}`;
    throw new ExpressionFault(`there is no function "${text}"`, at, hint);
  }

  #group(): Expression {
    const first = this.#choice();
    if (this.#accept(")") !== undefined) return first;
    this.#expect(",");
    return { is: "list", items: [first, ...this.#list(")")] };
  }

  #list(end: string): Expression[] {
    const items: Expression[] = [];
    while (this.#accept(end) === undefined) {
      items.push(this.#choice());
      if (this.#accept(",") === undefined) {
        this.#expect(end);
        break;
      }
    }
    return items;
  }

  #map(): Expression {
    const entries: (readonly [Expression, Expression])[] = [];
    while (this.#accept("}") === undefined) {
      const key = this.#choice();
      this.#expect(":");
      entries.push([key, this.#choice()]);
      if (this.#accept(",") === undefined) {
        this.#expect("}");
        break;
      }
    }
    return { is: "map", entries };
  }

  #arguments(): Arguments {
    this.#expect("(");
    const args: Expression[] = [];
    const named: Record<string, Expression> = {};
    while (this.#accept(")") === undefined) {
      if (this.#peek().kind === "name" && this.#peek(1).text === "=") {
        const { text } = this.#next();
        this.#index++;
        named[text] = this.#choice();
      } else args.push(this.#choice());
      if (this.#accept(",") === undefined) {
        this.#expect(")");
        break;
      }
    }
    return { args, named };
  }
}
