/**
 * What happens on a host, ours and that of others.
 *
 * @module
 */
import { z } from "zod";
import { sightUse } from "../../../runtime/permission/uses.ts";
import { hostName } from "../../dispatch/objects.ts";
import { type Route, route } from "../route.ts";
import { hostEventSchema } from "../schemas.ts";
import { principalOf } from "../token.ts";

/** How long the first enumeration of a host may take, in milliseconds. */
const enumerationMs = 60_000;

/** The routes. */
export const eventRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/events",
    id: "followHost",
    summary: "Follow what happens on a host, as far as the token may see it",
    tag: "events",
    for: "token",
    query: z.strictObject({
      connection: z.string().max(4096).optional().describe(
        "A connection URI; the daemon's default where absent",
      ),
    }),
    answers: [{ status: 200, description: "Events", type: "text/event-stream", schema: hostEventSchema }],
  }, async ({ query, token, signal, services: { hosts, hostEvents, host: { kernel } } }) => {
    const connection = await hosts.open(query.connection, signal);
    const { clock } = kernel;
    await connection.ready.wait({ clock, deadline: clock.now() + enumerationMs, signal });
    const authority = hosts.authority(token, {
      caller: { principal: principalOf(token) },
      uris: new Map([[hostName, connection.uri.text]]),
    });
    const options = { operation: "events", when: "listed", name: hostName, connection } as const;
    return {
      events: hostEvents.source(connection, ({ object }) => authority.sees(sightUse(object, options))),
    };
  }),
];
