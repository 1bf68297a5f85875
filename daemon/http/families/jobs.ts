/**
 * Jobs and queues: who holds what, and who waits for it.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { sleep } from "../../../runtime/clock.ts";
import { sha256 } from "../../../runtime/journal/json.ts";
import { stateSource } from "../event_source.ts";
import { type Route, route } from "../route.ts";
import { slotList, slotSchema } from "../schemas.ts";
import type { Services } from "../services.ts";
import { principalOf } from "../token.ts";

/** How often followed slots are looked at, in milliseconds. */
const lookMs = 500;

const key = z.string().min(1).max(4096).describe("The object's key, as lists have it");

/** The routes. */
export const jobRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/jobs",
    id: "listJobs",
    summary: "List every object that somebody holds or waits for, and those whose state is uncertain",
    tag: "jobs",
    for: "observe",
    answers: [{ status: 200, description: "Slots", schema: slotList }],
  }, ({ services: { host: { kernel } } }) => ({ body: { items: kernel.slots() } })),

  route({
    method: "GET",
    path: "/v1/jobs/events",
    id: "followJobs",
    summary: "Follow who holds what: the whole list, whenever it has changed",
    tag: "jobs",
    for: "observe",
    answers: [{
      status: 200,
      description: "Events",
      type: "text/event-stream",
      schema: z.object({ items: z.array(slotSchema) }),
    }],
  }, ({ services: { host: { kernel } } }) => ({
    events: stateSource({
      type: "jobs",
      look: () => Promise.resolve({ items: kernel.slots() }),
      wait: (signal) => sleep(kernel.clock, lookMs, signal).catch(() => {}),
      idOf: (text) => sha256(text).slice(0, 16),
    }),
  })),

  route(
    {
      method: "POST",
      path: "/v1/jobs/cancel",
      id: "cancelJob",
      summary: "Cancel what holds an object: recipes, and operations that were asked for over HTTP",
      tag: "jobs",
      for: "manage",
      body: z.strictObject({ key }),
      answers: [{
        status: 202,
        description: "How many were asked to end",
        schema: z.object({ cancelled: z.int().nonnegative() }),
      }],
    },
    async ({ body, services }) => ({
      status: 202,
      body: { cancelled: await cancelHolders(body.key, services) },
    }),
  ),

  route({
    method: "POST",
    path: "/v1/jobs/accept",
    id: "acceptOutcome",
    summary: "Take an outcome that nobody could find out as given, so that writes on the object go on",
    tag: "jobs",
    for: "manage",
    body: z.strictObject({ key, as: z.enum(["done", "not-done"]) }),
    answers: [{ status: 200, description: "It is taken as given", schema: z.object({}) }],
  }, async ({ body: { key, as }, token, services: { host: { runs } } }) => {
    if (await runs.accept(key, { as, principal: principalOf(token) })) return { body: {} };
    throw new VirtError("not-found", `Cannot accept anything on "${key}": its state is not uncertain`);
  }),
];

async function cancelHolders(
  key: string,
  { acting, host: { kernel, runs } }: Services,
): Promise<number> {
  const slot = kernel.slots().find((each) => each.key === key);
  if (slot === undefined) {
    throw new VirtError("not-found", `Cannot cancel anything on "${key}": nobody holds it`);
  }
  const reason = `cancelled as the holder of ${slot.label}`;
  let cancelled = 0;
  for (const run of new Set(slot.holders.flatMap(({ caller }) => caller.run ?? []))) {
    if (acting.cancel(run, reason)) cancelled++;
    else if (runs.active(run) !== undefined) {
      await runs.cancel(run, reason);
      cancelled++;
    }
  }
  return cancelled;
}
