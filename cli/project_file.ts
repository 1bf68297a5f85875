/**
 * What lets editors, `deno run` and `deno test` find `drover` from a folder of recipes: the imports in its deno.json.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import manifest from "../deno.json" with { type: "json" };

const fileNames = ["deno.json", "deno.jsonc"] as const;

/** Packages that only this project's own commands and tests take. */
const ownPackages: ReadonlySet<string> = new Set(["@clack/prompts", "@stricli/core", "croner", "fast-check"]);

/** The settings file of Deno that counts in a folder; `undefined` where neither it nor one above it has one. */
export async function projectFileOf(folder: string): Promise<string | undefined> {
  for (let at = resolve(folder);; at = dirname(at)) {
    for (const name of fileNames) {
      const file = join(at, name);
      if ((await Deno.lstat(file).catch(() => undefined)) !== undefined) return file;
    }
    if (dirname(at) === at) return undefined;
  }
}

/** The text of a deno.json by which recipes find the `drover` that is running now. */
export function projectText(): string {
  const imports = Object.entries(manifest.imports)
    .filter(([name]) => !ownPackages.has(name))
    .map(([name, target]) => [name, target.startsWith("./") ? hrefOf(target) : target] as const);
  return `${JSON.stringify({ imports: Object.fromEntries(imports) }, undefined, 2)}\n`;
}

function hrefOf(path: string): string {
  return new URL(path, new URL("../", import.meta.url)).href;
}
