/**
 * Histories: what happened once to somebody, as worlds that a simulation can run through again and again.
 *
 * @module
 */
import { type Simulation, Violation } from "./simulation.ts";

/** A kind of world, each of them from a seed. */
export interface History {
  readonly name: string;
  /** What it is about, in a few words. */
  readonly about: string;
  /** Makes the world of a seed, with everybody in it. */
  begin(seed: number, options: { readonly trace: boolean }): Promise<Simulation>;
}

/** How one seed went. */
export interface SeedResult {
  readonly steps: number;
  readonly hops: number;
  readonly trace: readonly string[];
  /** What was found wrong. */
  readonly found?: Error;
}

/** Rejections that nobody took care of since the last seed. */
const stray: unknown[] = [];
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  stray.push(event.reason);
});

/** Runs one seed of a history to its end. */
export async function runSeed(
  history: History,
  seed: number,
  { trace = false }: { readonly trace?: boolean } = {},
): Promise<SeedResult> {
  const simulation = await history.begin(seed, { trace });
  let found: Error | undefined;
  try {
    await simulation.run();
  } catch (error) {
    found = error instanceof Error ? error : new Error(String(error));
  }
  const [rejection] = stray.splice(0);
  if (rejection !== undefined) {
    found ??= new Violation(`A promise was rejected and nobody took care of it: ${rejection}`, {
      cause: rejection,
    });
  }
  return {
    steps: simulation.steps,
    hops: simulation.scheduler.hops,
    trace: simulation.trace.lines ?? [],
    ...(found === undefined ? {} : { found }),
  };
}

/** Runs one seed twice: both must go the same way, step by step. */
export async function runTwice(history: History, seed: number): Promise<SeedResult> {
  const first = await runSeed(history, seed, { trace: true });
  const second = await runSeed(history, seed, { trace: true });
  const differs = first.trace.findIndex((line, index) => line !== second.trace[index]);
  if (differs < 0 && first.trace.length === second.trace.length) return first;
  return {
    ...first,
    found: first.found ?? new Violation(
      `The seed goes differently the second time, at "${first.trace[differs]}" and "${
        second.trace[differs]
      }"`,
    ),
  };
}
