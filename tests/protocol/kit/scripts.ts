/**
 * Programs of a test's own: shell scripts in a folder that goes with the test.
 *
 * @module
 */

/** A folder of scripts. */
export class Scripts implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Scripts> {
    return new Scripts(await Deno.makeTempDir({ prefix: "drover-scripts-" }));
  }

  /** Writes a script for `sh`; `$HERE` in it is the folder. */
  async add(name: string, text: string): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.writeTextFile(path, `#!/bin/sh\nHERE='${this.folder}'\n${text}\n`, { mode: 0o755 });
    return path;
  }

  /** What a script has written to a file of the folder, line by line. */
  async lines(file: string): Promise<readonly string[]> {
    return (await Deno.readTextFile(`${this.folder}/${file}`)).trimEnd().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    // One that has ended and that nobody has asked for yet is not alive.
    return !/^\S+ \(.*\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
