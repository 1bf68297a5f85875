/**
 * Schemas of zod as the components of an OpenAPI document.
 *
 * @module
 */
import { z } from "zod";

/** A schema of JSON, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** How bytes stand in JSON. */
const bytesSchema: JsonSchema = {
  type: "object",
  properties: { $bytes: { type: "string", contentEncoding: "base64" } },
  required: ["$bytes"],
  additionalProperties: false,
};

const localPrefix = "#/$defs/";
const sharedPrefix = "#/components/schemas/";

/** Schemas that have a name, once each, whoever refers to them. */
export class Components {
  readonly #schemas = new Map<string, JsonSchema>();
  /** The name under which a text of a schema stands. */
  readonly #names = new Map<string, string>();

  /** All of them by name, in the order of their names. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** A schema; what it refers to is among the components. */
  add(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    const { $defs = {}, $schema: _dialect, ...made } = converted(schema, io);
    const definitions = typeof $defs === "object" && $defs !== null ? Object.entries($defs) : [];
    const renamed = new Map<string, string>();
    for (const [name, definition] of definitions) {
      renamed.set(name, this.#nameFor(name, { definition, io }));
    }
    for (const [name, definition] of definitions) {
      const shared = renamed.get(name);
      // What zod puts there are schemas.
      if (shared !== undefined) {
        this.#schemas.set(shared, withoutId(moved(definition, renamed)) as JsonSchema);
      }
    }
    return this.#own(moved(made, renamed) as JsonSchema, io);
  }

  /** A schema that is taken apart by the caller. */
  inline(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    return converted(schema, io);
  }

  /** A schema that has an id of its own is a component too. */
  #own({ id, ...schema }: JsonSchema, io: "input" | "output"): JsonSchema {
    if (typeof id !== "string") return schema;
    const name = this.#nameFor(id, { definition: schema, io });
    this.#schemas.set(name, schema);
    return { $ref: `${sharedPrefix}${name}` };
  }

  /** The same name for the same schema, and another one for another: what is taken may differ from what is given. */
  #nameFor(
    id: string,
    { definition, io }: { readonly definition: unknown; readonly io: "input" | "output" },
  ): string {
    const base = /^[A-Za-z]/.test(id) ? `${id.charAt(0).toUpperCase()}${id.slice(1)}` : `Schema${id}`;
    const text = `${id}\n${JSON.stringify(withoutId(definition))}`;
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const clean = base.replace(/[^A-Za-z0-9._-]/g, "_");
    const taken = new Set(this.#names.values());
    let name = taken.has(clean) ? `${clean}${io === "input" ? "Input" : "Output"}` : clean;
    for (let count = 2; taken.has(name); count++) name = `${clean}${count}`;
    this.#names.set(text, name);
    return name;
  }
}

function converted(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  // zod's own type for JSON schema is as loose as the standard.
  return z.toJSONSchema(schema, {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
    cycles: "ref",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodCustom && zodSchema.safeParse(new Uint8Array(1)).success) {
        Object.assign(jsonSchema, bytesSchema);
      }
    },
  }) as JsonSchema;
}

function withoutId(definition: unknown): unknown {
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) return definition;
  return Object.fromEntries(Object.entries(definition).filter(([key]) => key !== "id"));
}

/** A schema with its references turned to the components, and without ids, which would give them another base. */
function moved(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => moved(each, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      if (key === "$ref" && typeof each === "string") {
        const name = names.get(each.slice(localPrefix.length));
        return [[key, each.startsWith(localPrefix) && name !== undefined ? `${sharedPrefix}${name}` : each]];
      }
      return [[key, moved(each, names)]];
    }),
  );
}
