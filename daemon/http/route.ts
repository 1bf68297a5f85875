/**
 * A route: what can be asked over HTTP, declared once. The router, the OpenAPI document and the documentation follow.
 *
 * @module
 */
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { formatIssue, schemaIssues } from "../../model/schema_issue.ts";
import { Refusal } from "./problem.ts";
import type { Services } from "./services.ts";
import type { EventSource } from "./event_source.ts";
import type { Right } from "./rights.ts";
import type { StoredToken } from "./token.ts";

/** A request, once it is known who asks. */
export interface Call<Q, B> {
  /** What the path says in the place of its `{names}`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  readonly headers: IncomingHttpHeaders;
  /** Who asks. */
  readonly token: StoredToken;
  /** Aborts when the client has left, or the daemon leaves. */
  readonly signal: AbortSignal;
  /** Whether the daemon is about to leave. */
  readonly leaving: boolean;
  readonly services: Services;
}

/** An answer. */
export type Answer =
  | {
    readonly status?: number;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  }
  | { readonly text: string; readonly type: string; readonly status?: number }
  | { readonly events: EventSource };

/** What a route answers with, for the description. */
export interface AnswerDeclaration {
  readonly status: number;
  readonly description: string;
  /** JSON where present. */
  readonly schema?: z.ZodType;
  /** @default "application/json" where there is a schema */
  readonly type?: string;
}

/** What a route declares about itself. */
export interface RouteDeclaration<Q extends z.ZodType, B extends z.ZodType> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{names}` for what varies: `/v1/runs/{run}`. */
  readonly path: string;
  /** What programs call it. */
  readonly id: string;
  /** One line, in the imperative, without a period. */
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** Who may ask: anybody, whoever has a token, or whoever has one with this right. */
  readonly for: "anybody" | "token" | Right;
  readonly query?: Q;
  readonly body?: B;
  /** Whether it takes an `Idempotency-Key`. @default false */
  readonly acts?: boolean;
  readonly answers: readonly AnswerDeclaration[];
}

const nothing = z.strictObject({});

/** A route, whoever does not know what it takes. */
export interface Route extends RouteDeclaration<z.ZodType, z.ZodType> {
  /**
   * Checks what is asked by the route's schemas, and answers it.
   *
   * @throws {Refusal} 400 where it is not what the route takes.
   * @throws what answering ends with.
   */
  readonly handle: (call: Call<unknown, unknown>) => Promise<Answer> | Answer;
}

/** Declares a route. */
export function route<
  Q extends z.ZodType = z.ZodType<Record<never, never>>,
  B extends z.ZodType = z.ZodType<Record<never, never>>,
>(
  declaration: RouteDeclaration<Q, B>,
  answer: (call: Call<z.output<Q>, z.output<B>>) => Promise<Answer> | Answer,
): Route {
  const { query = nothing, body = nothing } = declaration;
  return {
    ...declaration,
    handle: (call) =>
      answer({
        ...call,
        // Each has just been read by the schema that its type is made from.
        query: read(query, { value: call.query, what: "the query" }) as z.output<Q>,
        body: read(body, { value: call.body ?? {}, what: "the body" }) as z.output<B>,
      }),
  };
}

function read(
  schema: z.ZodType,
  { value, what }: { readonly value: unknown; readonly what: string },
): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, `Cannot understand ${what}: ${oneLine(parsed.error)}`, {
    hint: "GET /openapi.json says what there may be",
  });
}

/** What is wrong, in one line. */
function oneLine(error: z.ZodError): string {
  return schemaIssues(error).slice(0, 5).map(formatIssue).join("; ").slice(0, 1000);
}
