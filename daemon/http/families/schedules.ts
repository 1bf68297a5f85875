/**
 * Schedules, and what became of their firings.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { sha256 } from "../../../runtime/journal/json.ts";
import {
  type FiringState,
  firingStates,
  type FiringView,
  scheduleName,
  scheduleStates,
  type ScheduleView,
} from "../../../runtime/schedule/description.ts";
import { cursorOf, page, pageQuery, placeIn } from "../paging.ts";
import { type Answer, type Call, type Route, route } from "../route.ts";
import { newSchedule, permittedSpec, putSchedule, saysTheSame, shownTo } from "../schedule_request.ts";
import { firingPage, firingSchema, schedulePage, scheduleSchema, scheduleWithTimes } from "../schemas.ts";
import { principalOf } from "../token.ts";

/** How often the journal is read for one page. */
const maxReads = 20;

/** The routes. */
export const scheduleRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/schedules",
    id: "listSchedules",
    summary: "List schedules, by name",
    description: "Whoever has no right to observe sees its own.",
    tag: "schedules",
    for: "token",
    query: z.strictObject({ ...pageQuery, state: z.enum(scheduleStates).optional() }),
    answers: [{ status: 200, description: "Schedules", schema: schedulePage }],
  }, async ({ query: { limit, cursor, state }, token, services: { schedules } }) => {
    const after = cursor === undefined ? "" : placeIn(cursor);
    const all = (await schedules.list()).toSorted((a, b) => a.name < b.name ? -1 : 1);
    const seen = all.filter((each) =>
      each.name > after && maySee(token, each) && (state === undefined || each.state === state)
    );
    const { items, ...rest } = page(seen.slice(0, limit + 1), { limit, place: ({ name }) => name });
    return { body: { items: items.map((each) => shownTo(token, each)), ...rest } };
  }),

  route({
    method: "POST",
    path: "/v1/schedules",
    id: "addSchedule",
    summary: "Make a schedule; one of that name must not be there",
    description:
      "What it runs lies in one of http_recipe_dirs. It may be granted what the token is granted, and no " +
      "more. It fires by itself from now on; it goes on when the token is revoked.",
    tag: "schedules",
    for: "run",
    body: newSchedule,
    answers: [{ status: 201, description: "It is there", schema: scheduleSchema }],
  }, async ({ body, token, services }) => {
    const spec = await permittedSpec(body, { token, services });
    return made(await services.schedules.add(spec, { principal: principalOf(token) }), 201);
  }),

  route({
    method: "PUT",
    path: "/v1/schedules/{schedule}",
    id: "putSchedule",
    summary: "Make a schedule, or have it be this one; what is the same already stays as it is",
    tag: "schedules",
    for: "run",
    body: putSchedule,
    answers: [
      { status: 200, description: "It was there, and is this one now", schema: scheduleSchema },
      { status: 201, description: "It is there", schema: scheduleSchema },
    ],
  }, async (call) => {
    const { body, token, params, services } = call;
    const spec = await permittedSpec({ ...body, name: nameIn(params) }, { token, services });
    const there = (await services.schedules.list()).find(({ name }) => name === spec.name);
    if (there !== undefined) {
      refuseOthers(token, there);
      if (saysTheSame(there, spec)) return made(there, 200);
    }
    const maker = { principal: principalOf(token) };
    return made(
      await services.schedules.add(spec, { ...maker, replace: there !== undefined }),
      there === undefined ? 201 : 200,
    );
  }),

  route({
    method: "GET",
    path: "/v1/schedules/{schedule}",
    id: "showSchedule",
    summary: "Show a schedule and its next times",
    tag: "schedules",
    for: "token",
    query: z.strictObject({
      times: z.coerce.number().int().min(0).max(100).default(5).describe("How many next times"),
    }),
    answers: [{ status: 200, description: "The schedule", schema: scheduleWithTimes }],
  }, async (call) => {
    const { query: { times }, token, services: { schedules } } = call;
    const schedule = await seen(call);
    return {
      body: { ...shownTo(token, schedule), upcoming: await schedules.upcoming(schedule.name, times) },
    };
  }),

  route({
    method: "DELETE",
    path: "/v1/schedules/{schedule}",
    id: "removeSchedule",
    summary: "Take a schedule away; what runs goes on, its history stays for a while",
    tag: "schedules",
    for: "token",
    answers: [{ status: 200, description: "It is gone", schema: scheduleSchema }],
  }, async (call) => {
    const { name } = await owned(call);
    return { body: await call.services.schedules.remove(name, { principal: principalOf(call.token) }) };
  }),

  route({
    method: "POST",
    path: "/v1/schedules/{schedule}/pause",
    id: "pauseSchedule",
    summary: "Have a schedule fire no more until it is resumed",
    tag: "schedules",
    for: "token",
    answers: [{ status: 200, description: "It is paused", schema: scheduleSchema }],
  }, async (call) => {
    const { name } = await owned(call);
    return { body: await call.services.schedules.pause(name, { principal: principalOf(call.token) }) };
  }),

  route({
    method: "POST",
    path: "/v1/schedules/{schedule}/resume",
    id: "resumeSchedule",
    summary: "Have a paused schedule fire again from now on",
    tag: "schedules",
    for: "token",
    answers: [{ status: 200, description: "It is active", schema: scheduleSchema }],
  }, async (call) => {
    const { name } = await owned(call);
    return { body: await call.services.schedules.resume(name, { principal: principalOf(call.token) }) };
  }),

  route({
    method: "POST",
    path: "/v1/schedules/{schedule}/run",
    id: "runSchedule",
    summary: "Fire a schedule now, also a paused one",
    description: "With an Idempotency-Key the same request sent again finds the firing that there is.",
    tag: "schedules",
    for: "token",
    acts: true,
    body: z.strictObject({
      force: z.boolean().default(false).describe("Also where another firing is under way"),
    }),
    answers: [{ status: 202, description: "It fires", schema: firingSchema }],
  }, async (call) => {
    const { token, headers, body: { force }, services: { schedules } } = call;
    const { name } = await owned(call);
    const principal = principalOf(token);
    const key = headers["idempotency-key"];
    const told = Array.isArray(key) ? key.join(",") : key;
    const firing = await schedules.runNow(name, {
      principal,
      force,
      // Keys are each client's own.
      ...(told === undefined ? {} : { key: sha256(`${principal}\n${told}`) }),
    });
    return { status: 202, body: firing, headers: { location: `/v1/firings/${firing.id}` } };
  }),

  route({
    method: "GET",
    path: "/v1/firings",
    id: "listFirings",
    summary: "List what became of firings, newest first; dead letters are those with state dead",
    description: "Whoever has no right to observe sees those of its own schedules that are there.",
    tag: "schedules",
    for: "token",
    query: z.strictObject({
      ...pageQuery,
      schedule: scheduleName.optional(),
      state: z.enum(firingStates).optional(),
    }),
    answers: [{ status: 200, description: "Firings", schema: firingPage }],
  }, listFirings),

  route({
    method: "GET",
    path: "/v1/firings/{firing}",
    id: "showFiring",
    summary: "Show a firing",
    tag: "schedules",
    for: "token",
    answers: [{ status: 200, description: "The firing", schema: firingSchema }],
  }, async (call) => ({ body: await firingOf(call, "see") })),

  route({
    method: "POST",
    path: "/v1/firings/{firing}/retry",
    id: "retryFiring",
    summary: "Fire anew what failed, was missed or was skipped, with the same events",
    tag: "schedules",
    for: "token",
    answers: [{ status: 202, description: "It fires", schema: firingSchema }],
  }, async (call) => {
    const { id } = await firingOf(call, "steer");
    const firing = await call.services.schedules.again(id, { principal: principalOf(call.token) });
    return { status: 202, body: firing, headers: { location: `/v1/firings/${firing.id}` } };
  }),

  route({
    method: "POST",
    path: "/v1/firings/{firing}/drop",
    id: "dropFiring",
    summary: "Take a dead letter off the list; it stays in the history",
    tag: "schedules",
    for: "token",
    answers: [{ status: 200, description: "It is no dead letter any more", schema: firingSchema }],
  }, async (call) => {
    const { id } = await firingOf(call, "steer");
    return { body: await call.services.schedules.drop(id, { principal: principalOf(call.token) }) };
  }),
];

