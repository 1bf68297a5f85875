/**
 * The programs that every simulated guest has.
 *
 * @module
 */

/** What a program is begun with. */
export interface ProgramStart {
  /** Its name, or its path. */
  readonly path: string;
  readonly arguments: readonly string[];
  /** NAME=VALUE */
  readonly environment: readonly string[];
  readonly stdin: string;
  /** The guest's name. */
  readonly hostname: string;
}

/** What came of a program. */
export interface ProgramEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it takes, in milliseconds. */
  readonly takesMs: number;
}

type Program = (start: ProgramStart) => Partial<ProgramEnd>;

/** How many lines `seq` prints at most. */
const longest = 1_000_000;

const programs: Readonly<Record<string, Program>> = {
  true: () => ({}),
  false: () => ({ exitCode: 1 }),
  echo: ({ arguments: words }) => ({ stdout: `${words.join(" ")}\n` }),
  cat: ({ stdin }) => ({ stdout: stdin }),
  hostname: ({ hostname }) => ({ stdout: `${hostname}\n` }),
  env: ({ environment }) => ({ stdout: environment.map((each) => `${each}\n`).join("") }),
  "cloud-init": ({ arguments: [verb = ""] }) =>
    verb === "status" ? { stdout: "status: done\n" } : { exitCode: 2, stderr: "usage: cloud-init status\n" },
  exit: ({ arguments: [code = "0"] }) => ({ exitCode: Number(code) & 255 }),
  sleep: ({ arguments: [seconds = "0"] }) => ({ takesMs: Math.max(0, Number(seconds) * 1000) }),
  seq: ({ arguments: [last = "0"] }) => ({
    stdout: Array.from({ length: Math.min(longest, Number(last)) }, (_, index) => `${index + 1}\n`).join(""),
  }),
};

/** Runs a program; nothing where the guest has none of that name. */
export function runProgram(start: ProgramStart): ProgramEnd | undefined {
  const name = start.path.split("/").at(-1) ?? "";
  if (!Object.hasOwn(programs, name)) return undefined;
  return { exitCode: 0, stdout: "", stderr: "", takesMs: 0, ...programs[name]?.(start) };
}
