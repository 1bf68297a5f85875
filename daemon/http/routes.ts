/**
 * Everything that can be asked over HTTP.
 *
 * @module
 */
import { auditRoutes } from "./families/audit.ts";
import { daemonRoutes } from "./families/daemon.ts";
import { eventRoutes } from "./families/events.ts";
import { healthRoutes } from "./families/health.ts";
import { jobRoutes } from "./families/jobs.ts";
import { operationRoutes } from "./families/operations.ts";
import { runRoutes } from "./families/runs.ts";
import { scheduleRoutes } from "./families/schedules.ts";
import type { Route } from "./route.ts";

/** Every route, in the order in which they are described. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...daemonRoutes,
  ...operationRoutes,
  ...runRoutes,
  ...scheduleRoutes,
  ...jobRoutes,
  ...auditRoutes,
  ...eventRoutes,
];
