/**
 * The one file that stands for "drover" inside the sandbox, where no package can be resolved: boot, DSL and zod.
 *
 * It is built from `dsl/boot.ts` when it is missing or one of its sources has changed. Its name tells its content, and what
 * is built is moved into place, so that several processes may build at once and running sandboxes keep theirs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { builtinModules } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";
import { VirtError } from "../../model/error.ts";
import { runDeno } from "./deno_command.ts";

/** What a sandbox is started with. Paths are absolute and real. */
export interface SandboxBundle {
  /** The main module inside the sandbox. */
  readonly boot: string;
  /** Says that "drover" is that file, and that recipes import nothing else that is not their own. */
  readonly importMap: string;
  /** Deno's analysis of the file, so that it need not be parsed at each start. */
  readonly analysis: string;
}

/** Where the bundle is, and what it was made of. */
interface Manifest {
  readonly format: number;
  readonly deno: string;
  readonly sources: readonly SourceStamp[];
  readonly boot: string;
  readonly importMap: string;
  readonly analysis: string;
}

/** A source as it was when the bundle was made. */
interface SourceStamp {
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Grows when the files of a bundle change their meaning. */
const format = 1;
/** How long the files of earlier builds are kept. */
const keptMs = 60 * 60 * 1000;
/** The name of Deno's analysis cache within its directory. */
export const analysisFile = "dep_analysis_cache_v2";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = join(root, "dsl", "boot.ts");
/** Deno would look for a configuration from the current folder on. */
const configFlag = `--config=${join(root, "deno.json")}`;

let current: Promise<SandboxBundle> | undefined;

/**
 * The bundle of this process: looked for, and built if need be, once.
 *
 * @throws {VirtError} `internal` where it cannot be built.
 */
export function sandboxBundle(): Promise<SandboxBundle> {
  current ??= findOrBuild().catch((error) => {
    current = undefined;
    throw error;
  });
  return current;
}

async function findOrBuild(): Promise<SandboxBundle> {
  const directories = [join(root, ".build", "sandbox"), userCache()];
  for (const directory of directories) {
    const found = readManifest(directory);
    if (found !== undefined && isFresh(directory, found)) return locate(directory, found);
  }
  for (const directory of directories) {
    if (canWrite(directory)) return await build(directory);
  }
  throw new VirtError("internal", `Cannot build the sandbox: no directory can be written to`, {
    hint: `Make one of these writable: ${directories.join(", ")}`,
  });
}

/** Where bundles of a checkout stand that cannot be written to. */
function userCache(): string {
  const home = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? Deno.cwd(), ".cache");
  return join(home, "drover", "sandbox", digest(root));
}

function readManifest(directory: string): Manifest | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(join(directory, "manifest.json")));
  } catch {
    return undefined;
  }
}

function isFresh(directory: string, manifest: Manifest): boolean {
  if (manifest.format !== format || manifest.deno !== Deno.version.deno) return false;
  const built = [manifest.boot, manifest.importMap, manifest.analysis];
  if (built.some((name) => stamp(join(directory, name)) === undefined)) return false;
  return manifest.sources.every(({ path, size, modifiedMs }) => {
    const now = stamp(path);
    return now !== undefined && now.size === size && now.modifiedMs === modifiedMs;
  });
}

function stamp(path: string): SourceStamp | undefined {
  try {
    const { size, mtime } = Deno.statSync(path);
    return { path, size, modifiedMs: mtime?.getTime() ?? 0 };
  } catch {
    return undefined;
  }
}

function locate(directory: string, { boot, importMap, analysis }: Manifest): SandboxBundle {
  const real = Deno.realPathSync(directory);
  return { boot: join(real, boot), importMap: join(real, importMap), analysis: join(real, analysis) };
}

function canWrite(directory: string): boolean {
  try {
    Deno.mkdirSync(directory, { recursive: true });
    Deno.removeSync(Deno.makeTempDirSync({ dir: directory, prefix: "probe-" }));
    return true;
  } catch {
    return false;
  }
}

async function build(directory: string): Promise<SandboxBundle> {
  const workshop = Deno.makeTempDirSync({ dir: directory, prefix: "build-" });
  try {
    // Stamped before they are read: a source that changes meanwhile makes the bundle stale, not wrong.
    const sources = await readSources();
    const boot = await buildBoot(workshop);
    const manifest: Manifest = {
      format,
      deno: Deno.version.deno,
      sources,
      boot: keep(directory, boot, { name: "boot", extension: "mjs" }),
      importMap: "",
      analysis: "",
    };
    const real = Deno.realPathSync(directory);
    const bootFile = join(real, manifest.boot);
    const importMap = keep(directory, importMapFor(bootFile, boot), { name: "imports", extension: "json" });
    const analysis = keep(
      directory,
      await analyse(bootFile, { workshop, importMap: join(real, importMap) }),
      {
        name: `analysis-${manifest.boot.slice("boot-".length, -".mjs".length)}`,
        extension: "db",
      },
    );
    const complete: Manifest = { ...manifest, importMap, analysis };
    Deno.writeTextFileSync(join(workshop, "manifest.json"), JSON.stringify(complete));
    Deno.renameSync(join(workshop, "manifest.json"), join(directory, "manifest.json"));
    removeOld(directory, Object.values(complete));
    return locate(directory, complete);
  } finally {
    Deno.removeSync(workshop, { recursive: true });
  }
}

