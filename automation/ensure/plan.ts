/**
 * Plans of every kind of object.
 *
 * @module
 */
import type { DesiredData } from "../../model/desired/mod.ts";
import type { PlanData } from "../../model/plan.ts";
import type { PlanContext } from "./context.ts";
import { planDomain } from "./plan_domain.ts";
import { planNetwork, planPool } from "./plan_managed.ts";
import { planSecret, planSnapshot } from "./plan_secret.ts";
import { planVolume } from "./plan_volume.ts";

/** Computes what has to happen for an object to be as it is wanted. */
export function planOf(desired: DesiredData, context: PlanContext): PlanData {
  switch (desired.kind) {
    case "domain":
      return planDomain(desired.spec, context);
    case "network":
      return planNetwork(desired.spec, context);
    case "pool":
      return planPool(desired.spec, context);
    case "volume":
      return planVolume(desired.spec, context);
    case "secret":
      return planSecret(desired.spec, context);
    case "snapshot":
      return planSnapshot(desired.spec, context);
  }
}
