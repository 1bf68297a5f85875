/**
 * A guide walked through as its reader would: its files lie in one folder, its commands run there one after the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type Block, blocksOf, commandsOf, placeOf, root } from "./page.ts";

const decoder = new TextDecoder();

/**
 * Writes the files of a guide and runs its commands in order, in a shell of their own with an empty home. A comment behind a
 * command says what it exits with, where that is not 0: `# exits with 5`.
 */
export async function walk(page: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "drover-guide-" });
  try {
    const blocks = blocksOf(page);
    for (const block of blocks) await keep(folder, block);
    await Deno.symlink(join(root, "recipes"), join(folder, "recipes"));
    const script = blocks.filter(({ language, marks }) => language === "sh" && !marks.includes("elsewhere"))
      .flatMap((block) => commandsOf(block).map((command) => step(command, placeOf(block))));
    assert.ok(script.length > 3, `${page} shows hardly a command`);
    const command = `${Deno.execPath()} run -A --no-check --quiet ${root}cli/main.ts`;
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-uc", [`drover() { ${command} "$@" </dev/null; }`, taskOfProject, ...script].join("\n")],
      cwd: folder,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: folder,
        DENO_DIR: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache", "deno"),
        DROVER_STATE_DIR: join(folder, "state"),
        NO_COLOR: "1",
      },
    }).output();
    assert.equal(code, 0, `${decoder.decode(stdout)}\n${decoder.decode(stderr)}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A reader who has not installed the command has it as a task of the project. */
const taskOfProject =
  'deno() { if [ "$1 $2" = "task drover" ]; then shift 2; drover "$@"; else command deno "$@"; fi; }';

async function keep(folder: string, { file, text }: Block): Promise<void> {
  if (file === undefined) return;
  const path = join(folder, file);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
}

function step(command: string, place: string): string {
  const expected = /# exits with (\d+)/.exec(command)?.[1] ?? "0";
  return `${command}
code=$?; if [ $code != ${expected} ]; then echo "${place}: exited with $code, not ${expected}" >&2; exit 1; fi`;
}
