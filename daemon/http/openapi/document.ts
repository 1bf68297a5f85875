/**
 * The OpenAPI 3.1 description of the HTTP API, made from the routes and the registry of operations.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { z } from "zod";
import { operations } from "../../../model/operations/mod.ts";
import { calledFields, callPath } from "../families/operations.ts";
import type { Route } from "../route.ts";
import { callFields, problemSchema } from "../schemas.ts";
import { Components, type JsonSchema } from "./components.ts";

/** A part of the document. */
type Json = Readonly<Record<string, unknown>>;

/** Headers that many requests may have. */
const sharedParameters: Json = {
  IdempotencyKey: header("Idempotency-Key", "The same key is the same run", {
    type: "string",
    maxLength: 255,
  }),
  Prefer: header("Prefer", "respond-async, or wait=SECONDS", { type: "string" }),
  LastEventId: header("Last-Event-ID", "Go on behind this event", { type: "string" }),
  Traceparent: header("traceparent", "The trace that this is part of (W3C)", { type: "string" }),
};

/** Lets others have their turn: making all of it takes a while. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The path of one operation. */
export function operationPath(name: string): string {
  return callPath.replace("{operation}", name);
}

/** The document. Every operation of the registry is a path of its own. */
export async function openApiDocument(routes: readonly Route[], version: string): Promise<Json> {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  const add = (path: string, method: string, item: Json): void => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: item };
  };
  for (const route of routes) {
    if (route.path !== callPath) {
      add(route.path, route.method, described(route, components));
      continue;
    }
    for (const operation of operations.values()) {
      await turn();
      const { name, summary, permission, effect } = operation;
      const body = z.strictObject({ ...callFields, input: operation.input.optional() });
      const value = operation.output;
      const item = described({
        ...route,
        path: operationPath(name),
        id: name.replace(".", "_"),
        summary,
        description: `Permission: ${permission}. ${
          effect === "read" ? "Only looks." : "Acts: it is a run, and goes on also where the client leaves."
        }`,
        tag: operation.objectClass,
        acts: effect === "write",
        body,
        answers: route.answers.filter(({ status }) => status === 200 || effect === "write").map((answer) =>
          answer.status === 200 ? { ...answer, schema: z.object({ ...calledFields, value }) } : answer
        ),
      }, components);
      add(operationPath(name), route.method, item);
    }
  }
  const tags = [
    ...new Set(
      Object.values(paths).flatMap((methods) =>
        Object.values(methods).flatMap(({ tags }) => Array.isArray(tags) ? tags.map(String) : [])
      ),
    ),
  ];
  const problem = {
    description: "What went wrong",
    content: { "application/problem+json": { schema: components.add(problemSchema, "output") } },
  };
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Drover",
      version,
      description: "Virtualization automation: runs, jobs, queues, and every operation of the registry. " +
        'Bytes stand in JSON as {"$bytes": "<base64>"}.',
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "A token made by: drover daemon token create",
        },
      },
      parameters: sharedParameters,
      responses: { Problem: problem },
      schemas: components.schemas,
    },
  };
}

function described(route: Route, components: Components): Json {
  const { path, query, body, answers, acts = false } = route;
  const isEvents = answers.some(({ type }) => type === "text/event-stream");
  const parameters: Json[] = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...(query === undefined ? [] : queryParameters(components.inline(query, "input"))),
    ...(acts ? [{ $ref: "#/components/parameters/IdempotencyKey" }] : []),
    ...(acts ? [{ $ref: "#/components/parameters/Prefer" }] : []),
    ...(isEvents ? [{ $ref: "#/components/parameters/LastEventId" }] : []),
    { $ref: "#/components/parameters/Traceparent" },
  ];
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    ...(route.for === "anybody" ? { security: [] } : {}),
    parameters,
    ...(body === undefined ? {} : {
      requestBody: { content: { "application/json": { schema: components.add(body, "input") } } },
    }),
    responses: {
      ...Object.fromEntries(answers.map(({ status, description, schema, type }) => [String(status), {
        description,
        ...content({ schema: schema === undefined ? undefined : components.add(schema, "output"), type }),
      }])),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function content(
  { schema, type }: { readonly schema: JsonSchema | undefined; readonly type: string | undefined },
): Json {
  if (schema === undefined && type === undefined) return {};
  // A stream is a text; each event's data is what the schema says.
  if (type === "text/event-stream") {
    return {
      content: {
        [type]: { schema: { type: "string", contentMediaType: "application/json", contentSchema: schema } },
      },
    };
  }
  return { content: { [type ?? "application/json"]: { schema: schema ?? { type: "string" } } } };
}

function queryParameters(schema: JsonSchema): Json[] {
  const properties = schema["properties"];
  const required = schema["required"];
  if (typeof properties !== "object" || properties === null) return [];
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    ...(Array.isArray(required) && required.includes(name) ? { required: true } : {}),
    schema: property,
  }));
}

function header(name: string, description: string, schema: JsonSchema): Json {
  return { name, in: "header", description, schema };
}