type Asked = Pick<Call<unknown, unknown>, "params" | "token" | "services">;
type Token = Asked["token"];

function made(schedule: ScheduleView, status: number): Answer {
  return { status, body: schedule, headers: { location: `/v1/schedules/${schedule.name}` } };
}

function maySee(token: Token, { principal }: Pick<ScheduleView, "principal">): boolean {
  return principal === principalOf(token) || token.rights.includes("observe") ||
    token.rights.includes("manage");
}

/** @throws {VirtError} `permission-denied` for somebody else's, without the right to manage. */
function refuseOthers(token: Token, { name, principal }: Pick<ScheduleView, "name" | "principal">): void {
  if (principal === principalOf(token) || token.rights.includes("manage")) return;
  throw new VirtError(
    "permission-denied",
    `Cannot do this with schedule "${name}": it is ${
      maySee(token, { principal }) ? `of ${principal}` : "somebody else's"
    }`,
    { hint: "Use a token with the right to manage, or another name" },
  );
}

/** The name that the path says. A name that can be none is none that is there. */
function nameIn(params: Readonly<Record<string, string>>): string {
  const read = scheduleName.safeParse(params["schedule"]);
  if (read.success) return read.data;
  throw new VirtError(
    "invalid-argument",
    `Cannot name a schedule so: ${read.error.issues[0]?.message ?? "it is no name"}`,
  );
}

