// deno-lint-ignore-file no-console -- what it prints is its result
/**
 * Runs the benchmarks and prints one JSON line per figure. Names given on the command line choose among them:
 * `deno task bench kernel journal`.
 *
 * @module
 */
import { documentBenchmarks } from "./documents.ts";
import { journalBenchmarks } from "./journal.ts";
import { kernelBenchmarks } from "./kernel.ts";
import { type Benchmark, measure } from "./measure.ts";
import { memoryBenchmarks } from "./memory.ts";
import { permissionBenchmarks } from "./permission.ts";
import { recipeBenchmarks } from "./recipe.ts";
import { wholeBenchmarks } from "./whole.ts";

const groups: Readonly<
  Record<string, (directory: string) => Promise<readonly Benchmark[]> | readonly Benchmark[]>
> = {
  kernel: () => kernelBenchmarks(),
  permission: () => permissionBenchmarks(),
  journal: journalBenchmarks,
  documents: () => documentBenchmarks(),
  recipe: recipeBenchmarks,
  whole: wholeBenchmarks,
  memory: () => memoryBenchmarks(),
};

const unknown = Deno.args.filter((name) => groups[name] === undefined);
if (unknown.length > 0) {
  console.error(`error: no benchmark "${unknown[0]}"\nhint: there are ${Object.keys(groups).join(", ")}`);
  Deno.exit(64);
}
const directory = await Deno.makeTempDir({ prefix: "drover-bench-" });
try {
  for (const [group, benchmarks] of Object.entries(groups)) {
    if (Deno.args.length > 0 && !Deno.args.includes(group)) continue;
    for (const benchmark of await benchmarks(directory)) {
      console.log(JSON.stringify({ group, ...await measure(benchmark) }));
    }
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
Deno.exit(0);