/** Removes what earlier builds left, once nobody can be about to start with it. */
function removeOld(directory: string, current: readonly unknown[]): void {
  const now = stamp(join(directory, "manifest.json"))?.modifiedMs ?? 0;
  for (const { name } of Deno.readDirSync(directory)) {
    const found = stamp(join(directory, name));
    if (name === "manifest.json" || current.includes(name) || found === undefined) continue;
    if (found.modifiedMs > now - keptMs) continue;
    Deno.removeSync(join(directory, name), { recursive: true });
  }
}

/** Every file of ours that goes into the bundle, and what decides which packages do. */
async function readSources(): Promise<SourceStamp[]> {
  const { stdout } = await runDeno(["info", "--json", "--frozen", configFlag, entry], {
    doing: "read the sources of the sandbox",
  });
  const graph: { readonly modules: readonly { readonly specifier: string; readonly local?: string }[] } = JSON
    .parse(stdout);
  const own = graph.modules.filter(({ specifier }) => specifier.startsWith(pathToFileURL(root).href));
  const paths = [...own.map(({ local }) => local), join(root, "deno.json"), join(root, "deno.lock")];
  return paths.map((path) => path === undefined ? undefined : stamp(path)).filter((found) =>
    found !== undefined
  );
}

async function buildBoot(workshop: string): Promise<Uint8Array> {
  const output = join(workshop, "boot.mjs");
  const flags = [
    "--quiet",
    "--frozen",
    configFlag,
    "--minify",
    "--keep-names",
    "--platform=deno",
    "--format=esm",
  ];
  await runDeno(["bundle", ...flags, `--output=${output}`, entry], { doing: "bundle the sandbox" });
  return Deno.readFileSync(output);
}

/**
 * Recipes find "drover" and their own files. Node's modules would come with Deno and need no permission; the boot file keeps
 * those that it uses itself.
 */
function importMapFor(bootFile: string, boot: Uint8Array): Uint8Array {
  const bootUrl = pathToFileURL(bootFile).href;
  const imports: Record<string, string> = { drover: bootUrl };
  for (const name of builtinModules) {
    const bare = name.replace(/^node:/, "");
    for (const specifier of [bare, `node:${bare}`]) imports[specifier] = refusalModule(specifier);
  }
  const used = new TextDecoder().decode(boot).matchAll(/\bfrom\s*"(node:[a-z_/]+)"/g);
  const own = Object.fromEntries([...used].map(([, specifier]) => [specifier, specifier]));
  return new TextEncoder().encode(JSON.stringify({ imports, scopes: { [bootUrl]: own } }));
}

/** A module that says why it is not there. */
function refusalModule(specifier: string): string {
  const message =
    `Recipes cannot import "${specifier}"; ask the runtime through the handles that run() is given`;
  return `data:text/javascript,${encodeURIComponent(`throw new TypeError(${JSON.stringify(message)});`)}`;
}

/** Has Deno look through the boot file once, and takes what it noted down. */
async function analyse(
  bootFile: string,
  { workshop, importMap }: { readonly workshop: string; readonly importMap: string },
): Promise<Uint8Array> {
  const denoDirectory = join(workshop, "deno");
  Deno.mkdirSync(denoDirectory);
  const flags = [
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--cached-only",
    "--no-config",
    "--no-lock",
  ];
  // Without a runtime that talks to it, it ends by itself.
  await runDeno(["run", ...flags, "--no-code-cache", `--import-map=${importMap}`, bootFile, "none", "1024"], {
    doing: "start the sandbox for the first time",
    env: { DENO_DIR: denoDirectory },
    accepts: [0, 1],
  });
  const file = join(denoDirectory, analysisFile);
  const database = new DatabaseSync(file);
  // One file that can be copied, where Deno leaves a database with its log beside it.
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  return Deno.readFileSync(file);
}

/** Puts a file into the directory under a name that tells its content; one that is there already is the same. */
function keep(
  directory: string,
  content: Uint8Array,
  { name, extension }: { readonly name: string; readonly extension: string },
): string {
  const file = `${name}-${digest(content)}.${extension}`;
  const temporary = Deno.makeTempFileSync({ dir: directory, prefix: "part-" });
  Deno.writeFileSync(temporary, content);
  Deno.chmodSync(temporary, 0o644);
  Deno.renameSync(temporary, join(directory, file));
  return file;
}

function digest(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
