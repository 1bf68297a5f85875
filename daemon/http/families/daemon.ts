/**
 * The daemon itself: what it is, and how it does.
 *
 * @module
 */
import { z } from "zod";
import { metricsType } from "../metrics/exposition.ts";
import { openApiDocument } from "../openapi/document.ts";
import { type Route, route } from "../route.ts";

const information = z.object({
  version: z.string(),
  epoch: z.int().describe("Grows with each daemon of a state directory"),
  since: z.number().describe("Milliseconds since 1970"),
}).meta({ id: "Daemon" });

/** The description, made when somebody first asks: it is the same for all. */
let description: Promise<string> | undefined;

/** The routes. */
export const daemonRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/daemon",
    id: "showDaemon",
    summary: "Say which daemon this is",
    tag: "daemon",
    for: "token",
    answers: [{ status: 200, description: "The daemon", schema: information }],
  }, ({ services: { version, host: { epoch, since } } }) => ({ body: { version, epoch, since } })),

  route({
    method: "GET",
    path: "/openapi.json",
    id: "describe",
    summary: "Describe all of this, as OpenAPI 3.1",
    tag: "daemon",
    for: "token",
    answers: [{ status: 200, description: "The description", schema: z.looseObject({}) }],
  }, async ({ services: { routes, version } }) => {
    description ??= openApiDocument(routes, version).then((document) => JSON.stringify(document));
    return { text: await description, type: "application/json" };
  }),

  route({
    method: "GET",
    path: "/metrics",
    id: "measure",
    summary: "Say how the daemon does, for Prometheus",
    tag: "daemon",
    for: "observe",
    answers: [{ status: 200, description: "Metrics", type: metricsType }],
  }, ({ services: { metrics } }) => ({ text: metrics(), type: metricsType })),
];
