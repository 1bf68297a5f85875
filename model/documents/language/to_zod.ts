/**
 * zod and JSON schemas of descriptions.
 *
 * @module
 */
import { z } from "zod";
import type { DocumentContext, Reading } from "./context.ts";
import type { Description } from "./description.ts";
import type { AnyField, Content } from "./field.ts";
import { type Fields, type Hook, type ReadingHook, Shape } from "./shape.ts";

const schemas = new WeakMap<Shape<unknown>, z.ZodType>();

/**
 * The zod schema of a description's or a shape's value. Defaults are filled in and checks are made; normalising is left
 * to reading. What a value keeps beyond its description does not pass.
 *
 * @example
 * ```ts
 * import { secret } from "../mod.ts";
 * import { toZod } from "./mod.ts";
 * toZod(secret).parse({ description: "disk" }); // { ephemeral: false, private: false, description: "disk" }
 * ```
 */
export function toZod<T>(of: Description<T> | Shape<T>): z.ZodType<T> {
  // The schema is made of the same description that `T` was inferred from, in a way that the compiler cannot follow.
  return schemaOf(of instanceof Shape ? of : of.shape) as z.ZodType<T>;
}

/**
 * The JSON schema of what may be given for a description: what has a default may be left out.
 *
 * @example
 * ```ts
 * import { secret } from "../mod.ts";
 * import { toJsonSchema } from "./mod.ts";
 * JSON.stringify(toJsonSchema(secret));
 * ```
 */
export function toJsonSchema<T>(of: Description<T> | Shape<T>): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(toZod(of), { io: "input", reused: "ref" });
}

function schemaOf(shape: Shape<unknown>): z.ZodType {
  let schema = schemas.get(shape);
  if (schema === undefined) {
    schema = checked(alternativesOf(shape, { fields: shape.fields, literals: {} }), shape.parts.hooks ?? []);
    schemas.set(shape, schema);
  }
  return schema;
}

interface Common {
  readonly fields: Fields;
  readonly literals: Readonly<Record<string, z.ZodType>>;
}

function alternativesOf(shape: Shape<unknown>, common: Common): z.ZodType {
  const { alternatives } = shape.parts;
  if (alternatives === undefined) {
    return z.strictObject({ ...common.literals, ...propertiesOf(common.fields) });
  }
  const options = [...alternatives.shapes].map(([name, alternative]) => {
    const literal = name === alternatives.initial ? z.literal(name).default(name) : z.literal(name);
    const inner = alternativesOf(alternative, {
      fields: { ...common.fields, ...alternative.fields },
      literals: { ...common.literals, [alternatives.discriminator]: literal },
    });
    return checked(inner, alternative.parts.hooks ?? []);
  });
  if (alternatives.otherwise !== undefined) {
    const inner = alternativesOf(alternatives.otherwise, {
      fields: { ...common.fields, ...alternatives.otherwise.fields },
      literals: { ...common.literals, [alternatives.discriminator]: z.never().optional() },
    });
    options.push(checked(inner, alternatives.otherwise.parts.hooks ?? []));
  }
  if (alternatives.any !== undefined) options.push(schemaOf(alternatives.any));
  const [first, ...rest] = options;
  return first === undefined || rest.length === 0 ? first ?? z.never() : z.union([first, ...rest]);
}

function propertiesOf(fields: Fields): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, propertyOf(field)]));
}

function propertyOf(field: AnyField): z.ZodType {
  const { rules } = field;
  const schema = placeOf(field);
  if (rules.optional === true) return schema.optional();
  return rules.initial === undefined ? schema : schema.default(rules.initial);
}

function placeOf(field: AnyField): z.ZodType {
  const { place, rules } = field;
  switch (place.kind) {
    case "sequence": {
      const items = [...place.choices].map(([name, content]) =>
        z.strictObject({ [name]: contentOf(content) })
      );
      const [first, ...rest] = items;
      return z.array(first === undefined ? z.never() : z.union([first, ...rest])).min(rules.atLeast ?? 0);
    }
    case "elements":
      return z.array(contentOf(place.content)).min(rules.atLeast ?? 0);
    default:
      return contentOf(place.content);
  }
}

function contentOf(content: Content<unknown>): z.ZodType {
  switch (content.kind) {
    case "flag":
      return z.boolean();
    case "foreign":
      return z.array(z.strictObject({ uri: z.string(), xml: z.string() }));
    case "shape":
      return schemaOf(content);
    case "lazy":
      return z.lazy(() => schemaOf(content.resolve()));
    default:
      return content.schema();
  }
}

const noContext: DocumentContext = {};

/** A refusal on its way from a hook to zod. */
class Refusal extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

function checked(schema: z.ZodType, hooks: readonly Hook<unknown>[]): z.ZodType {
  const checks = hooks.filter((hook): hook is ReadingHook<unknown> => hook.kind === "check");
  if (checks.length === 0) return schema;
  const reading: Reading = {
    context: noContext,
    refuse: (path, message) => {
      throw new Refusal(path, message);
    },
  };
  return schema.superRefine((value, context) => {
    for (const check of checks) {
      try {
        check.run(value, reading);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        context.addIssue({
          code: "custom",
          message: error.message,
          path: error.path.split(".").filter(Boolean),
        });
      }
    }
  });
}
