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
export const anything: Authority = { check: () => {}, checkReach: () => {}, sees: () => true };

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

/** Asks for an operation and hands over its answer. */
export async function ask(
  { kernel, connection, caller, authority }: Simulated,
  operation: string,
  input: unknown,
): Promise<unknown> {
  const { outcome } = await kernel.call({
    operation,
    connections: new Map([["host", connection]]),
    connection: "host",
    input,
    caller,
    authority,
  });
  if (outcome.kind !== "done") throw new Error(`Cannot ${operation}: ${outcome.error.message}`);
  return outcome.value;
}

/** Defines small domains, one after the other. */
export async function defineDomains(simulated: Simulated, count: number, prefix = "many"): Promise<void> {
  for (let index = 0; index < count; index++) {
    const xml =
      `<domain type='test'><name>${prefix}-${index}</name><memory>65536</memory><os><type>hvm</type></os></domain>`;
    await ask(simulated, "domain.define", { xml });
  }
}
