/**
 * The modules that a recipe is made of: exactly what it may read, found out before it runs.
 *
 * @module
 */
import { dirname, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type SourcePlace, VirtError } from "../../model/error.ts";
import { runDeno } from "./deno_command.ts";

/** One file of a recipe. */
export interface RecipeModule {
  /** The path under which it is imported. */
  readonly path: string;
  /** The same with all links resolved. */
  readonly realPath: string;
}

/** A recipe with everything that it imports. */
export interface RecipeGraph {
  /** The recipe's own file, links resolved. */
  readonly file: string;
  readonly url: string;
  /** The recipe's own file first. */
  readonly modules: readonly RecipeModule[];
}

/** How a recipe is looked through. */
export interface GraphOptions {
  /** The sandbox's import map. */
  readonly importMap: string;
  /** What "drover" stands for in it. */
  readonly boot: string;
}

/** What `deno info --json` says; its documentation calls it unstable, so what is read of it is checked by use. */
interface Info {
  readonly roots: readonly string[];
  readonly modules: readonly InfoModule[];
}

interface InfoModule {
  readonly specifier: string;
  readonly local?: string;
  readonly kind?: string;
  readonly mediaType?: string;
  readonly error?: string;
  readonly dependencies?: readonly InfoDependency[];
}

interface InfoDependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string; readonly error?: string; readonly span?: InfoSpan };
  readonly type?: unknown;
  readonly assertionType?: string;
}

/** Counts from 0. */
interface InfoSpan {
  readonly start: { readonly line: number; readonly character: number };
}

/** An import on its way through the checks. */
interface Import {
  readonly specifier: string;
  readonly url: string;
  readonly attribute: string | undefined;
  readonly at: SourcePlace;
}

/** Kinds of modules that a recipe may consist of, in Deno's words. */
const codeTypes = ["JavaScript", "Mjs", "TypeScript", "Mts", "Jsx", "Tsx"];

/**
 * Finds every module of a recipe and checks that each is the recipe's own: code or JSON, in its folder or below.
 *
 * @throws {VirtError} `not-found` where a file is missing, `permission-denied` where an import is not the recipe's own,
 * `recipe-failed` where a module cannot be parsed; with the line of the import.
 */
export async function readRecipeGraph(path: string, options: GraphOptions): Promise<RecipeGraph> {
  const file = realPath(path);
  if (file === undefined) throw new VirtError("not-found", `Cannot run "${path}": there is no such file`);
  if (!Deno.statSync(file).isFile) {
    throw new VirtError("invalid-argument", `Cannot run "${path}": it is not a file`);
  }
  const { roots, modules: found } = await info(pathToFileURL(file).href, options);
  const url = roots[0]!;
  const known = new Map(found.map((module) => [module.specifier, module]));
  const folder = dirname(file);
  const bootUrl = pathToFileURL(options.boot).href;

  const modules = new Map<string, RecipeModule>();
  const first: Import = { specifier: path, url, attribute: undefined, at: { file: url, line: 1 } };
  const open: Import[] = [first];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.url === bootUrl || modules.has(next.url)) continue;
    const module = ownModule(next, folder);
    // A person who runs a hidden recipe has named it.
    if (next !== first) refuseHidden(next, { module, folder });
    const description = known.get(next.url);
    modules.set(next.url, module);
    if (isData(next)) continue;
    throwIfUnusable(next, description);
    for (const dependency of description?.dependencies ?? []) {
      const imported = importOf(dependency, next.url);
      if (imported !== undefined) open.push(imported);
    }
  }
  return { file, url, modules: [...modules.values()] };
}

async function info(url: string, { importMap }: GraphOptions): Promise<Info> {
  const flags = [
    "--json",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    `--import-map=${importMap}`,
  ];
  const { stdout } = await runDeno(["info", ...flags, url], {
    doing: `look through the imports of "${url}"`,
    env: { DENO_NO_PACKAGE_JSON: "1" },
  });
  return JSON.parse(stdout);
}

/** What a dependency imports at run time; types are gone by then. */
function importOf({ specifier, code, assertionType }: InfoDependency, importer: string): Import | undefined {
  if (code === undefined) return undefined;
  const { start } = code.span ?? { start: { line: 0, character: 0 } };
  const at: SourcePlace = { file: importer, line: start.line + 1, column: start.character + 1 };
  if (code.specifier === undefined) {
    throw refused({ specifier, at }, 'a recipe imports its own files and "drover"', {
      hint: bareHint(specifier),
    });
  }
  return { specifier, url: code.specifier, attribute: assertionType, at };
}

