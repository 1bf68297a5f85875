/**
 * How a recipe's process is shut in, and with which of the machine's means.
 *
 * @module
 */
import { basename, delimiter, dirname, join } from "node:path";
import { VirtError } from "../../model/error.ts";
import { type Budget, defaultBudget } from "./budget.ts";

/** How well a process is shut in; the best first. */
export const isolationLevels = ["bwrap+prlimit", "bwrap", "prlimit", "process"] as const;

/**
 * `bwrap`: namespaces of its own, where nothing is there but its own files and no network is. `prlimit`: limits on memory,
 * files and computing. `process`: a process with no permissions, limited by its heap and by our watching it.
 */
export type IsolationLevel = typeof isolationLevels[number];

/** The programs of this machine that shut a process in. */
export interface Isolation {
  readonly level: IsolationLevel;
  readonly bwrap?: string;
  readonly prlimit?: string;
  readonly setpriv?: string;
  /** Libraries that Deno needs, and under which further names the loader looks for them. */
  readonly libraries: readonly RecipeMount[];
}

/** A file of the host, and where the process finds it. */
export interface RecipeMount {
  readonly source: string;
  readonly path: string;
}

/** What one process needs. */
export interface ShutInOptions {
  readonly budget: Budget;
  /** Files that it may see, beside Deno and its libraries. */
  readonly mounts: readonly RecipeMount[];
  /** Its directory for Deno's own caches, and the file of it that is there from the start. */
  readonly denoDirectory: string;
  readonly analysis: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

/** What files a process may write in one piece, in bytes; Deno's own caches are all that it writes. */
const fileBytes = 16 * 2 ** 20;
/** How large the file system is on which Deno's caches lie, in bytes. */
const scratchBytes = 32 * 2 ** 20;
/** Below this Deno does not start. */
const leastMemoryBytes = 128 * 2 ** 20;
const openFiles = 64;

let probed: Promise<Isolation> | undefined;

/** The best that works on this machine; tried once per process. */
export function probeIsolation(): Promise<Isolation> {
  probed ??= probe();
  return probed;
}

/**
 * The best that works on this machine, as it stands or by choice less.
 *
 * @throws {VirtError} `unsupported` where `strict` is asked for and the machine has less than the best, or where a level is
 * asked for that it does not have.
 */
export async function chooseIsolation(wanted: "strict" | "best" | IsolationLevel): Promise<Isolation> {
  const best = await probeIsolation();
  if (wanted === "best" || wanted === best.level) return best;
  if (wanted === "strict") {
    if (best.level === isolationLevels[0]) return best;
    throw new VirtError(
      "unsupported",
      `Cannot run in a strict sandbox: this machine offers only "${best.level}"`,
      {
        hint: "Install bubblewrap and util-linux, and allow user namespaces",
      },
    );
  }
  const { bwrap, prlimit, setpriv, libraries } = best;
  const less: Isolation = {
    level: wanted,
    libraries,
    ...(wanted.includes("bwrap") && bwrap !== undefined ? { bwrap } : {}),
    ...(wanted.includes("prlimit") && prlimit !== undefined ? { prlimit } : {}),
    ...named("setpriv", setpriv),
  };
  if (levelOf(less) === wanted) return less;
  throw new VirtError(
    "unsupported",
    `Cannot run in a sandbox of level "${wanted}": this machine offers "${best.level}"`,
  );
}

/** The command that runs a program shut in. */
export function shutIn(isolation: Isolation, options: ShutInOptions): string[] {
  const { bwrap, prlimit, setpriv } = isolation;
  const limits = prlimit === undefined ? [] : [prlimit, ...limitFlags(options.budget), "--"];
  if (bwrap !== undefined) {
    return [...limits, bwrap, ...bwrapFlags(isolation, options), "--", ...options.command];
  }
  // bwrap does both of these itself.
  const tether = setpriv === undefined ? [] : [setpriv, "--no-new-privs", "--pdeathsig=KILL", "--"];
  return [...tether, ...limits, ...options.command];
}

function limitFlags({ memoryBytes, cpuSeconds }: Budget): string[] {
  return [
    // Not the address space: V8 reserves many GiB of it.
    `--data=${Math.max(memoryBytes, leastMemoryBytes)}`,
    // Past the soft limit comes SIGXCPU, by which the cause is known; past the hard one SIGKILL.
    `--cpu=${cpuSeconds}:${cpuSeconds + 5}`,
    `--nofile=${openFiles}`,
    `--fsize=${fileBytes}`,
    "--core=0",
  ];
}

function bwrapFlags(
  { libraries }: Isolation,
  { mounts, denoDirectory, analysis, command }: ShutInOptions,
): string[] {
  const deno = command[0]!;
  return [
    "--unshare-all",
    "--unshare-user",
    ...["--uid", "65534", "--gid", "65534", "--hostname", "sandbox"],
    ...["--cap-drop", "ALL"],
    "--new-session",
    "--die-with-parent",
    ...bind([...libraries, { source: deno, path: deno }, ...mounts]),
    ...["--size", String(scratchBytes), "--tmpfs", denoDirectory],
    ...["--bind", analysis, join(denoDirectory, basename(analysis))],
    ...["--remount-ro", "/"],
    ...["--chdir", "/"],
  ];
}

function bind(mounts: readonly RecipeMount[]): string[] {
  return mounts.flatMap(({ source, path }) => ["--ro-bind", source, path]);
}

async function probe(): Promise<Isolation> {
  const found: Isolation = {
    level: "process",
    libraries: await findLibraries(),
    ...named("bwrap", findProgram("bwrap")),
    ...named("prlimit", findProgram("prlimit")),
    ...named("setpriv", findProgram("setpriv")),
  };
  const { bwrap, prlimit, setpriv, libraries } = found;
  const prlimitPart = named("prlimit", prlimit);
  const candidates: readonly Isolation[] = [
    { ...found },
    { level: "process", libraries, ...named("bwrap", bwrap) },
    { level: "process", libraries, ...prlimitPart, ...named("setpriv", setpriv) },
    { level: "process", libraries, ...prlimitPart },
  ];
  for (const candidate of candidates) {
    const level = levelOf(candidate);
    if (level !== "process" && await works(candidate)) return { ...candidate, level };
  }
  return { level: "process", libraries };
}

function levelOf({ bwrap, prlimit }: Isolation): IsolationLevel {
  if (bwrap !== undefined) return prlimit === undefined ? "bwrap" : "bwrap+prlimit";
  return prlimit === undefined ? "process" : "prlimit";
}

function named<Name extends string>(name: Name, value: string | undefined): { [N in Name]?: string } {
  return value === undefined ? {} : { [name]: value } as { [N in Name]: string };
}

/** The whole of it, around a Deno that only says its version. */
async function works(isolation: Isolation): Promise<boolean> {
  try {
    const [program, ...args] = shutIn(isolation, {
      budget: defaultBudget,
      mounts: [],
      denoDirectory: "/deno",
      analysis: "/dev/null",
      command: [denoProgram(), "--version"],
    });
    const { success } = await new Deno.Command(program!, {
      args,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** The Deno that runs us, links resolved. */
export function denoProgram(): string {
  return Deno.realPathSync(Deno.execPath());
}

function findProgram(name: string): string | undefined {
  const directories = (Deno.env.get("PATH") ?? "").split(delimiter);
  return [...directories, "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    .filter((directory) => directory.startsWith("/"))
    .map((directory) => join(directory, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && mode !== null && (mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** The libraries of this very process, since what is to be run is the same program (proc(5), /proc/pid/maps). */
async function findLibraries(): Promise<RecipeMount[]> {
  let maps: string;
  try {
    maps = await Deno.readTextFile("/proc/self/maps");
  } catch {
    return [];
  }
  const paths = new Set(
    maps.split("\n").map((line) => line.slice(line.indexOf("/"))).filter((path) =>
      /^\/.*\/[^/]*\.so(\.[0-9.]+)?$/.test(path)
    ),
  );
  const mounts = new Map<string, string>();
  for (const path of paths) {
    mounts.set(path, path);
    // Programs name their loader, and loaders look, by the short directories that are often links to the long ones.
    for (const alias of aliases(path)) {
      if (realPath(alias) === path) mounts.set(alias, path);
    }
  }
  return [...mounts].map(([path, source]) => ({ path, source }));
}

function aliases(path: string): string[] {
  const name = basename(path);
  const directory = dirname(path);
  const short = directory.startsWith("/usr/") ? [directory.slice("/usr".length)] : [];
  return [...short, "/lib64", "/lib", "/usr/lib64", "/usr/lib"].map((folder) => join(folder, name));
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}
