/**
 * The operations of the registry: each can be called.
 *
 * @module
 */
import { z } from "zod";
import type { Operation } from "../../../model/operation.ts";
import { operations } from "../../../model/operations/mod.ts";
import { targetClasses } from "../../../runtime/control/addressing.ts";
import { callOperation } from "../operation_call.ts";
import { Refusal } from "../problem.ts";
import { type Route, route } from "../route.ts";
import { callBody, operationSchema } from "../schemas.ts";

const operationList = z.object({ items: z.array(operationSchema) });

/** What the answer to a call says. */
export const calledFields = {
  outcome: z.enum(["done", "pending"]),
  run: z.string().optional().describe("The run that it is on record as; absent where it only looks"),
};

/** The route by which operations are called; in the description each has its own. */
export const callPath = "/v1/operations/{operation}";

/** The routes. */
export const operationRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/operations",
    id: "listOperations",
    summary: "List the operations that there are",
    tag: "operations",
    for: "token",
    answers: [{ status: 200, description: "Operations", schema: operationList }],
  }, () => ({ body: { items: [...operations.values()].map(described) } })),

  route({
    method: "POST",
    path: callPath,
    id: "callOperation",
    summary: "Call an operation",
    description:
      "One that only looks is answered. One that acts is a run: it goes on also where the client leaves, and " +
      "`Prefer: respond-async` or `Prefer: wait=SECONDS` answers before its end.",
    tag: "operations",
    for: "token",
    acts: true,
    body: callBody,
    answers: [
      {
        status: 200,
        description: "It was done",
        schema: z.object({ ...calledFields, value: z.unknown() }),
      },
      { status: 202, description: "It goes on", schema: z.object(calledFields) },
    ],
  }, (call) => callOperation(operationNamed(call.params["operation"] ?? ""), call)),
];

function operationNamed(name: string): Operation {
  const operation = operations.get(name);
  if (operation !== undefined) return operation;
  throw new Refusal(404, `There is no operation "${name.slice(0, 64)}"`, {
    hint: "GET /v1/operations lists them",
  });
}

function described(operation: Operation): z.output<typeof operationSchema> {
  const { name, summary, on, effect, job, permission, cancel, timeoutMs } = operation;
  return {
    name,
    summary,
    on,
    target: [...targetClasses(operation)],
    effect,
    job,
    permission,
    cancel,
    timeoutMs,
  };
}
