/**
 * What a person waits for: the command line, and long lists.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask, defineDomains, simulatedConnection } from "./simulated.ts";
import { type Benchmark, elapsed } from "./measure.ts";

const domainCount = 10_000;

/** Whole commands, and a list of many domains. */
export async function wholeBenchmarks(directory: string): Promise<readonly Benchmark[]> {
  const list = await manyDomains();
  return [
    {
      name: "drover run recipes/quickstart.ts, the whole process",
      unit: "ms",
      ours: () => elapsed(() => quickstart(directory)),
      peer: { name: "deno run of an empty module", measure: () => elapsed(() => deno(["run", "-A", empty])) },
      target: { what: "at most 300 ms", met: ({ value }) => value <= 300 },
    },
    {
      name: `${domainCount} domains listed with their state`,
      unit: "ms",
      ours: () => elapsed(list),
      target: { what: "at most 50 ms", met: ({ value }) => value <= 50 },
    },
  ];
}

const root = fileURLToPath(new URL("../", import.meta.url));
const empty = fileURLToPath(new URL("./measure.ts", import.meta.url));

function quickstart(directory: string): Promise<void> {
  const state = join(directory, `quickstart-${crypto.randomUUID()}`);
  return deno([
    "run",
    "-A",
    "--frozen",
    "cli/main.ts",
    "run",
    "recipes/quickstart.ts",
    "--allow",
    "all",
    "--state-dir",
    state,
  ]);
}

async function deno(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: root })
    .output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

async function manyDomains(): Promise<() => Promise<void>> {
  const simulated = await simulatedConnection();
  await defineDomains(simulated, domainCount);
  return async () => {
    const listed = await ask(simulated, "domain.list", {});
    if (!Array.isArray(listed) || listed.length < domainCount) throw new Error("The list is not whole");
  };
}
