/**
 * How much memory a process has.
 *
 * @module
 */

/** The memory that a process holds, in mebibytes, as Linux counts it (proc(5), VmRSS). */
export function residentMib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
}
