/**
 * A playbook as the recipe that carries it out: the engine's files, the playbook as data, and one module that puts them
 * together. It lies by itself, so that a resume finds it as it was, whatever has become of the playbook.
 *
 * @module
 */

/** The engine's folder. */
export const engineFolder: URL = new URL("./engine/", import.meta.url);

/** The engine's files by name. */
export async function engineFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(engineFolder)) {
    if (isFile && name.endsWith(".ts")) files.set(name, await Deno.readTextFile(new URL(name, engineFolder)));
  }
  return new Map([...files].toSorted(([a], [b]) => a < b ? -1 : 1));
}

/** The module that the sandbox loads. */
export function playModule(recipes: readonly string[]): string {
  return [
    'import program from "./program.json" with { type: "json" };',
    'import { playRecipe } from "./engine/mod.ts";',
    ...recipes.map((path, index) => `import recipe${index} from ${JSON.stringify(path)};`),
    `export default playRecipe(program, [${recipes.map((_, index) => `recipe${index}`).join(", ")}]);`,
    "",
  ].join("\n");
}

/** The module that the sandbox loads to read a playbook that is a program: it may do nothing, and answers the plays. */
export function readerModule(path: string): string {
  return [
    'import { recipe } from "drover";',
    `import plays from ${JSON.stringify(path)};`,
    'export default recipe({ summary: "Read a playbook", needs: [], run: () => plays });',
    "",
  ].join("\n");
}
