/**
 * The operations of this folder, which need no driver of their own: every connection has them.
 *
 * @module
 */
import type { DesiredData } from "../../model/desired/mod.ts";
import type { PlanData } from "../../model/plan.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { PlanContext } from "./context.ts";

type Planner = (desired: DesiredData, context: PlanContext) => PlanData;

let planner: Planner | undefined;

/** Loads what computes plans: with it the XML library, which takes its time. */
export async function loadPlanner(): Promise<Planner> {
  planner ??= (await import("./plan.ts")).planOf;
  return planner;
}

/** What the runtime can do on every connection, whatever its driver. */
export const ensureOperations: DriverMap = {
  "connection.computePlan": {
    run: async (job, { desired, present }) => {
      const planOf = await loadPlanner();
      const { implementations } = job.connection;
      return planOf(desired, {
        present,
        seed: job.newId,
        can: (operation) => Object.hasOwn(implementations, operation),
      });
    },
  },
};
