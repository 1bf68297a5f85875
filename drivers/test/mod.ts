/**
 * The test driver: `test:///default`, hosts from files, and simulated hypervisors with durable state.
 *
 * @module
 */
export { createTestDriver, effectsOn, testDriver, type TestDriverOptions } from "./driver.ts";
export { Faults } from "./faulty_link.ts";
export {
  type FaultKind,
  faultKinds,
  type FaultRule,
  type LatencyRule,
  type TestSettings,
} from "./settings.ts";
export { dismiss } from "./socket_link.ts";
export { type EffectLine } from "./world/hypervisor.ts";
export { worldPaths } from "./world/paths.ts";
