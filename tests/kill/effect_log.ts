/**
 * What really happened on the simulated hypervisor, by its own log, which kernels cannot write.
 *
 * @module
 */

/** A line of the log, as far as it matters here. */
interface EffectLine {
  readonly effect: string;
  /** `domain/UUID`. */
  readonly object: string;
}

/** Everything that was done, line by line. */
export function readEffects(directory: string): readonly EffectLine[] {
  try {
    return Deno.readTextFileSync(`${directory}/effects.log`).split("\n").filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * What was done to each object, in order: `write-definition spawn continue`. A start that was begun and taken back is
 * no start, and left out.
 */
export function lives(effects: readonly EffectLine[]): readonly string[] {
  const byObject = Map.groupBy(effects, ({ object }) => object);
  return [...byObject.values()].map((lines) => {
    const done: string[] = [];
    for (const { effect } of lines) {
      const verb = effect.replace(/^domain\./, "");
      if (verb === "kill" && done.at(-1) === "spawn") done.pop();
      else done.push(verb);
    }
    return done.join(" ");
  }).toSorted();
}
