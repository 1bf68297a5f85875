/**
 * The audit log: every decision about a permission, and every deed.
 *
 * @module
 */
import { z } from "zod";
import { sleep } from "../../../runtime/clock.ts";
import type { NumberedAudit } from "../../../runtime/journal/store.ts";
import type { EventSource, SentEvent } from "../event_source.ts";
import { numberIn, page, pageQuery } from "../paging.ts";
import { type Route, route } from "../route.ts";
import { auditEntry, auditPage } from "../schemas.ts";
import type { Services } from "../services.ts";

/** How often the log is looked at for those who follow it, in milliseconds, and how much is read at a time. */
const lookMs = 500;
const readAtOnce = 200;

/** The routes. */
export const auditRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/audit",
    id: "readAudit",
    summary: "Read the audit log, newest first",
    tag: "audit",
    for: "observe",
    query: z.strictObject({ ...pageQuery, run: z.string().max(128).optional() }),
    answers: [{ status: 200, description: "Entries", schema: auditPage }],
  }, async ({ query: { limit, cursor, run }, services: { host: { store } } }) => {
    const found = await store.auditPage({
      limit: limit + 1,
      ...(run === undefined ? {} : { run }),
      ...(cursor === undefined ? {} : { before: numberIn(cursor) }),
    });
    const { items, ...rest } = page(found, { limit, place: ({ number }) => number });
    return { body: { items: items.map(shown), ...rest } };
  }),

  route({
    method: "GET",
    path: "/v1/audit/events",
    id: "followAudit",
    summary: "Follow the audit log: what is added from now on, or behind the last event that was received",
    tag: "audit",
    for: "observe",
    answers: [{ status: 200, description: "Events", type: "text/event-stream", schema: auditEntry }],
  }, ({ services }) => ({ events: auditSource(services) })),
];

function shown({ number, entry: { use: _use, ...entry } }: NumberedAudit): Record<string, unknown> {
  return { number, ...entry };
}

/** Its numbers are the journal's, so that nothing is lost or doubled whatever has died meanwhile. */
function auditSource({ host: { store, kernel } }: Services): EventSource {
  return {
    async *follow(last, signal): AsyncGenerator<SentEvent, void, undefined> {
      let after = last !== undefined && /^\d{1,15}$/.test(last)
        ? Number(last)
        : (await store.auditPage({ limit: 1 }))[0]?.number ?? 0;
      while (!signal.aborted) {
        const entries = await store.auditPage({ after, limit: readAtOnce });
        for (const entry of entries) {
          after = entry.number;
          yield { id: String(after), type: "audit", data: shown(entry) };
        }
        if (entries.length < readAtOnce) await sleep(kernel.clock, lookMs, signal).catch(() => {});
      }
    },
  };
}
