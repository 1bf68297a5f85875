/**
 * Sets of processors as the wire has them: one bit for each, the lowest first.
 *
 * @module
 */
import { formatCpuSet, parseCpuSet } from "../cpu_set.ts";

/** How many bytes the bits of so many processors take. */
export function cpuMapLength(cpus: number): number {
  return Math.ceil(cpus / 8);
}

/** A set of processors, given as text, as bits; processors beyond `cpus` are left out. */
export function toCpuMap(text: string, cpus: number): Uint8Array {
  const map = new Uint8Array(cpuMapLength(cpus));
  for (const cpu of parseCpuSet(text)) {
    if (cpu < cpus) map[cpu >> 3] = (map[cpu >> 3] ?? 0) | 1 << (cpu & 7);
  }
  return map;
}

/** The processors whose bits are set, as text; empty where there are none. */
export function fromCpuMap(map: Uint8Array): string {
  const cpus = new Set<number>();
  map.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte >> bit & 1) === 1) cpus.add(8 * index + bit);
    }
  });
  return formatCpuSet(cpus);
}

/** Several sets of the same length, one after the other. */
export function fromCpuMaps(maps: Uint8Array, length: number): readonly string[] {
  if (length === 0) return [];
  return Array.from(
    { length: Math.floor(maps.length / length) },
    (_, index) => fromCpuMap(maps.subarray(index * length, (index + 1) * length)),
  );
}
