/**
 * Making one backup of a running domain.
 *
 * @module
 */
import { type Domain, isVirtError, type Log, type Pool } from "drover";
import { type BackedUpDisk, deleteVolumes, type Entry, escaped, newId, volumeName } from "./book.ts";
import { disksIn } from "./source.ts";

/** Whether a guest's file systems are frozen for the moment in which a backup begins. */
export type Quiesce = "auto" | "always" | "never";

/** How a backup is made. */
export interface BackUpOptions {
  readonly pool: Pool;
  /** The last backup that can be restored; nothing where there is none. */
  readonly last: Entry | undefined;
  /** When the newest one was begun, good or not: no two are called alike. */
  readonly latest: number;
  /** How many backups of changes follow a whole one before the next whole one. */
  readonly maxIncrements: number;
  /** How many follow the last whole one by now. */
  readonly increments: number;
  readonly quiesce: Quiesce;
  readonly within: `${number}s`;
  readonly now: () => number;
  readonly log: Log;
}

/** What was made, and not looked at yet. */
export type Unproven = Omit<Entry, "verified" | "good">;

/** How checkpoints of this recipe begin; others are nobody's business here. */
const checkpointPrefix = "drover-backup-";

/** Copies a running domain's disks: what has changed where that can be told, else all of it. */
export async function backUp(vm: Domain, options: BackUpOptions): Promise<Unproven> {
  const { last, latest, log, now } = options;
  const [live, definition] = [await vm.xml(), await vm.xml({ inactive: true })];
  const sources = disksIn(live);
  if (sources.length === 0) throw new Error(`${vm} has no disk that can be backed up`);
  // Changes are followed in bitmaps, and those are kept in qcow2 images.
  const canFollow = sources.every(({ format }) => format === "qcow2");
  const takenAt = Math.max(now(), latest + 1000);
  const id = newId(takenAt);
  const disks: BackedUpDisk[] = [];
  for (const { target } of sources) {
    const { capacityBytes } = await vm.blockInfo({ disk: target });
    disks.push({ target, volume: volumeName(vm, id, target), bytes: capacityBytes });
  }
  const entry = {
    version: 1,
    id,
    domain: vm.name,
    uuid: vm.id,
    takenAt,
    ...(canFollow ? { checkpoint: `${checkpointPrefix}${id}` } : {}),
    disks,
    definition,
  } as const;
  const why = canFollow ? await whyFull(vm, disks, options) : "not all of its disks are qcow2";
  if (why === undefined && last !== undefined) {
    try {
      const consistency = await copy(vm, { entry, parent: last, options });
      return { ...entry, kind: "incremental", parent: last.id, consistency };
    } catch (error) {
      if (!mayTryWhole(error)) throw error;
      log.warn("the changes cannot be told: backing up all of it", { vm, why: error.message });
    }
  } else {
    log.info("backing up all of it", { vm, why: why ?? "it is the first time" });
  }
  const consistency = await copy(vm, { entry, parent: undefined, options });
  return { ...entry, kind: "full", consistency };
}

/** Why changes alone would not do; nothing where they do. */
async function whyFull(
  vm: Domain,
  disks: readonly BackedUpDisk[],
  { last, increments, maxIncrements }: BackUpOptions,
): Promise<string | undefined> {
  if (last === undefined) return "it is the first time";
  if (increments >= maxIncrements) return `${increments} backups of changes follow the last whole one`;
  const shape = (each: readonly BackedUpDisk[]): string =>
    each.map(({ target, bytes }) => `${target} ${bytes}`).sort().join();
  if (shape(last.disks) !== shape(disks)) return "its disks are other ones than last time";
  const checkpoints = (await vm.listCheckpoints()).map(({ name }) => name);
  return last.checkpoint !== undefined && checkpoints.includes(last.checkpoint)
    ? undefined
    : "the checkpoint of the last backup is gone";
}

/** Errors after which nothing speaks against another attempt with all of it. */
function mayTryWhole(error: unknown): error is Error {
  return ([
    "operation-failed",
    "invalid-argument",
    "invalid-document",
    "not-found",
    "unsupported",
    "wrong-state",
  ] as const)
    .some((code) => isVirtError(error, code));
}

/** Copies, or leaves nothing of it where that fails. */
async function copy(vm: Domain, what: Copying): Promise<Unproven["consistency"]> {
  const made: Made = { volumes: [] };
  try {
    return await copyDisks(vm, what, made);
  } catch (error) {
    // What cannot be removed now is removed by the next run: it does not count.
    await forget(vm, what.options.pool, made).catch((failure: Error) =>
      what.options.log.warn("something is left of a backup that failed", { vm, why: failure.message })
    );
    throw error;
  }
}

/** What a backup has made so far; of another one it touches nothing. */
interface Made {
  readonly volumes: string[];
  checkpoint?: string;
}

