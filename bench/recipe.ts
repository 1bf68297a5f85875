/**
 * What a recipe costs: its sandbox, and a question from it to the driver and back.
 *
 * @module
 */
import { join } from "node:path";
import { channelVersion, type FromRecipe } from "../model/channel.ts";
import { testDriver } from "../drivers/test/mod.ts";
import type { Driver } from "../runtime/driver.ts";
import type { RecipeEndpoint } from "../runtime/endpoint.ts";
import { openHost } from "../runtime/host.ts";
import { launchSandbox, prepareRecipe } from "../runtime/sandbox/mod.ts";
import { type Benchmark, elapsed, median } from "./measure.ts";

const reads = 2_000;

/** What a recipe asks, again and again. */
interface Question {
  /** Where it asks. */
  readonly driver: Driver;
  readonly uri: string;
  /** What it needs for that. */
  readonly needs: readonly string[];
  /** TypeScript that makes `ask`, a function without arguments. */
  readonly ask: string;
}

/** What the embedded hypervisor knows by heart. */
const fromMemory: Question = {
  driver: testDriver,
  uri: "test:///default",
  needs: ["connect:getattr"],
  ask: "const ask = () => host.info();",
};

function readingRecipe({ needs, ask }: Question): string {
  return `import { recipe, z } from "drover";
export default recipe({
  summary: "Ask many times",
  input: z.object({}),
  needs: ${JSON.stringify(needs)},
  async run({ host }) {
    ${ask}
    for (let index = 0; index < ${reads}; index++) await ask();
  },
});
`;
}

/** Sandboxes and round trips. */
export async function recipeBenchmarks(directory: string): Promise<readonly Benchmark[]> {
  const recipe = join(directory, "empty_recipe.ts");
  await Deno.writeTextFile(recipe, readingRecipe(fromMemory));
  return [
    {
      name: "a sandbox, from launch to ready",
      unit: "ms",
      ours: () => launchUntilReady(recipe),
      peer: { name: "deno run of an empty file", measure: () => elapsed(() => emptyDeno(directory)) },
      target: { what: "at most 80 ms", met: ({ value }) => value <= 80 },
    },
    {
      name: "a read from recipe to driver and back, in the sandbox, journalled",
      unit: "µs",
      ours: () => readRoundTrip(directory, fromMemory),
      target: { what: "at most 150 µs at the median", met: ({ value }) => value <= 150 },
      rounds: 5,
    },
  ];
}

/** In milliseconds; ending the sandbox again does not count. */
async function launchUntilReady(recipe: string): Promise<number> {
  const start = performance.now();
  await using endpoint = await launchSandbox({ recipe });
  await endpoint.send({ t: "hello", version: channelVersion, run: "bench", recipe, methods: [] });
  for await (const message of endpoint.messages) {
    if (message.t === "ready") return performance.now() - start;
  }
  throw new Error("The sandbox ended before it was ready");
}

async function emptyDeno(directory: string): Promise<void> {
  const file = join(directory, "empty.js");
  await Deno.writeTextFile(file, "");
  await new Deno.Command(Deno.execPath(), { args: ["run", "--no-config", "--no-lock", "--quiet", file] })
    .output();
}

/** The median of the time between one call and the next of a recipe that only calls, in microseconds. */
export async function readRoundTrip(directory: string, question: Question): Promise<number> {
  const recipe = join(directory, `reads-${crypto.randomUUID()}.ts`);
  const stateDirectory = join(directory, `state-${crypto.randomUUID()}`);
  await Deno.writeTextFile(recipe, readingRecipe(question));
  const arrivals: number[] = [];
  await using host = await openHost({
    stateDirectory,
    drivers: [question.driver],
    version: "bench",
    launch: async () => {
      const graph = await prepareRecipe(recipe);
      return { endpoint: timed(await launchSandbox({ recipe: graph }), arrivals), recipe, hash: "bench" };
    },
  });
  if (host === undefined) throw new Error("The state directory is in use");
  const run = await host.runs.start({
    file: recipe,
    hosts: { host: question.uri },
    input: {},
    grants: question.needs,
    principal: "bench",
  });
  const ended = await run.ended;
  if (arrivals.length < reads) {
    throw new Error(`The recipe asked ${arrivals.length} times: ${JSON.stringify(ended)}`);
  }
  return median(arrivals.slice(1).map((at, index) => at - arrivals[index]!)) * 1000;
}

/** The same endpoint, noting when calls arrive. */
function timed(endpoint: RecipeEndpoint, arrivals: number[]): RecipeEndpoint {
  async function* messages(): AsyncGenerator<FromRecipe> {
    for await (const message of endpoint.messages) {
      if (message.t === "call") arrivals.push(performance.now());
      yield message;
    }
  }
  return {
    isolation: endpoint.isolation,
    messages: messages(),
    send: (message) => endpoint.send(message),
    exited: endpoint.exited,
    kill: (reason) => endpoint.kill(reason),
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}
