/**
 * Runs: what was run, its steps and its log; and beginning and ending them.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { type RunRecord, runStates } from "../../../runtime/journal/record.ts";
import { recordedStepEvent } from "../../../runtime/run/step_event.ts";
import { viewOf } from "../../../runtime/run/view.ts";
import { cursorOf, numberIn, page, pageQuery, placeIn } from "../paging.ts";
import type { Right } from "../rights.ts";
import { type Call, type Route, route } from "../route.ts";
import { startRecipe, startRun } from "../recipe_start.ts";
import { logPage, runEventSchema, runPage, runSchema, stepPage } from "../schemas.ts";
import { principalOf } from "../token.ts";

const eventStream = "text/event-stream";

/** How often the journal is read for one page. */
const maxReads = 20;

/** The routes. */
export const runRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/runs",
    id: "listRuns",
    summary: "List runs, newest first",
    description: "Whoever has no right to observe sees the runs of its own.",
    tag: "runs",
    for: "token",
    query: z.strictObject({ ...pageQuery, state: z.enum(runStates).optional() }),
    answers: [{ status: 200, description: "Runs", schema: runPage }],
  }, async ({ query: { limit, cursor, state }, token, services: { host: { store } } }) => {
    const found: RunRecord[] = [];
    let before = cursor === undefined ? undefined : placeIn(cursor);
    let more = true;
    // Those that may not be seen do not make a page shorter, unless there are very many in between.
    for (let reads = 0; more && found.length <= limit && reads < maxReads; reads++) {
      const some = await store.runs({
        limit: limit + 1,
        ...(state === undefined ? {} : { states: [state] }),
        ...(before === undefined ? {} : { before }),
      });
      found.push(...some.filter((run) => maySee(token, run)));
      before = some.at(-1)?.id;
      more = some.length > limit;
    }
    const { items, ...rest } = page(found, { limit, place: ({ id }) => id });
    const goesOn = more && rest.next === undefined && before !== undefined ? { next: cursorOf(before) } : {};
    return { body: { items: items.map(viewOf), ...rest, ...goesOn } };
  }),

  route({
    method: "POST",
    path: "/v1/runs",
    id: "startRun",
    summary: "Run a recipe",
    description:
      "The recipe lies in one of http_recipe_dirs. It is granted what the token is granted, as far as it " +
      "states that it needs it. The answer does not wait for its end.",
    tag: "runs",
    for: "run",
    acts: true,
    body: startRun,
    answers: [{ status: 201, description: "It runs", schema: runSchema }],
  }, startRecipe),

  route({
    method: "GET",
    path: "/v1/runs/{run}",
    id: "showRun",
    summary: "Show a run",
    tag: "runs",
    for: "token",
    answers: [{ status: 200, description: "The run", schema: runSchema }],
  }, async (call) => ({ body: viewOf(await recordOf(call)) })),

  route({
    method: "GET",
    path: "/v1/runs/{run}/steps",
    id: "listSteps",
    summary: "List the steps of a run, in the order in which they were asked for",
    tag: "runs",
    for: "token",
    query: z.strictObject(pageQuery),
    answers: [{ status: 200, description: "Steps", schema: stepPage }],
  }, async (call) => {
    const { query: { limit, cursor }, services: { host: { store } } } = call;
    const { id } = await recordOf(call);
    const from = cursor === undefined ? 0 : numberIn(cursor) + 1;
    const steps = await store.steps(id, { from, limit: limit + 1 });
    const { items, ...rest } = page(steps, { limit, place: ({ number }) => number });
    const shown = items.filter(({ kind }) => kind === "call" || kind === "acquire");
    const told = shown.map((step) => recordedStepEvent(step, { at: step.settledAt ?? step.issuedAt }));
    return { body: { items: told, ...rest } };
  }),

  route({
    method: "GET",
    path: "/v1/runs/{run}/logs",
    id: "readLog",
    summary: "Read the log of a run",
    tag: "runs",
    for: "token",
    query: z.strictObject(pageQuery),
    answers: [{ status: 200, description: "Lines", schema: logPage }],
  }, async (call) => {
    const { query: { limit, cursor }, services: { host: { store } } } = call;
    const { id } = await recordOf(call);
    const from = cursor === undefined ? 0 : numberIn(cursor) + 1;
    const lines = await store.logs(id, { from, limit: limit + 1 });
    const { items, ...rest } = page(lines, { limit, place: ({ sequence }) => sequence });
    const told = items.map(({ sequence, at, level, message, fields }) => ({
      sequence,
      at,
      level,
      message,
      ...(fields === undefined ? {} : { fields }),
    }));
    return { body: { items: told, ...rest } };
  }),

  route({
    method: "GET",
    path: "/v1/runs/{run}/events",
    id: "followRun",
    summary: "Follow a run: what is on record, then what happens, until it ends",
    tag: "runs",
    for: "token",
    answers: [{ status: 200, description: "Events", type: eventStream, schema: runEventSchema }],
  }, async (call) => {
    const { id } = await recordOf(call);
    return { events: call.services.runEvents.source(id) };
  }),

  route({
    method: "POST",
    path: "/v1/runs/{run}/cancel",
    id: "cancelRun",
    summary: "Ask a run to end; it gives back what it holds first",
    tag: "runs",
    for: "token",
    body: z.strictObject({ reason: z.string().max(1000).optional() }),
    answers: [{ status: 202, description: "It was asked", schema: runSchema }],
  }, async (call) => {
    const { id } = await recordOf(call, "manage");
    const { body: { reason = "it was asked over HTTP" }, services: { acting, host: { runs } } } = call;
    if (!acting.cancel(id, reason)) return { status: 202, body: await runs.cancel(id, reason) };
    return { status: 202, body: viewOf(await recordOf(call)) };
  }),

  route({
    method: "POST",
    path: "/v1/runs/{run}/resume",
    id: "resumeRun",
    summary: "Take an interrupted run up again where its journal ends",
    tag: "runs",
    for: "token",
    body: z.strictObject({
      assume: z.record(z.string().regex(/^\d{1,9}$/), z.enum(["done", "not-done"])).default({}).describe(
        "Steps whose outcome nothing can find out, as a person saw it",
      ),
    }),
    answers: [{ status: 202, description: "It goes on", schema: runSchema }],
  }, async (call) => {
    const { id } = await recordOf(call, "manage");
    const assume = new Map(Object.entries(call.body.assume).map(([step, as]) => [Number(step), as] as const));
    await call.services.host.runs.resume(id, { assume });
    return { status: 202, body: viewOf(await recordOf(call)) };
  }),

  route({
    method: "POST",
    path: "/v1/runs/{run}/abandon",
    id: "abandonRun",
    summary: "Give an interrupted run up: what it holds is given back, what it made for a time is undone",
    tag: "runs",
    for: "token",
    answers: [{ status: 200, description: "It was given up", schema: runSchema }],
  }, async (call) => {
    const { id } = await recordOf(call, "manage");
    return { body: await call.services.host.runs.abandon(id) };
  }),
];

/** Whether a token may do something with a run: it is its own, or it has the right. */
function maySee(
  token: Call<unknown, unknown>["token"],
  { principal }: Pick<RunRecord, "principal">,
  right: Right = "observe",
): boolean {
  return principal === principalOf(token) || token.rights.includes(right);
}

/**
 * The run that the path names.
 *
 * @throws {VirtError} `not-found` where there is none, or it may not be seen; `permission-denied` where it is somebody
 *   else's, and the right is missing.
 */
async function recordOf(
  { params, token, services: { host: { store } } }: Call<unknown, unknown>,
  right?: Right,
): Promise<RunRecord> {
  const id = params["run"] ?? "";
  const run = await store.run(id);
  if (run === undefined || !(maySee(token, run) || (right !== undefined && maySee(token, run, right)))) {
    throw new VirtError("not-found", `There is no run ${id.slice(0, 64)}`);
  }
  if (right !== undefined && !maySee(token, run, right)) {
    throw new VirtError("permission-denied", `Cannot do this with run ${id}: it is of ${run.principal}`, {
      hint: `Use a token with the right to ${right}`,
    });
  }
  return run;
}
