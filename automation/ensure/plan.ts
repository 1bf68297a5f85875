/**
 * Plans of every kind of object.
 *
 * @module
 */
import type { DesiredData } from "../../model/desired/mod.ts";
import type { PlanData } from "../../model/plan.ts";
import { type PlanContext, planDomain } from "./plan_domain.ts";

/** Computes what has to happen for an object to be as it is wanted. */
export function planOf(desired: DesiredData, context: PlanContext): PlanData {
  switch (desired.kind) {
    case "domain":
      return planDomain(desired.spec, context);
  }
}
