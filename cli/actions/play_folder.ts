/**
 * The folder of a play: what the sandbox loads, by the hash of its content.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { VirtError } from "../../model/error.ts";
import { type Compiled, engineFiles, playModule, readerModule } from "../../playbook/mod.ts";
import { writtenRecipes } from "../../runtime/run/written_recipes.ts";
import { prepareRecipe, type RecipeGraph } from "../../runtime/sandbox/mod.ts";

/** What the sandbox loads: the path of its main module, and all that belongs to it. */
export interface Written {
  readonly recipe: string;
  /** Absent where it has to be looked through first. */
  readonly graph?: RecipeGraph;
}

/**
 * Writes what the sandbox loads for a play. A folder that is there already is the
 * same. Nobody but its owner can read it: variables may be secret.
 *
 * @throws {VirtError} what is wrong with a recipe of the playbook, with the place where it is named.
 */
export async function writePlay(
  { program, recipes }: Pick<Compiled, "program" | "recipes">,
  directory: string,
): Promise<Written> {
  const files = new Map<string, string>([["program.json", JSON.stringify(program)]]);
  for (const [name, text] of await engineFiles()) files.set(`engine/${name}`, text);
  const entries: string[] = [];
  for (const [index, { path, at }] of recipes.entries()) {
    try {
      entries.push(await copyModules(path, { folder: `recipes/${index}`, files }));
    } catch (error) {
      if (!(error instanceof VirtError) || error.at !== undefined) throw error;
      const [file, line, column] = at;
      throw new VirtError(error.code, error.message, {
        at: { file, line, column },
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }
  const main = `${basename(program.name).replace(/\.\w+$/, "").replace(/[^\w.-]/g, "_")}.play.ts`;
  files.set(main, playModule(entries));
  return await keep(main, files, directory);
}

/**
 * Writes what reads a playbook that is a program: a recipe that may do nothing, whose result are the plays.
 *
 * @throws {VirtError} what is wrong with its modules.
 */
export async function writeReader(path: string, directory: string): Promise<Written> {
  const files = new Map<string, string>();
  const entry = await copyModules(path, { folder: "source", files });
  files.set("read.play.ts", readerModule(entry));
  return await keep("read.play.ts", files, directory);
}

/** Takes in a module with all that it imports, and answers where it is then. */
async function copyModules(
  path: string,
  { folder, files }: { readonly folder: string; readonly files: Map<string, string> },
): Promise<string> {
  const { file, modules } = await prepareRecipe(path);
  for (const each of modules) {
    files.set(join(folder, relative(dirname(file), each.path)), await Deno.readTextFile(each.realPath));
  }
  return `./${folder}/${basename(file)}`;
}

/** Writes files where they have not been written before. */
async function keep(
  main: string,
  files: ReadonlyMap<string, string>,
  directory: string,
): Promise<Written> {
  const hash = createHash("sha256").update(JSON.stringify([...files])).digest("hex").slice(0, 24);
  const folder = join(writtenRecipes(directory), hash);
  if (!await exists(join(folder, main))) await writeWhole(folder, files);
  else await touch(folder);
  const real = await Deno.realPath(folder);
  const recipe = join(real, main);
  // Such a path is refused where recipes are looked through.
  if (real.includes(",")) return { recipe };
  const names = [main, ...[...files.keys()].filter((name) => name !== main)];
  const modules = names.map((name) => ({ path: join(real, name), realPath: join(real, name) }));
  return { recipe, graph: { file: recipe, url: pathToFileURL(recipe).href, modules } };
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** Whoever clears away what no run names any more leaves what was touched lately. */
async function touch(folder: string): Promise<void> {
  const now = new Date();
  await Deno.utime(folder, now, now);
}

/** Under a name of its own first, so that nobody ever finds half of it. */
async function writeWhole(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await Deno.mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const draft = await Deno.makeTempDir({ dir: dirname(folder), prefix: "draft-" });
  try {
    for (const [name, text] of files) {
      await Deno.mkdir(dirname(join(draft, name)), { recursive: true });
      await Deno.writeTextFile(join(draft, name), text, { mode: 0o600 });
    }
    await Deno.rename(draft, folder);
  } catch (error) {
    await Deno.remove(draft, { recursive: true }).catch(() => {});
    // Somebody else was quicker with the same.
    if (!(error instanceof Error && /not empty|exists/i.test(error.message))) throw error;
  }
}
