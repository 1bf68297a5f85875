/**
 * How the benchmarks measure and print: one JSON line per figure, medians over several rounds, and, where there is
 * a peer, both in turn in the same run, so that the ratio holds on a noisy machine.
 *
 * @module
 */

/** One figure. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly rounds: readonly number[];
  /** What stands beside it, measured in turn with it. */
  readonly peer?: { readonly name: string; readonly value: number; readonly rounds: readonly number[] };
  /** The median of ours divided by the peer's, round by round. */
  readonly ratio?: number;
  /** What is aimed at: a ratio where there is a peer, else a value. */
  readonly target?: { readonly what: string; readonly met: boolean };
}

/** Measures once and says how much, in the figure's unit. */
export type Measure = () => Promise<number> | number;

/** What a benchmark is made of. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly ours: Measure;
  readonly peer?: { readonly name: string; readonly measure: Measure };
  readonly target?: {
    readonly what: string;
    readonly met: (figure: { readonly value: number; readonly ratio: number }) => boolean;
  };
  /** @default 7 */
  readonly rounds?: number;
  /** Rounds that do not count, first. @default 2 */
  readonly warmUp?: number;
}

/** Runs a benchmark. */
export async function measure(benchmark: Benchmark): Promise<Figure> {
  const { name, unit, ours, peer, target, rounds = 7, warmUp = 2 } = benchmark;
  const own: number[] = [];
  const others: number[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const mine = await ours();
    const theirs = await peer?.measure();
    if (round < 0) continue;
    own.push(mine);
    if (theirs !== undefined) others.push(theirs);
  }
  const value = median(own);
  const ratio = peer === undefined ? undefined : median(own.map((each, index) => each / others[index]!));
  return {
    name,
    unit,
    value: rounded(value),
    rounds: own.map(rounded),
    ...(peer === undefined
      ? {}
      : { peer: { name: peer.name, value: rounded(median(others)), rounds: others.map(rounded) } }),
    ...(ratio === undefined ? {} : { ratio: rounded(ratio) }),
    ...(target === undefined
      ? {}
      : { target: { what: target.what, met: target.met({ value, ratio: ratio ?? Number.NaN }) } }),
  };
}

/** How long something takes, in milliseconds. */
export async function elapsed(action: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
