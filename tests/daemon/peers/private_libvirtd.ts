/**
 * libvirt's own test driver, as what its clients see is compared with.
 *
 * @module
 */
import { RealHost } from "../../real/kit/host.ts";
import { unavailable } from "../../real/kit/requirements.ts";
import { RunningDaemon } from "../kit/running_daemon.ts";

/** A program of a package of Debian's. */
export interface PeerProgram {
  readonly program: string;
  /** Arguments with which it does nothing, and succeeds where everything that it needs is there. */
  readonly probe: readonly string[];
  readonly package: string;
}

/** Why a comparison cannot be made here; absent where it can. */
export function reasonAgainst({ program, probe, package: name }: PeerProgram): string | undefined {
  try {
    const asked = new Deno.Command(program, { args: [...probe], stdout: "null", stderr: "null" });
    if (!asked.outputSync().success) return `${name} is not installed`;
  } catch {
    return `${name} is not installed`;
  }
  return unavailable({});
}

/** A peer's way to a host of a test driver. */
export interface Side {
  readonly socket: string;
  readonly uri: string;
}

/** Does the same with libvirt's test driver and with ours, each behind a daemon of its own. */
export async function onBoth<T>(
  action: (side: Side) => Promise<T>,
): Promise<{ readonly ours: T; readonly theirs: T }> {
  await using ours = await RunningDaemon.start();
  await using theirs = await RealHost.start();
  const [mine, other] = await Promise.all([
    action({ socket: ours.socket, uri: ours.uri() }),
    action({ socket: theirs.socket, uri: theirs.uri("test") }),
  ]);
  return { ours: mine, theirs: other };
}

/** Runs a program that is to succeed, and gives what it printed. */
export async function output(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const { cwd, env = {} } = options;
  const command = new Deno.Command(program, {
    args: [...args],
    env: { LC_ALL: "C", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${program} failed: ${text.decode(stderr)}${text.decode(stdout)}`);
  return text.decode(stdout);
}

/** One step of a peer: its name, whether it went well, and what it gave. */
export type Step = readonly [name: string, kind: string, value: unknown];

/** Lines of JSON as steps. */
export function stepsOf(text: string): readonly Step[] {
  return text.trim().split("\n").map((line) => JSON.parse(line) as Step);
}

/** Steps that may come out otherwise than with libvirt, with why: patterns of their names. */
export type Differences = readonly { readonly why: string; readonly steps: readonly RegExp[] }[];

/** How a step ends that a driver has no function for: VIR_ERR_NO_SUPPORT. */
const notSupported = "error 3";

/** What is otherwise and may not be, and what may be and is not. */
export function compare(
  { ours, theirs }: { readonly ours: readonly Step[]; readonly theirs: readonly Step[] },
  allowed: Differences,
): { readonly unexplained: readonly string[]; readonly needless: readonly string[]; readonly same: number } {
  const patterns = allowed.flatMap(({ steps }) => steps);
  const met = new Set<RegExp>();
  const unexplained: string[] = [];
  let same = 0;
  const named = byName(ours);
  for (const [name, theirValue] of byName(theirs)) {
    const ourValue = named.get(name);
    // What libvirt's test driver lacks, ours may have.
    if (ourValue === theirValue || theirValue === notSupported) {
      same++;
      continue;
    }
    const pattern = patterns.find((each) => each.test(name));
    if (pattern === undefined) unexplained.push(`${name}: ${ourValue} where libvirt gives ${theirValue}`);
    else met.add(pattern);
  }
  return { unexplained, needless: patterns.filter((each) => !met.has(each)).map(String), same };
}

/** What each step gave; steps of one name are told apart by their order. */
function byName(steps: readonly Step[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, kind, value] of steps) {
    let key = name;
    for (let number = 2; found.has(key); number++) key = `${name} (${number})`;
    found.set(key, `${kind} ${JSON.stringify(value)}`);
  }
  return found;
}
