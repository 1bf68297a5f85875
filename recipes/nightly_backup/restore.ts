/**
 * Restoring backups: each disk as one image of its own, and a domain beside the one that was backed up to see whether it comes up.
 *
 * @module
 */
import { type Domain, type Host, isVirtError, type Pool, type Temporary, type Volume } from "drover";
import { type BackedUpDisk, type Entry, escaped } from "./book.ts";
import { disksIn, scratchDefinition, type SourceDisk } from "./source.ts";

/** How it is found out whether a restored domain is as the other one was. */
export interface Proof {
  /** A program with its arguments that the agents of both guests run; what it prints has to be the same. */
  readonly check: readonly string[];
  /** A text that the restored guest has to print on its console. */
  readonly consoleText: string;
  /** How long it may take to come up. */
  readonly bootWithin: `${number}s`;
}

/** Puts a disk of a backup together, as a volume that needs no other one. */
export async function restoreDisk(
  pool: Pool,
  { volume, bytes }: BackedUpDisk,
  name: string,
): Promise<Volume & Temporary> {
  const xml = `<volume><name>${escaped(name)}</name><capacity unit='bytes'>${bytes}</capacity>
    <target><format type='qcow2'/></target></volume>`;
  return await pool.createVolumeFrom({ xml, from: await pool.volume(volume) }, { temporary: true });
}

/** What the check prints in a guest; nothing where none was asked for. */
export async function ask(vm: Domain, check: readonly string[]): Promise<string | undefined> {
  const [program, ...args] = check;
  if (program === undefined) return undefined;
  const { exitCode, out, err } = await vm.agent.exec(program, args);
  if (exitCode === 0) return out;
  throw new Error(`"${check.join(" ")}" failed in ${vm}, with ${exitCode}: ${err.trim()}`);
}

/**
 * Restores a backup into volumes and a domain that go again, and looks whether it is as it was.
 *
 * @returns what was found out, in words
 *
 * @throws where it is not as it was
 */
export async function proveRestorable(
  host: Host,
  { pool, entry, proof, answer }: {
    readonly pool: Pool;
    readonly entry: Omit<Entry, "verified" | "good">;
    readonly proof: Proof;
    /** What the check printed in the guest that was backed up. */
    readonly answer: string | undefined;
  },
): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const name = `${entry.domain}-restored-${entry.id}`;
  const sources = new Map(disksIn(entry.definition).map((disk) => [disk.target, disk]));
  const disks: (SourceDisk & { readonly path: string })[] = [];
  for (const disk of entry.disks) {
    const volume = stack.use(await restoreDisk(pool, disk, `${name}.${disk.target}.qcow2`));
    const { path, capacityBytes } = await volume.info();
    if (capacityBytes !== disk.bytes) {
      throw new Error(`${volume} has ${capacityBytes} bytes instead of ${disk.bytes}`);
    }
    const source = sources.get(disk.target);
    if (source !== undefined) disks.push({ ...source, path });
  }
  const isBooted = proof.consoleText !== "" || answer !== undefined;
  if (!isBooted) return "read as a whole";
  const vm = stack.use(
    await host.temporary.domain({ xml: scratchDefinition(entry.definition, { name, disks }) }),
  );
  return await boot(vm, proof, answer);
}

async function boot(vm: Domain, proof: Proof, answer: string | undefined): Promise<string> {
  const { consoleText, check, bootWithin: within } = proof;
  const found: string[] = [];
  if (consoleText === "") {
    await vm.start();
  } else {
    await vm.start({ paused: true });
    await vm.console.open();
    await vm.resume();
    await vm.console.expect(consoleText, { within });
    found.push(`printed "${consoleText}"`);
  }
  if (answer !== undefined) {
    await vm.until.agent({ within });
    const there = await ask(vm, check);
    if (there !== answer) {
      throw new Error(
        `"${check.join(" ")}" prints ${JSON.stringify(there)} in what was restored, and ${
          JSON.stringify(answer)
        } in what was backed up`,
      );
    }
    found.push(`"${check.join(" ")}" prints the same`);
  }
  return `booted, ${found.join(", ")}`;
}

/** Whether somebody can be asked again later: a guest that is not up, or has no agent. */
export function isNoAgent(error: unknown): boolean {
  return (["unsupported", "wrong-state", "timed-out", "operation-failed", "slot-timeout"] as const).some((
    code,
  ) => isVirtError(error, code));
}