/** @throws {VirtError} `not-found` where it is not there, or may not be seen. */
async function seen({ params, token, services: { schedules } }: Asked): Promise<ScheduleView> {
  const name = nameIn(params);
  const schedule = (await schedules.list()).find((each) => each.name === name);
  if (schedule !== undefined && maySee(token, schedule)) return schedule;
  throw notThere(name);
}

/** @throws {VirtError} as `seen`, and `permission-denied` where it is somebody else's. */
async function owned(call: Asked): Promise<ScheduleView> {
  const schedule = await seen(call);
  refuseOthers(call.token, schedule);
  return schedule;
}

function notThere(name: string): VirtError {
  return new VirtError("not-found", `There is no schedule "${name}"`, {
    hint: "List them with: GET /v1/schedules",
  });
}

/** @throws {VirtError} `not-found` and `permission-denied` as for its schedule. */
async function firingOf(
  { params, token, services: { schedules } }: Asked,
  why: "see" | "steer",
): Promise<FiringView> {
  const id = params["firing"] ?? "";
  const firing = await schedules.firing(id);
  const schedule = (await schedules.list()).find(({ name }) => name === firing.schedule);
  // Whose a schedule was that is there no more is not known.
  const principal = schedule?.principal ?? "";
  if (!maySee(token, { principal })) {
    throw new VirtError("not-found", `There is no firing "${id.slice(0, 64)}"`, {
      hint: "List them with: GET /v1/firings",
    });
  }
  if (why === "steer") refuseOthers(token, { name: firing.schedule, principal });
  return firing;
}

async function listFirings(
  { query: { limit, cursor, schedule, state }, token, services: { schedules } }: Call<{
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly schedule?: string | undefined;
    readonly state?: FiringState | undefined;
  }, unknown>,
): Promise<Answer> {
  const all = await schedules.list();
  const own = new Set(all.filter((each) => maySee(token, each)).map(({ name }) => name));
  const seesAll = maySee(token, { principal: "" });
  if (schedule !== undefined && !seesAll && !own.has(schedule)) throw notThere(schedule);
  const found: FiringView[] = [];
  let before = cursor === undefined ? undefined : placeIn(cursor);
  let more = true;
  // Those that may not be seen do not make a page shorter, unless there are very many in between.
  for (let reads = 0; more && found.length <= limit && reads < maxReads; reads++) {
    const some = await schedules.history({
      limit: limit + 1,
      ...(schedule === undefined ? {} : { schedule }),
      ...(state === undefined ? {} : { states: [state] }),
      ...(before === undefined ? {} : { before }),
    });
    found.push(...some.filter((firing) => seesAll || own.has(firing.schedule)));
    before = some.at(-1)?.id;
    more = some.length > limit;
  }
  const { items, ...rest } = page(found, { limit, place: ({ id }) => id });
  const goesOn = more && rest.next === undefined && before !== undefined ? { next: cursorOf(before) } : {};
  return { body: { items, ...rest, ...goesOn } };
}
