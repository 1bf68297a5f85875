/**
 * Values of a playbook: plain data, and texts with expressions in them.
 *
 * @module
 */
import { parseExpression } from "../expression/parse.ts";
import { endOf, isTemplate, parseTemplate } from "../expression/template.ts";
import { ExpressionFault } from "../expression/token.ts";
import type { Json, Place, Placed, Value } from "../engine/program.ts";
import { plainOf, type Source, sourceFault } from "../source.ts";

/** A text's place for each of its characters. */
type PlaceOf = (offset: number) => Place;

/** A value with its expressions read. */
export function valueOf(source: Source): Value {
  switch (source.kind) {
    case "scalar":
      return typeof source.value === "string" && source.isAsIs !== true
        ? textValue(source.value, source.placeOf)
        : { k: "plain", value: source.value };
    case "list": {
      const items = source.items.map(valueOf);
      return items.every(isPlain) ? { k: "plain", value: plainOf(source) } : { k: "list", items };
    }
    case "map": {
      const entries = Object.fromEntries(
        [...source.entries].map(([key, { value }]) => [key, valueOf(value)]),
      );
      return Object.values(entries).every(isPlain)
        ? { k: "plain", value: plainOf(source) }
        : { k: "map", entries };
    }
  }
}

/** A text, which may be one expression, or hold some. */
export function textValue(text: string, placeOf: PlaceOf): Value {
  if (isTemplate(text)) {
    return { k: "template", nodes: parseTemplate(text, { placeOf, readExpression: expressionAt }) };
  }
  if (!text.includes("{{")) return { k: "plain", value: text };
  const parts: (string | Placed)[] = [];
  for (let at = 0; at < text.length;) {
    const open = text.indexOf("{{", at);
    if (open < 0) {
      parts.push(text.slice(at));
      break;
    }
    if (open > at) parts.push(text.slice(at, open));
    const close = endOf(text, open + 2, "}}");
    if (close < 0) throw sourceFault('"{{" has no "}}"', placeOf(open), { hint: "Close it with }}" });
    // Signs of Jinja's that take away white space around are not the expression's.
    const inner = text.slice(open + 2, close).replace(/^-/, " ").replace(/-$/, " ");
    parts.push(expressionAt(inner, (offset) => placeOf(open + 2 + offset)));
    at = close + 2;
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== "string") {
    return { k: "expression", value: only };
  }
  return { k: "text", parts };
}

/** An expression with its place. */
export function expressionAt(given: string, placeOf: PlaceOf): Placed {
  const text = given.trim();
  try {
    return {
      expression: parseExpression(given),
      text,
      at: placeOf(given.length - given.trimStart().length),
    };
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const told = text.length <= 200 ? text : `${text.slice(0, 200)}…`;
    throw sourceFault(`Cannot read the expression "${told}": ${error.message}`, placeOf(error.offset), {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** A condition: an expression without braces around it, or a boolean. Several are all to hold. */
export function conditionsOf(source: Source): readonly Placed[] {
  if (source.kind === "list") return source.items.flatMap(conditionsOf);
  if (source.kind === "map") {
    throw sourceFault("A condition is an expression, not a map", source.at, {
      hint: "Write for instance: when: x == 1",
    });
  }
  const { value, at, placeOf } = source;
  if (typeof value === "boolean" || typeof value === "number" || value === null) {
    return [{ expression: { is: "literal", value: value ?? true }, text: String(value), at }];
  }
  // Braces are not needed, and people write them.
  const braced = /^\s*\{\{(.*)\}\}\s*$/s.exec(value);
  if (braced?.[1] !== undefined && !braced[1].includes("{{")) {
    const start = value.indexOf("{{") + 2;
    return [expressionAt(braced[1], (offset) => placeOf(start + offset))];
  }
  return [expressionAt(value, placeOf)];
}

/** Whether a value is what it is, whatever the variables. */
export function isPlain(value: Value): value is Extract<Value, { readonly k: "plain" }> {
  return value.k === "plain";
}

/** Plain data as a value whose texts may hold expressions: what `-e` and inventories give. */
export function dataValue(data: Json, placeOf: PlaceOf): Value {
  if (typeof data === "string") return textValue(data, placeOf);
  if (Array.isArray(data)) {
    const items = data.map((item: Json) => dataValue(item, placeOf));
    return items.every(isPlain) ? { k: "plain", value: data } : { k: "list", items };
  }
  if (typeof data === "object" && data !== null) {
    const entries = Object.fromEntries(
      Object.entries(data).map(([key, item]: [string, Json]) => [key, dataValue(item, placeOf)]),
    );
    return Object.values(entries).every(isPlain) ? { k: "plain", value: data } : { k: "map", entries };
  }
  return { k: "plain", value: data };
}

/** The text of a file as a template, whose places are those of the file. */
export function templateValue(text: string, file: string): Value {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return textValue(text, (offset) => {
    const before = ends.findLastIndex((end) => end < offset);
    return [file, before + 2, offset - (before < 0 ? -1 : ends[before] ?? 0)];
  });
}
