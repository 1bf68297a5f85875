/**
 * Schemas in words: `2 to 16384`, `"acpi" or "agent"`, `list of {name, size}`.
 *
 * @module
 */
import { z } from "zod";

/** A JSON schema, as far as it is put into words. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** A field of an object, in words. */
export interface FieldText {
  readonly name: string;
  readonly required: boolean;
  /** What it may be. */
  readonly type: string;
  readonly description: string | undefined;
  readonly default: unknown;
}

/** Beyond these zod's integers have no bounds of their own. */
const unbounded = Number.MAX_SAFE_INTEGER;

/** A schema of zod as JSON schema; bytes are a format of their own. */
export function schemaOf(schema: z.ZodType, io: "input" | "output"): Schema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    cycles: "ref",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodCustom && zodSchema.safeParse(new Uint8Array(1)).success) {
        jsonSchema.format = "bytes";
      }
    },
  }) as Schema;
}

/** Follows a reference within a schema. */
export function resolved(schema: Schema, root: Schema): Schema {
  const target = root.$defs?.[schema.$ref?.replace("#/$defs/", "") ?? ""];
  return target === undefined ? schema : { ...target, ...schema };
}

/** The fields of an object's schema. */
export function fieldTexts(schema: Schema, root: Schema): readonly FieldText[] {
  const { properties = {}, required = [] } = resolved(schema, root);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    required: required.includes(name) && property.default === undefined,
    type: typeText(property, root),
    description: resolved(property, root).description,
    default: property.default,
  }));
}

/** What a value may be, in words. */
export function typeText(schema: Schema, root: Schema, depth = 0): string {
  const one = resolved(schema, root);
  const reference = one.properties?.["$ref"]?.const;
  if (typeof reference === "string") return `a ${reference}`;
  if (one.format === "bytes") return "bytes";
  const choices = one.anyOf ?? one.oneOf;
  if (choices !== undefined) {
    const texts = choices.map((each) => typeText(each, root, depth));
    if (texts.includes("bytes")) return "bytes";
    return [...new Set(texts)].join(" or ");
  }
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(", ");
  if (one.const !== undefined) return JSON.stringify(one.const);
  if (one.type === "integer" || one.type === "number") return numberText(one);
  if (one.type === "string") return stringText(one);
  if (one.type === "array") {
    return `list of ${one.items === undefined ? "anything" : typeText(one.items, root, depth)}`;
  }
  if (one.type === "object" || one.properties !== undefined) return objectText(one, root, depth);
  return typeof one.type === "string" ? one.type : "anything";
}

function numberText({ type, minimum = -unbounded, maximum = unbounded }: Schema): string {
  const name = type === "integer" ? "whole number" : "number";
  const [low, high] = [minimum > -unbounded, maximum < unbounded];
  if (low && high) return `${name}, ${minimum} to ${maximum}`;
  if (low) return `${name}, at least ${minimum}`;
  return high ? `${name}, at most ${maximum}` : name;
}

function stringText({ format, maxLength }: Schema): string {
  if (format === "uuid" || format === "guid") return "UUID";
  return maxLength === undefined ? "text" : `text of at most ${maxLength} characters`;
}

function objectText(schema: Schema, root: Schema, depth: number): string {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    return typeof additionalProperties === "object"
      ? `names, each with ${typeText(additionalProperties, root, depth + 1)}`
      : "object";
  }
  const names = Object.entries(properties).map(([name, property]) => {
    const mark = required.includes(name) ? "" : "?";
    const inner = resolved(property, root);
    const nested = depth < 2 && (inner.properties !== undefined || inner.items !== undefined);
    return nested ? `${name}${mark}: ${typeText(property, root, depth + 1)}` : `${name}${mark}`;
  });
  return `{ ${names.join(", ")} }`;
}
