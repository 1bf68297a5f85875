/**
 * What the test driver can do: every operation with its function.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { domainDefinition } from "./domain_definition.ts";
import { domainLifeCycle } from "./domain_life_cycle.ts";
import { hostFacts } from "./host.ts";

/** The driver's map. */
export const implementations: DriverMap = {
  ...hostFacts,
  ...domainDefinition,
  ...domainLifeCycle,
};
