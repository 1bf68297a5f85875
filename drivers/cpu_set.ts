/**
 * Sets of processors as text: `0-3,8,^2`.
 *
 * @module
 */

/** The greatest number that a processor can have. Source: libvirt, the size of its lists of processors. */
export const greatestCpu = 16_383;

/** A set of processors as numbers. What comes later goes before: `0-3,^2` has no 2. */
export function parseCpuSet(text: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\^?)(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (match === null) continue;
    const [, not, from = "0", to = from] = match;
    for (let cpu = Number(from); cpu <= Math.min(Number(to), greatestCpu); cpu++) {
      if (not === "^") found.delete(cpu);
      else found.add(cpu);
    }
  }
  return found;
}

/** Numbers as the text of a set of processors. */
export function formatCpuSet(cpus: ReadonlySet<number>): string {
  const sorted = [...cpus].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const cpu of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(",");
}
