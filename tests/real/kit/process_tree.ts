/**
 * Processes below one of ours, by what `/proc` says.
 *
 * @module
 */

/** A process as `/proc` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** The name of its program, at most 15 characters. */
  readonly program: string;
}

/** All processes of the machine that were there during the look. */
function processes(): readonly ProcessEntry[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // proc(5): pid (comm) state ppid; the name may contain spaces and parentheses.
      const found = /^\d+ \((.*)\) \S (\d+)/s.exec(Deno.readTextFileSync(`/proc/${name}/stat`));
      return found === null ? [] : [{ pid: Number(name), parent: Number(found[2]), program: found[1] ?? "" }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

/** The processes below one, nearest first. */
export function descendants(pid: number): readonly ProcessEntry[] {
  const all = processes();
  const found: ProcessEntry[] = [];
  for (let parents = new Set([pid]); parents.size > 0;) {
    const children = all.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}
