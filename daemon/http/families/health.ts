/**
 * Whether the daemon lives and can work. The only things that are answered to everybody.
 *
 * @module
 */
import { z } from "zod";
import type { Store } from "../../../runtime/journal/store.ts";
import { type Route, route } from "../route.ts";

const health = z.object({ status: z.enum(["alive", "ready", "not ready"]), reason: z.string().optional() })
  .meta({ id: "Health" });

/** The routes. */
export const healthRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/livez",
    id: "isAlive",
    summary: "Say whether the daemon lives",
    tag: "health",
    for: "anybody",
    answers: [{ status: 200, description: "It does", schema: health }],
  }, () => ({ body: { status: "alive" } })),

  route({
    method: "GET",
    path: "/readyz",
    id: "isReady",
    summary: "Say whether the daemon can work",
    description: "It cannot while it leaves, nor where its journal cannot be written.",
    tag: "health",
    for: "anybody",
    answers: [
      { status: 200, description: "It can", schema: health },
      { status: 503, description: "It cannot", schema: health },
    ],
  }, async ({ leaving, services: { host: { store } } }) => {
    const reason = leaving ? "it is leaving" : await whyNot(store);
    return reason === undefined
      ? { body: { status: "ready" } }
      : { status: 503, body: { status: "not ready", reason } };
  }),
];

async function whyNot(store: Pick<Store, "flush">): Promise<string | undefined> {
  try {
    await store.flush();
    return undefined;
  } catch {
    return "its journal cannot be written";
  }
}