function bareHint(specifier: string): string {
  return specifier === "zod"
    ? 'Import it from "drover": import { z } from "drover"'
    : "Copy what it needs beside the recipe";
}

/** Checks where a module lies, before anything about its content is said. */
function ownModule(wanted: Import, folder: string): RecipeModule {
  if (!wanted.url.startsWith("file:")) throw refused(wanted, foreign(wanted));
  const url = new URL(wanted.url);
  if (url.search !== "" || url.hash !== "") throw refused(wanted, "its address has a query or a fragment");
  const path = fileURLToPath(url);
  if (!isWithin(path, folder)) {
    throw refused(wanted, `it lies outside the recipe's folder "${folder}"`, {
      hint: "Copy it there, or put the recipe into a folder above it",
    });
  }
  const real = realPath(path);
  if (real === undefined) {
    throw new VirtError("not-found", `Cannot import "${wanted.specifier}": there is no file "${path}"`, {
      at: wanted.at,
    });
  }
  if (!isWithin(real, folder)) {
    throw refused(wanted, `it is a link that leaves the recipe's folder "${folder}"`);
  }
  if (wanted.attribute !== undefined && wanted.attribute !== "json") {
    throw refused(wanted, `a recipe imports code and JSON, not ${wanted.attribute}`, {
      hint: "Name it in the recipe's `files` and read it with files.text() or files.bytes()",
    });
  }
  if (`${path}${real}`.includes(",")) {
    const doing = wanted.specifier === path ? "run the recipe" : `import "${wanted.specifier}"`;
    throw new VirtError(
      "invalid-argument",
      `Cannot ${doing}: the path "${path}" holds a comma`,
      {
        at: wanted.at,
        hint: "Rename it; the list of files that the sandbox may read is separated by commas",
      },
    );
  }
  return { path, realPath: real };
}

function foreign({ specifier, url }: Import): string {
  if (specifier.startsWith("node:") || url.startsWith("data:text/javascript,throw")) {
    return "Node's modules reach outside the sandbox";
  }
  if (/^(npm|jsr):/.test(url)) return "packages cannot be resolved inside the sandbox";
  if (/^https?:/.test(url)) return "there is no network inside the sandbox";
  return `a recipe imports its own files and "drover"`;
}

function throwIfUnusable({ specifier, at, attribute }: Import, module: InfoModule | undefined): void {
  if (module?.error !== undefined) {
    throw new VirtError("recipe-failed", `Cannot load "${specifier}": ${module.error.split("\n")[0]}`, {
      at: placeIn(module.error) ?? at,
    });
  }
  if (module?.mediaType === "Json" || attribute === "json") return;
  if (module === undefined || !codeTypes.includes(module.mediaType ?? "")) {
    const kind = module?.mediaType ?? module?.kind ?? "this";
    throw refused({ specifier, at }, `a recipe imports ECMAScript modules and JSON, not ${kind}`);
  }
}

function isData({ attribute }: Import): boolean {
  return attribute === "json";
}

/** Where a module is wrong, as Deno's message about it ends. */
function placeIn(message: string): SourcePlace | undefined {
  const match = /(file:\/\/\S+):(\d+):(\d+)\s*$/.exec(message);
  return match === null ? undefined : { file: match[1]!, line: Number(match[2]), column: Number(match[3]) };
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
}

/** Hidden files hold keys and settings, of whoever's folder a recipe happens to lie in. */
function refuseHidden(
  wanted: Import,
  { module, folder }: { readonly module: RecipeModule; readonly folder: string },
): void {
  if (![module.path, module.realPath].some((path) => isHidden(relative(folder, path)))) return;
  throw refused(wanted, "hidden files are none of a recipe's", {
    hint: "Give it a name without a dot at its beginning if it is the recipe's",
  });
}

/** Whether a file, or a folder on the way to it, is hidden. */
function isHidden(way: string): boolean {
  return way.split(sep).some((name) => name.startsWith("."));
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

function refused(
  { specifier, at }: Pick<Import, "specifier" | "at">,
  why: string,
  { hint }: { readonly hint?: string } = {},
): VirtError {
  return new VirtError("permission-denied", `Cannot import "${specifier}": ${why}`, {
    at,
    ...(hint === undefined ? {} : { hint }),
  });
}
