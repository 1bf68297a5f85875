// deno-lint-ignore-file no-console -- what it prints is its result
/**
 * Runs the benchmarks and prints one JSON line per figure. Names given on the command line choose among them:
 * `deno task bench kernel journal`.
 *
 * @module
 */
import { automationBenchmarks } from "./automation.ts";
import { daemonBenchmarks } from "./daemon.ts";
import { documentBenchmarks } from "./documents.ts";
import { journalBenchmarks } from "./journal.ts";
import { kernelBenchmarks } from "./kernel.ts";
import { type Benchmark, measure } from "./measure.ts";
import { memoryBenchmarks } from "./memory.ts";
import { permissionBenchmarks } from "./permission.ts";
import { recipeBenchmarks } from "./recipe.ts";
import { remoteBenchmarks } from "./remote.ts";
import { wholeBenchmarks } from "./whole.ts";

/** Benchmarks with what they need meanwhile. */
type Prepared = { readonly benchmarks: readonly Benchmark[] } & AsyncDisposable;

/** Benchmarks, with what they need where that has to be given back. */
type Group = readonly Benchmark[] | Prepared;

const groups: Readonly<Record<string, (directory: string) => Promise<Group> | Group>> = {
  kernel: () => kernelBenchmarks(),
  permission: () => permissionBenchmarks(),
  journal: journalBenchmarks,
  documents: () => documentBenchmarks(),
  recipe: recipeBenchmarks,
  whole: wholeBenchmarks,
  memory: () => memoryBenchmarks(),
  remote: remoteBenchmarks,
  daemon: daemonBenchmarks,
  automation: automationBenchmarks,
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
    await using made = prepared(await benchmarks(directory));
    for (const benchmark of made.benchmarks) {
      console.log(JSON.stringify({ group, ...await measure(benchmark) }));
    }
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
Deno.exit(0);

function prepared(group: Group): Prepared {
  if (Symbol.asyncDispose in group) return group;
  return { benchmarks: group, [Symbol.asyncDispose]: () => Promise.resolve() };
}
