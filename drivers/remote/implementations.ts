/**
 * What the driver can do: every operation with its function.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { domainDefinition } from "./domain_definition.ts";
import { domainLifeCycle } from "./domain_life_cycle.ts";

/** The driver's map. */
export const implementations: DriverMap = {
  ...domainDefinition,
  ...domainLifeCycle,
};
