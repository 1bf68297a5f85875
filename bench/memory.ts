// deno-lint-ignore-file no-console -- as a process of its own, what it prints is its result
/**
 * What many domains take of memory. Measured in a process of its own, where the collector can be called.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Benchmark, elapsed } from "./measure.ts";
import { defineDomains, simulatedConnection } from "./simulated.ts";

const domainCount = 10_000;
const self = fileURLToPath(import.meta.url);

/** Memory, and the time that it takes to fill it. */
export function memoryBenchmarks(): readonly Benchmark[] {
  return [{
    name: `${domainCount} domains defined on test:///default, heap`,
    unit: "MiB",
    ours: heapOfDomains,
    rounds: 3,
    warmUp: 0,
  }, {
    name: "a domain defined: document read, checked and kept",
    unit: "µs",
    ours: async () => {
      const simulated = await simulatedConnection();
      return await elapsed(() => defineDomains(simulated, 1000, crypto.randomUUID()));
    },
    rounds: 5,
    warmUp: 1,
  }];
}

async function heapOfDomains(): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", self],
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`The process that measures memory failed: ${decoder.decode(stderr)}`);
  return Number(decoder.decode(stdout));
}

function heapInUse(collect: () => void): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") throw new Error("Run it with --v8-flags=--expose-gc");
  const simulated = await simulatedConnection();
  // What is loaded with the first definition is not the domains'.
  await defineDomains(simulated, 1);
  const before = heapInUse(() => collect());
  await defineDomains(simulated, domainCount, "more");
  console.log((heapInUse(() => collect()) - before) / 2 ** 20);
  Deno.exit(0);
}
