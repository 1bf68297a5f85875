/**
 * What the command line needs to know of an operation's schemas: fields with their kinds.
 *
 * @module
 */
import { z } from "zod";
import type { Operation } from "../../model/operation.ts";

/** The kinds of fields that the command line tells apart. */
export type FieldKind =
  | { readonly kind: "boolean" }
  | { readonly kind: "number" }
  | { readonly kind: "text" }
  /** A document: a file's name, or `-` for the standard input. */
  | { readonly kind: "document" }
  /** Raw bytes, from a file or the standard input. */
  | { readonly kind: "bytes" }
  /** A file of the machine on which Drover runs, which is passed by its path. */
  | { readonly kind: "file"; readonly access: "read" | "write" }
  /** A secret text: asked for, or from the standard input. */
  | { readonly kind: "secret" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  /** The name of another object. */
  | { readonly kind: "reference"; readonly objectClass: string }
  | { readonly kind: "list"; readonly of: FieldKind }
  /** Anything else, as JSON. */
  | { readonly kind: "json" };

/** A field of an object schema. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly kind: FieldKind;
  readonly description?: string;
  readonly default?: unknown;
}

/** The shape of an operation's output. */
export type OutputShape =
  | { readonly kind: "list"; readonly fields: readonly Field[] }
  | { readonly kind: "object"; readonly fields: readonly Field[] }
  | { readonly kind: "reference"; readonly objectClass: string }
  | { readonly kind: "references"; readonly objectClass: string }
  | { readonly kind: "value" };

/** A JSON schema, as far as it is read here. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  // zod's own type for JSON schema is as loose as the standard; the fields read here are checked where they are used.
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    cycles: "ref",
    override: ({ zodSchema, jsonSchema: made }) => {
      // JSON has no bytes; zod's schema for an instance of Uint8Array is a custom one.
      if (zodSchema instanceof z.ZodCustom && zodSchema.safeParse(new Uint8Array(1)).success) {
        made.format = "bytes";
      }
    },
  }) as JsonSchema;
}

/** Follows references within the schema, and drops the `null` of nullable ones. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.replace("#/$defs/", "");
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (target !== undefined) return { ...resolved(target, root), ...withoutRef(schema) };
  const solid = schema.anyOf?.filter((one) => one.type !== "null") ?? [];
  if (solid.length === 1 && solid[0] !== undefined) {
    return { ...resolved(solid[0], root), ...withoutRef(schema) };
  }
  return schema;
}

function withoutRef({ $ref: _ref, anyOf: _anyOf, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

function referenceOf(schema: JsonSchema): string | undefined {
  const marker = schema.properties?.["$ref"]?.const;
  return typeof marker === "string" ? marker : undefined;
}

function kindOf(schema: JsonSchema, root: JsonSchema): FieldKind {
  const one = resolved(schema, root);
  const objectClass = referenceOf(one);
  if (objectClass !== undefined) return { kind: "reference", objectClass };
  if (one.format === "bytes" || one.anyOf?.some(({ format }) => format === "bytes") === true) {
    return { kind: "bytes" };
  }
  if (one.enum !== undefined) return { kind: "enum", values: one.enum.map(String) };
  if (typeof one.const === "string") return { kind: "enum", values: [one.const] };
  if (one.type === "boolean") return { kind: "boolean" };
  if (one.type === "integer" || one.type === "number") return { kind: "number" };
  if (one.type === "string") return { kind: "text" };
  if (one.type === "array" && one.items !== undefined) return { kind: "list", of: kindOf(one.items, root) };
  return { kind: "json" };
}

function fieldsOf(schema: JsonSchema, root: JsonSchema): readonly Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, default: standard } = resolved(property, root);
    return {
      name,
      required: required.has(name),
      kind: kindOf(property, root),
      ...(description === undefined ? {} : { description }),
      ...(standard === undefined ? {} : { default: standard }),
    };
  });
}

/** Whether a text field holds a document. */
function isDocument(operation: Operation, field: Field): boolean {
  return field.kind.kind === "text" &&
    (field.name === operation.reaches?.field || field.name === "xml" || field.name.endsWith("Xml"));
}

/** The fields of an operation's input, in the order of its declaration. */
export function inputFields(operation: Operation): readonly Field[] {
  const root = jsonSchema(operation.input, "input");
  return fieldsOf(resolved(root, root), root).map((field) => {
    if (isDocument(operation, field)) return { ...field, kind: { kind: "document" } };
    const place = operation.places?.[field.name];
    if (place === "local_read" || place === "local_write") {
      // What operations say of paths is for recipes: here they may be relative.
      const access = place === "local_read" ? "read" : "write";
      return { ...field, kind: { kind: "file", access }, description: "A file of this machine" };
    }
    const isSecret = field.kind.kind === "text" && operation.secretInput?.includes(field.name) === true;
    return isSecret ? { ...field, kind: { kind: "secret" } } : field;
  });
}

/** The shape of an operation's output. */
export function outputShape(operation: Operation): OutputShape {
  const root = jsonSchema(operation.output, "output");
  const top = resolved(root, root);
  const kind = kindOf(top, root);
  if (kind.kind === "reference") return kind;
  if (top.type === "array" && top.items !== undefined) {
    const item = resolved(top.items, root);
    const objectClass = referenceOf(item);
    if (objectClass !== undefined) return { kind: "references", objectClass };
    return item.properties === undefined ? { kind: "value" } : { kind: "list", fields: fieldsOf(item, root) };
  }
  return top.properties === undefined ? { kind: "value" } : { kind: "object", fields: fieldsOf(top, root) };
}
