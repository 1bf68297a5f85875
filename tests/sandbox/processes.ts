/**
 * Processes of this machine, looked up in /proc (proc(5)).
 *
 * @module
 */

/** The processes that have `argument` among their arguments. */
export function processesWith(argument: string): number[] {
  return [...Deno.readDirSync("/proc")]
    .map(({ name }) => Number(name)).filter(Number.isInteger)
    .filter((pid) => stringsOf(pid, "cmdline").includes(argument));
}

/** The environment of a process, as `NAME=value`; nothing where it is gone. */
export function environmentOf(pid: number): string[] {
  return stringsOf(pid, "environ").filter((text) => text !== "");
}

function stringsOf(pid: number, file: "cmdline" | "environ"): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`).split("\0");
  } catch {
    return [];
  }
}
