/**
 * The backups of a domain in a pool. Each has a volume for each disk, and one with what is known of it, which is written last: a
 * backup without that never came to its end, and does not count.
 *
 * @module
 */
import { type Domain, isVirtError, type Pool, z } from "drover";

const entrySchema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^\d{8}T\d{6}Z$/),
  domain: z.string(),
  /** The domain's UUID: one that has been made anew under the same name is another one. */
  uuid: z.string(),
  takenAt: z.number(),
  kind: z.enum(["full", "incremental"]),
  parent: z.string().optional(),
  checkpoint: z.string().optional(),
  consistency: z.enum(["quiesced", "crash"]),
  verified: z.string(),
  good: z.boolean(),
  disks: z.array(z.object({ target: z.string(), volume: z.string(), bytes: z.number() })),
  /** The domain's definition then. */
  definition: z.string(),
});

/** One backup of a domain. */
export type Entry = z.output<typeof entrySchema>;

/** One disk of a backup. */
export type BackedUpDisk = Entry["disks"][number];

/** What was found in the pool. */
export interface Book {
  /** The domain's backups, the oldest first. */
  readonly entries: readonly Entry[];
  /** Volumes of backups that never came to their end. */
  readonly halves: readonly string[];
}

/** Whose backups: by name, and where it is known by UUID as well. */
export type Owner = Pick<Domain, "name"> & Partial<Pick<Domain, "id">>;

/** How volumes of a domain begin. */
function prefixOf({ name }: Owner): string {
  return `${name.replaceAll("/", "%2F")}.`;
}

/** The name of a disk's volume. */
export function volumeName(vm: Domain, id: string, target: string): string {
  return `${prefixOf(vm)}${id}.${target}.qcow2`;
}

function entryName(vm: Owner, id: string): string {
  return `${prefixOf(vm)}${id}.json`;
}

/** The name of a backup that is begun now: the time, to the second. */
export function newId(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

/** Reads what backups of a domain there are. */
export async function readBook(pool: Pool, vm: Owner): Promise<Book> {
  await pool.refresh();
  const prefix = prefixOf(vm);
  const mine = (await pool.volumes()).filter(({ name }) =>
    name.startsWith(prefix) && /^\d{8}T\d{6}Z\./.test(name.slice(prefix.length))
  );
  const entries: Entry[] = [];
  for (const volume of mine) {
    if (!volume.name.endsWith(".json")) continue;
    const { bytes } = await volume.download({});
    const entry = entryIn(new TextDecoder().decode(bytes));
    if (entry !== undefined && `${prefix}${entry.id}.json` === volume.name) entries.push(entry);
  }
  const whole = new Set(entries.flatMap((entry) => [
    entryName(vm, entry.id),
    ...entry.disks.map(({ volume }) => volume),
  ]));
  return {
    entries: entries.filter(({ uuid }) => vm.id === undefined || uuid === vm.id).sort((a, b) =>
      a.takenAt - b.takenAt
    ),
    halves: mine.map(({ name }) => name).filter((name) => !whole.has(name)),
  };
}

/** What was written only in part says nothing. */
function entryIn(text: string): Entry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(text.replace(/\0+$/, ""))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes a backup down: from now on it counts. */
export async function enter(pool: Pool, vm: Domain, entry: Entry): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(entry));
  const volume = await pool.createVolume({
    xml: `<volume><name>${
      escaped(entryName(vm, entry.id))
    }</name><capacity unit='bytes'>${bytes.length}</capacity>
      <target><format type='raw'/></target></volume>`,
  });
  await volume.upload({ bytes });
}

/** Deletes a backup: first it ceases to count, then its volumes go. */
export async function strike(pool: Pool, vm: Domain, { id, disks }: Entry): Promise<void> {
  await deleteVolumes(pool, [entryName(vm, id), ...disks.map(({ volume }) => volume)]);
}

/** Deletes volumes; those that are gone are. */
export async function deleteVolumes(pool: Pool, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await (await pool.volume(name)).delete();
    } catch (error) {
      if (!isVirtError(error, "not-found")) throw error;
    }
  }
}

/** Text in XML. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&apos;");
}
