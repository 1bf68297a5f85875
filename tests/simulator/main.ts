/**
 * The simulator: runs the kernel and the test driver through many worlds, each of them from a seed, and judges every
 * step.
 *
 *     deno task sim                            # a thousand seeds of every history
 *     deno task sim --seeds 10000 --history a  # ten thousand of one
 *     deno task sim --history a --seed 4711    # one seed, with its trace
 *
 * @module
 */
import { parseArgs } from "node:util";
import { histories } from "./histories.ts";
import { type History, runSeed, runTwice } from "./history.ts";

/** Every how many seeds one is run twice, to see that a seed decides everything. */
const twiceEvery = 100;

/** Says something to whoever runs the simulator. */
function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function howTo({ name }: History, seed: number): string {
  return `Replay it with: deno task sim --history ${name} --seed ${seed}`;
}

/** Runs one seed, twice, and shows its trace. */
async function replay(history: History, seed: number): Promise<boolean> {
  const { trace, found, steps } = await runTwice(history, seed);
  for (const line of trace) say(line);
  say(
    `${history.name}: ${history.about}: seed ${seed}, ${steps} steps: ${
      found === undefined ? "all is well" : "violated"
    }`,
  );
  if (found !== undefined) say(`${found.message}\n${found.name === "Violation" ? "" : found.stack ?? ""}`);
  return found === undefined;
}

/** Runs many seeds, up to the first that finds something. */
async function runMany(
  history: History,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<boolean> {
  const began = performance.now();
  let [steps, hops] = [0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const result = await (seed % twiceEvery === 0 ? runTwice : runSeed)(history, seed);
    steps += result.steps;
    hops += result.hops;
    if (result.found === undefined) continue;
    say(`${history.name}: ${history.about}: seed ${seed}: ${result.found.message}`);
    if (result.found.name !== "Violation") say(result.found.stack ?? "");
    say(howTo(history, seed));
    return false;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(
    `${history.name}: ${history.about}: ${count} seeds, ${steps} steps, ${hops} hops in ${seconds} s: all is well`,
  );
  return true;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seeds: { type: "string", default: "1000" },
      seed: { type: "string" },
      from: { type: "string", default: "1" },
      history: { type: "string", short: "h" },
    },
  });
  const chosen = histories.filter(({ name }) => values.history === undefined || name === values.history);
  if (chosen.length === 0) {
    say(`There is no history "${values.history}"; there are ${histories.map(({ name }) => name).join(", ")}`);
    Deno.exit(64);
  }
  let good = true;
  for (const history of chosen) {
    good = await (values.seed === undefined
      ? runMany(history, { from: Number(values.from), count: Number(values.seeds) })
      : replay(history, Number(values.seed))) && good;
  }
  Deno.exit(good ? 0 : 1);
}

if (import.meta.main) await main();
