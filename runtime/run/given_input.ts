/**
 * The inputs that a person gave to a recipe, as the recipe declares them.
 *
 * @module
 */
import { channelLimits } from "../../model/channel.ts";
import { VirtError } from "../../model/error.ts";

/** What a person gave. */
export interface GivenInput {
  /** Values by name, out of a file or from a program. */
  readonly input: unknown;
  /** Texts by name, as the command line has them; these go before the values. */
  readonly inputTexts?: Readonly<Record<string, string>> | undefined;
}

/** A JSON schema, as `z.toJSONSchema` writes it. */
type Schema = Readonly<Record<string, unknown>>;

/**
 * The input as the recipe's schema means it: a text is JSON where that has a type which the schema admits (`2` for a
 * number), and else itself (`2` for a string).
 *
 * @throws {VirtError} `invalid-argument` where a name is none of the recipe's inputs, since a misspelt one would go
 *   unnoticed where what was meant has a default; where it is larger than a message to the recipe.
 *
 * @example
 * ```ts
 * const schema = { type: "object", properties: { name: { type: "string" }, count: { type: "integer" } } };
 * declaredInput({ input: {}, inputTexts: { name: "123", count: "2" } }, schema); // { name: "123", count: 2 }
 * ```
 */
export function declaredInput({ input, inputTexts = {} }: GivenInput, schema: Schema): unknown {
  if (!isRecord(input)) return input;
  const properties = isRecord(schema.properties) ? schema.properties : {};
  refuseUnknown([...Object.keys(input), ...Object.keys(inputTexts)], {
    schema,
    known: Object.keys(properties),
  });
  const values = Object.entries(inputTexts).map(([name, text]) => {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return [name, valueOf(text, typesIn(declared, { root: schema, seen: new Set(), depth: 0 }))] as const;
  });
  const whole = { ...input, ...Object.fromEntries(values) };
  refuseLarge(whole);
  return whole;
}

/** Room in a message for what stands beside the input. */
const besideBytes = 64 * 1024;

function refuseLarge(input: unknown): void {
  const bytes = new TextEncoder().encode(JSON.stringify(input)).length;
  const most = channelLimits.frameBytes - besideBytes;
  if (bytes <= most) return;
  throw new VirtError(
    "invalid-argument",
    `Cannot run the recipe: its input has ${bytes} bytes of at most ${most}`,
    {
      hint: "Put what is large into a file beside the recipe, and name that in its `files`",
    },
  );
}

function refuseUnknown(
  given: readonly string[],
  { schema, known }: { readonly schema: Schema; readonly known: readonly string[] },
): void {
  // Whoever takes names of the caller's choice says so; an object that does neither drops them.
  if (schema.type !== "object" || (schema.additionalProperties ?? false) !== false) return;
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `"${name}"`).join(", ");
  throw new VirtError("invalid-argument", `Cannot run the recipe: it has no input ${names}`, {
    hint: known.length === 0 ? "It takes no inputs" : `Its inputs are ${known.join(", ")}`,
  });
}

/** JSON where it reads as JSON of an admitted type, else the text. */
function valueOf(text: string, admitted: ReadonlySet<string> | undefined): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (admitted === undefined || !admitted.has("string") || admitted.has(typeOf(value))) return value;
  return text;
}

/** JSON schema's name for the type of a value; integers are numbers here. */
function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** How deep alternatives are looked into; the schema comes from a recipe, which may mean harm. */
const deepest = 16;

interface Search {
  readonly root: Schema;
  /** The references that were followed already, each of which is followed once. */
  readonly seen: Set<string>;
  readonly depth: number;
}

/** The types that a schema admits; `undefined` where it does not say. */
function typesIn(schema: unknown, { root, seen, depth }: Search): ReadonlySet<string> | undefined {
  if (!isRecord(schema) || depth > deepest) return undefined;
  const next = { root, seen, depth: depth + 1 };
  const { type, anyOf, oneOf, enum: values, $ref: reference } = schema;
  if (typeof reference === "string") {
    if (seen.has(reference)) return undefined;
    seen.add(reference);
    const name = /^#\/\$defs\/([^/]+)$/.exec(reference)?.[1];
    const definitions = isRecord(root.$defs) ? root.$defs : {};
    return name === undefined ? undefined : typesIn(definitions[name], next);
  }
  if (typeof type === "string") return new Set([type === "integer" ? "number" : type]);
  if (Array.isArray(values)) return new Set(values.map(typeOf));
  if ("const" in schema) return new Set([typeOf(schema.const)]);
  const choices: unknown = anyOf ?? oneOf;
  if (!Array.isArray(choices)) return undefined;
  const types = new Set<string>();
  for (const choice of choices) {
    const admitted = typesIn(choice, next);
    if (admitted === undefined) return undefined;
    for (const each of admitted) types.add(each);
  }
  return types;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
