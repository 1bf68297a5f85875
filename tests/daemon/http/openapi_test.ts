import assert from "node:assert/strict";
import { openApiDocument, operationPath } from "../../../daemon/http/openapi/document.ts";
import { routes } from "../../../daemon/http/routes.ts";
import { operations } from "../../../model/operations/mod.ts";
import { drover } from "../kit/running_daemon.ts";
import { Api } from "./kit/api.ts";

type Json = Readonly<Record<string, unknown>>;

const document = await openApiDocument(routes, "1.2.3");

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown, where: string): Json {
  assert.ok(isObject(value), `${where} is no object`);
  return value;
}

/** Says which keys an object of the specification must and may have. */
function keys(value: Json, { must = [], may = [], where }: {
  readonly must?: readonly string[];
  readonly may?: readonly string[];
  readonly where: string;
}): void {
  for (const key of must) assert.ok(Object.hasOwn(value, key), `${where} lacks ${key}`);
  for (const key of Object.keys(value)) {
    assert.ok(must.includes(key) || may.includes(key) || key.startsWith("x-"), `${where} has ${key}`);
  }
}

/** Where a reference leads within the document. */
function resolve(ref: string): unknown {
  assert.ok(ref.startsWith("#/"), ref);
  let at: unknown = document;
  for (
    const part of ref.slice(2).split("/").map((each) => each.replaceAll("~1", "/").replaceAll("~0", "~"))
  ) {
    at = isObject(at) && Object.hasOwn(at, part) ? at[part] : assert.fail(`${ref} leads nowhere`);
  }
  return at;
}

const schemaWords: ReadonlySet<string> = new Set([
  ...[
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "prefixItems",
  ],
  ...[
    "enum",
    "const",
    "default",
    "description",
    "title",
    "format",
    "pattern",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
  ],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"],
  ...["minItems", "maxItems", "contentEncoding", "contentMediaType", "contentSchema", "readOnly"],
]);
const types = ["null", "boolean", "object", "array", "number", "string", "integer"];

/** Looks at a schema by the rules of JSON schema, draft 2020-12 (its meta-schemas `core`, `applicator`, `validation`). */
function checkSchema(value: unknown, where: string): void {
  if (typeof value === "boolean") return;
  const schema = object(value, where);
  for (const word of Object.keys(schema)) assert.ok(schemaWords.has(word), `${where} has ${word}`);
  if (typeof schema["$ref"] === "string") resolve(schema["$ref"]);
  const { type, required, pattern } = schema;
  for (const each of type === undefined ? [] : [type].flat()) {
    assert.ok(types.includes(String(each)), `${where}: ${each}`);
  }
  if (required !== undefined) {
    assert.ok(Array.isArray(required) && new Set(required).size === required.length, where);
  }
  if (typeof pattern === "string") new RegExp(pattern, "u");
  for (const word of ["minLength", "maxLength", "minItems", "maxItems"]) {
    const bound = schema[word];
    assert.ok(bound === undefined || (Number.isInteger(bound) && Number(bound) >= 0), `${where}/${word}`);
  }
  for (const word of ["properties"]) {
    for (const [name, each] of Object.entries(object(schema[word] ?? {}, where))) {
      checkSchema(each, `${where}/${name}`);
    }
  }
  for (const word of ["items", "additionalProperties", "propertyNames", "not", "contentSchema"]) {
    if (schema[word] !== undefined) checkSchema(schema[word], `${where}/${word}`);
  }
  for (const word of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
    const list = schema[word];
    if (list === undefined) continue;
    assert.ok(Array.isArray(list) && list.length > 0, `${where}/${word}`);
    for (const [index, each] of list.entries()) checkSchema(each, `${where}/${word}/${index}`);
  }
}

function checkContent(value: unknown, where: string): void {
  for (const [type, media] of Object.entries(object(value, where))) {
    assert.match(type, /^[a-z]+\/[a-z0-9.+-]+(; [a-z]+=[^;]+)*$/);
    const found = object(media, where);
    keys(found, { may: ["schema"], where });
    checkSchema(found["schema"], `${where} ${type}`);
  }
}

function checkResponse(value: unknown, where: string): void {
  const response = object(value, where);
  if (typeof response["$ref"] === "string") return checkResponse(resolve(response["$ref"]), where);
  keys(response, { must: ["description"], may: ["content", "headers"], where });
  if (response["content"] !== undefined) checkContent(response["content"], where);
}

