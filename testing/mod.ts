/**
 * For tests of recipes: simulated hosts in virtual time. What `deno test` files import as `"drover/testing"`.
 *
 * ```ts
 * import { recipe } from "drover";
 * import { simulate } from "drover/testing";
 * import assert from "node:assert/strict";
 *
 * const start = recipe({
 *   summary: "Start one domain",
 *   needs: ["domain:getattr,start"],
 *   run: async ({ host }) => (await (await host.domain("web-1")).start()).state,
 * });
 *
 * await using lab = await simulate({ hypervisor: { domains: ["web-1"] }, latency: "3s" });
 * const run = await lab.run(start);
 * assert.equal(run.result, "running");
 * assert.deepEqual(run.calls.map(({ operation }) => operation), ["domain.lookup", "domain.start"]);
 * ```
 *
 * @module
 */
export { type GuestBehaviour, Lab, simulate, type SimulateOptions } from "./lab.ts";
export {
  type CallView,
  LabRun,
  type LabRunOptions,
  type LogLine,
  type Recorded,
  type RunStory,
  type StepView,
} from "./lab_run.ts";
export type {
  HostContent,
  Simulated,
  SimulatedConsole,
  SimulatedDomain,
  SimulatedNetwork,
  SimulatedPool,
  SimulatedSecret,
  SimulatedSnapshot,
  SimulatedVolume,
} from "./host_content.ts";
export type { Fault, Latency } from "./fault.ts";
export {
  type DomainView,
  type EffectView,
  type NetworkView,
  type PoolView,
  SimulatedHost,
} from "./simulated_host.ts";
export type { Web } from "./web.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual_clock.ts";
export type { ErrorData } from "../model/error.ts";
export type { ExitCode } from "../model/exit_code.ts";
export type { EffectInput, EffectName } from "../drivers/test/world/effects.ts";
export type { RunState, StepOutcome } from "../runtime/journal/record.ts";
export type { AuditEntry } from "../runtime/permission/mod.ts";