interface Copying {
  readonly entry: Pick<Unproven, "disks" | "checkpoint">;
  /** What the changes are told from; all of it where there is none. */
  readonly parent: Entry | undefined;
  readonly options: BackUpOptions;
}

async function copyDisks(
  vm: Domain,
  { entry, parent, options }: Copying,
  made: Made,
): Promise<Unproven["consistency"]> {
  const { pool, within, quiesce } = options;
  const targets: string[] = [];
  for (const { target, volume, bytes } of entry.disks) {
    const base = parent?.disks.find((each) => each.target === target);
    const basePath = base === undefined ? undefined : (await (await pool.volume(base.volume)).info()).path;
    const created = await pool.createVolume({ xml: volumeDocument(volume, bytes, basePath) });
    made.volumes.push(volume);
    const { path } = await created.info();
    targets.push(
      `<disk name='${target}' backup='yes' type='file'><driver type='qcow2'/><target file='${
        escaped(path)
      }'/></disk>`,
    );
  }
  const left = disksIn(await vm.xml()).map(({ target }) => target);
  const others = left.filter((target) => !entry.disks.some((disk) => disk.target === target));
  const xml = `<domainbackup><disks>${targets.join("")}${
    others.map((target) => `<disk name='${target}' backup='no'/>`).join("")
  }</disks></domainbackup>`;
  const frozen = await freeze(vm, quiesce);
  if (entry.checkpoint !== undefined) made.checkpoint = entry.checkpoint;
  let isThawed = false;
  const thaw = async (): Promise<void> => {
    if (isThawed) return;
    isThawed = true;
    await frozen?.thaw();
  };
  try {
    await vm.backUp({
      xml,
      reuseFiles: true,
      ...(parent?.checkpoint === undefined ? {} : { incremental: parent.checkpoint }),
      ...(entry.checkpoint === undefined ? {} : { checkpoint: entry.checkpoint }),
    }, {
      within,
      // What it copies is what was there when it began: the guest may write again.
      onProgress: thaw,
    });
  } finally {
    await thaw();
  }
  return frozen === undefined ? "crash" : "quiesced";
}

function volumeDocument(name: string, bytes: number, base: string | undefined): string {
  const backing = base === undefined
    ? ""
    : `<backingStore><path>${escaped(base)}</path><format type='qcow2'/></backingStore>`;
  return `<volume><name>${escaped(name)}</name><capacity unit='bytes'>${bytes}</capacity>
    <allocation>0</allocation><target><format type='qcow2'/></target>${backing}</volume>`;
}

async function freeze(
  vm: Domain,
  quiesce: Quiesce,
): Promise<Awaited<ReturnType<Domain["agent"]["freeze"]>> | undefined> {
  if (quiesce === "never") return undefined;
  try {
    return await vm.agent.freeze(undefined, { within: "30s" });
  } catch (error) {
    const isNone = (["unsupported", "wrong-state", "operation-failed", "timed-out"] as const).some((code) =>
      isVirtError(error, code)
    );
    if (quiesce === "auto" && isNone) return undefined;
    // Not the hypervisor's word on this backup: another attempt with all of it would end the same.
    throw new Error(
      `Cannot back ${vm} up quiesced: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Removes what has been made of a backup that has not come to its end. */
async function forget(vm: Domain, pool: Pool, { checkpoint, volumes }: Made): Promise<void> {
  if (checkpoint !== undefined) await deleteCheckpoint(vm, checkpoint);
  await deleteVolumes(pool, volumes);
}

/** Deletes this recipe's checkpoints but the one that the next backup begins at. */
export async function tidyCheckpoints(vm: Domain, keep: string | undefined): Promise<void> {
  // The newest goes first: what was followed since is taken over by the one before.
  for (const { name } of (await vm.listCheckpoints()).toReversed()) {
    if (name.startsWith(checkpointPrefix) && name !== keep) await deleteCheckpoint(vm, name);
  }
}

async function deleteCheckpoint(vm: Domain, name: string): Promise<void> {
  try {
    await vm.deleteCheckpoint({ name });
  } catch (error) {
    if (isVirtError(error, "not-found")) return;
    // Its bitmap is broken, by a crash for instance: what is left of it is its name.
    if (!isVirtError(error, "operation-failed")) throw error;
    await vm.deleteCheckpoint({ name, metadataOnly: true });
  }
}

/** Ends a backup into one of these volumes that goes on though the run that began it is dead. */
export async function endStray(vm: Domain, halves: readonly string[]): Promise<void> {
  const { operation } = await vm.jobInfo();
  if (operation !== "backup") return;
  const xml = await vm.backupXml();
  if (!halves.some((name) => xml.includes(`/${name}'`))) return;
  await vm.abortJob();
  const isOver = async (): Promise<boolean> => (await vm.jobInfo()).operation !== "backup";
  for (let attempt = 0; attempt < 100 && !await isOver(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
