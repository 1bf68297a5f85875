/**
 * The same commands of virsh's on two hosts, and what differs in what they print.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Commands one after the other, on a host as it is when nobody has touched it. */
export type Walk = readonly string[];

/** A command that prints something else here than on libvirt's own test driver. */
export interface Difference {
  readonly command: string;
  /** A part of what is printed here. */
  readonly ours: string | RegExp;
  /** Why it is to be so. */
  readonly reason: string;
}

/** What virsh is to do with a family of objects. */
export interface Comparison {
  /** The driver of libvirt's that has them. What that one keeps, walks take away themselves. @default "test" */
  readonly reference?: "test" | "qemu";
  /** Documents, which commands name as `@NAME`. */
  readonly documents?: Readonly<Record<string, string>>;
  readonly walks: readonly Walk[];
  /** What is never twice the same, such as times. */
  readonly blur?: readonly RegExp[];
  readonly differences: readonly Difference[];
}

/** Why virsh cannot be asked here; absent where it can. */
export function virshMissing(): string | undefined {
  try {
    new Deno.Command("virsh", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "virsh is not there (Debian: libvirt-clients)";
  }
}

/** What virsh prints for each of several commands in one session, errors among it. */
export async function virshSession(uri: string, commands: Walk): Promise<readonly string[]> {
  const script = commands.flatMap((command, index) => [command, `echo end-of ${index}`]);
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec virsh -c "$1" 2>&1', "sh", uri],
    stdin: "piped",
    stdout: "piped",
    env: { LC_ALL: "C", TZ: "UTC" },
    // One that hangs is not waited for; what it said is compared all the same, and found wanting.
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${[...script, "quit"].join("\n")}\n`)).catch(() => {});
  await writer.close().catch(() => {});
  const text = new TextDecoder().decode((await child.output()).stdout);
  // virsh shows each command before its answer.
  return text.split(/virsh # echo end-of \d+\nend-of \d+\n/).slice(0, commands.length)
    .map((part) => part.slice(part.indexOf("virsh #")).split("\n").slice(1).join("\n"));
}

/**
 * Takes both hosts through every walk.
 *
 * @throws {AssertionError} where they differ otherwise than it is said, or do not differ where it is said that they do.
 */
export async function compareHosts(
  { documents = {}, walks, differences, blur = [] }: Comparison,
  { theirs, ours }: { readonly theirs: string; readonly ours: string },
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "drover-virsh-" });
  const met = new Set<Difference>();
  try {
    for (const [name, text] of Object.entries(documents)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    for (const walk of walks) {
      const commands = walk.map((command) => command.replace(/@([\w-]+)/g, `${directory}/$1`));
      const [wanted, found] = await Promise.all([
        virshSession(theirs, commands),
        virshSession(ours, commands),
      ]);
      walk.forEach((command, index) => {
        const [their = "", our = ""] = [wanted[index], found[index]].map((said = "") =>
          blur.reduce((text, part) => text.replace(part, "~"), said)
        );
        if (our === their) return;
        const known = differences.find((each) => each.command === command && matches(our, each.ours));
        if (known !== undefined) met.add(known);
        else assert.equal(our, their, `${command}\nafter ${walk.slice(0, index).join("; ") || "nothing"}`);
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  const past = differences.filter((each) => !met.has(each)).map(({ command }) => command);
  assert.deepEqual(past, [], "These commands are said to differ, and do not");
}

function matches(text: string, part: string | RegExp): boolean {
  return typeof part === "string" ? text.includes(part) : part.test(text);
}