function checkParameter(value: unknown, where: string): Json {
  const parameter = object(value, where);
  if (typeof parameter["$ref"] === "string") return checkParameter(resolve(parameter["$ref"]), where);
  keys(parameter, { must: ["name", "in", "schema"], may: ["required", "description"], where });
  assert.ok(["path", "query", "header"].includes(String(parameter["in"])), where);
  if (parameter["in"] === "path") assert.equal(parameter["required"], true, where);
  checkSchema(parameter["schema"], where);
  return parameter;
}

Deno.test("the description keeps to OpenAPI 3.1: every object has what it must and nothing that it may not", () => {
  keys(document, {
    must: ["openapi", "info", "paths"],
    may: ["jsonSchemaDialect", "servers", "security", "tags", "components"],
    where: "document",
  });
  assert.match(String(document["openapi"]), /^3\.1\.\d+$/);
  keys(object(document["info"], "info"), {
    must: ["title", "version"],
    may: ["description", "license"],
    where: "info",
  });
  const components = object(document["components"], "components");
  keys(components, { may: ["schemas", "securitySchemes", "parameters", "responses"], where: "components" });
  for (const part of Object.values(components)) {
    for (const name of Object.keys(object(part, "components"))) assert.match(name, /^[a-zA-Z0-9._-]+$/);
  }
  for (const [name, schema] of Object.entries(object(components["schemas"], "schemas"))) {
    checkSchema(schema, name);
  }
  const tags = new Set((document["tags"] as readonly Json[]).map(({ name }) => name));
  const ids = new Set<unknown>();
  for (const [path, item] of Object.entries(object(document["paths"], "paths"))) {
    assert.match(path, /^\//);
    keys(object(item, path), { may: ["get", "post", "put", "delete"], where: path });
    for (const [method, value] of Object.entries(object(item, path))) {
      const where = `${method} ${path}`;
      const operation = object(value, where);
      keys(operation, {
        must: ["operationId", "responses"],
        may: ["summary", "description", "tags", "parameters", "requestBody", "security"],
        where,
      });
      assert.ok(!ids.has(operation["operationId"]), where);
      ids.add(operation["operationId"]);
      for (const tag of operation["tags"] as readonly unknown[]) assert.ok(tags.has(tag), where);
      const parameters = (operation["parameters"] as readonly unknown[]).map((each) =>
        checkParameter(each, where)
      );
      const named = parameters.filter((each) => each["in"] === "path").map(({ name }) => name);
      assert.deepEqual(named, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), where);
      const places = parameters.map((each) => `${each["in"]} ${each["name"]}`);
      assert.equal(new Set(places).size, places.length, where);
      const body = operation["requestBody"];
      if (body !== undefined) {
        assert.ok(method === "post" || method === "put", where);
        keys(object(body, where), { must: ["content"], may: ["required", "description"], where });
        checkContent(object(body, where)["content"], where);
      }
      const responses = object(operation["responses"], where);
      for (const [status, response] of Object.entries(responses)) {
        assert.match(status, /^([1-5]\d\d|default)$/);
        checkResponse(response, `${where} ${status}`);
      }
    }
  }
});

Deno.test("every route and every operation of the registry is described, and nothing else", () => {
  const paths = object(document["paths"], "paths");
  const expected = routes.flatMap(({ path }) =>
    path === operationPath("{operation}") ? [...operations.keys()].map(operationPath) : [path]
  );
  assert.deepEqual(new Set(Object.keys(paths)), new Set(expected));
});

Deno.test("an operation is described by its own input and output", () => {
  const start = object(resolve("#/paths/~1v1~1operations~1domain.start/post"), "start");
  assert.equal(start["summary"], operations.get("domain.start")?.summary);
  const body = object(
    resolve("#/paths/~1v1~1operations~1domain.start/post/requestBody/content/application~1json/schema"),
    "body",
  );
  const properties = object(body["properties"], "properties");
  assert.deepEqual(
    Object.keys(object(object(properties["input"], "input")["properties"], "input")).toSorted(),
    Object.keys((operations.get("domain.start")?.input as unknown as { readonly shape: object }).shape)
      .toSorted(),
  );
  assert.equal(body["additionalProperties"], false);
});

Deno.test("the daemon serves the description that the command prints", async () => {
  await using api = await Api.open();
  const { status, body } = await api.ask("/openapi.json");
  assert.equal(status, 200);
  const { code, stdout } = await drover(["daemon", "openapi"]);
  assert.equal(code, 0);
  const printed = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual({ ...printed, info: { ...printed.info, version: "0.0.0" } }, body);
});
