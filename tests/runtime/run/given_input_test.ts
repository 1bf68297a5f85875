import assert from "node:assert/strict";
import { z } from "zod";
import { declaredInput } from "../../../runtime/run/given_input.ts";

/** What texts become for a recipe with such an input. */
function read(shape: z.ZodType, inputTexts: Record<string, string>, input: unknown = {}): unknown {
  const schema = z.toJSONSchema(shape, { io: "input", unrepresentable: "any" });
  return declaredInput({ input, inputTexts }, schema);
}

Deno.test("a text is what the recipe's input takes, so that strings need no quotes", () => {
  const shape = z.object({
    text: z.string(),
    maybe: z.string().nullable().optional(),
    count: z.int().default(1),
    flag: z.boolean().default(false),
    list: z.array(z.string()).optional(),
    mode: z.enum(["1", "2"]).optional(),
    either: z.union([z.int(), z.string()]).optional(),
    any: z.unknown(),
    level: z.literal(3).optional(),
    date: z.coerce.date().optional(),
  });
  assert.deepEqual(
    read(shape, {
      text: "123",
      maybe: "null",
      count: "2",
      flag: "true",
      list: '["a"]',
      mode: "1",
      either: "5",
      any: "[1]",
      level: "3",
      date: "2024-01-01",
    }),
    {
      text: "123",
      maybe: null,
      count: 2,
      flag: true,
      list: ["a"],
      mode: "1",
      either: 5,
      any: [1],
      level: 3,
      date: "2024-01-01",
    },
  );
  for (const text of ["true", "null", "1e5", '{"a":1}', "007", "", " ", "x{"]) {
    assert.deepEqual(read(shape, { text }), { text });
  }
  assert.deepEqual(read(shape, { text: '"123"' }), { text: "123" }, "quotes may be given all the same");
});

Deno.test("texts go before the values of a file, which stay as they are", () => {
  const shape = z.object({ a: z.string(), b: z.int() });
  assert.deepEqual(read(shape, { a: "1" }, { a: "2", b: "3" }), { a: "1", b: "3" });
});

Deno.test("a schema that leads in circles ends", () => {
  interface Tree {
    readonly children: readonly Tree[];
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));
  assert.deepEqual(read(z.object({ tree }), { tree: '{"children":[]}' }), { tree: { children: [] } });
  const circle = { anyOf: Array.from({ length: 50 }, () => ({ $ref: "#/$defs/a" })) };
  const schema = { type: "object", properties: { x: circle }, $defs: { a: circle } };
  assert.deepEqual(declaredInput({ input: {}, inputTexts: { x: "1" } }, schema), { x: 1 });
});

Deno.test("a misspelt name is refused, where the recipe does not take names of the caller's choice", () => {
  const shape = z.object({ domains: z.string().default("*"), limit: z.int().default(1) });
  const refusal = {
    code: "invalid-argument",
    message: 'Cannot run the recipe: it has no input "domain"',
    hint: "Its inputs are domains, limit",
  };
  assert.throws(() => read(shape, { domain: "web-1" }), refusal);
  assert.throws(() => read(shape, {}, { domain: "web-1" }), refusal);
  assert.throws(() => read(z.object({}), { constructor: "1" }), { hint: "It takes no inputs" });
  assert.deepEqual(read(z.looseObject({}), { domain: "web-1" }), { domain: "web-1" });
  assert.deepEqual(read(z.object({}).catchall(z.int()), { n: "1" }), { n: 1 });
});

Deno.test("an input that does not fit into a message is refused", () => {
  assert.throws(
    () => read(z.object({ text: z.string() }), { text: "x".repeat(2 ** 21) }),
    /its input has \d+ bytes/,
  );
});
