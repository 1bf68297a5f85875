/**
 * A simulated host to measure on, and somebody who may do everything.
 *
 * @module
 */
import { testDriver } from "../drivers/test/mod.ts";
import type { Authority, Caller } from "../runtime/call.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import { Kernel } from "../runtime/kernel.ts";

/** A kernel with a connection to a simulated host. */
export interface Simulated {
  readonly kernel: Kernel;
  readonly connection: DriverConnection;
  readonly caller: Caller;
  readonly authority: Authority;
}

/** May do everything, without asking. */
const anything: Authority = { check: () => {}, checkReach: () => {}, sees: () => true };

/** Opens a simulated host. */
export async function simulatedConnection(uri = "test:///default"): Promise<Simulated> {
  const kernel = new Kernel({ drivers: [testDriver] });
  const connection = await kernel.connect(uri);
  return {
    kernel,
    connection,
    caller: { principal: "bench", run: "bench", since: Date.now() },
    authority: anything,
  };
}
