/**
 * Keeps N machines that are clones of one golden image: each has a disk that holds only what differs from it, a host name and a
 * hardware address of its own, and what it is told at its first boot. Another `count` makes more of them, or takes the last ones
 * away; the same one changes nothing.
 *
 *     drover run recipes/golden_image.ts -c qemu:///system --input name=web --input count=3 \
 *       --input image=/srv/golden/web.qcow2 --allow all --allow 'host:local_read@/srv/golden/*'
 *     drover run recipes/golden_image.ts -c qemu:///system --input name=web --input count=0 --input removeBase=true \
 *       --input image=/srv/golden/web.qcow2 --allow all --allow 'host:local_read@/srv/golden/*'
 *
 * The image is never written into: clones open it for reading, another image is put beside it, and while a clone lives it cannot
 * be removed. A clone stays on the image that it was made on; for the newest one take it away and make it again.
 *
 * @module
 */
import { domain, duration, type Host, type ImageVolume, type Pool, recipe, volume, z } from "drover";
import {
  baseImage,
  machine,
  type MachineInput,
  machineInput,
  machineNeeds,
  ownDisk,
  seedOf,
  startAndWait,
  waysIn,
} from "./machine/machine.ts";

/** A clone as it is now. */
interface Clone {
  readonly name: string;
  readonly changed: boolean;
  readonly address?: string;
  readonly reach: readonly string[];
}

/** What came of it. */
interface Kept {
  /** The golden image's volume; absent where it was removed. */
  readonly base?: string;
  readonly clones: readonly Clone[];
  /** The clones that were taken away. */
  readonly removed: readonly string[];
}

export default recipe({
  summary: "Keep a number of machines that are clones of one golden image",
  input: z.object({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,50}$/).default("clone").describe(
      "What the clones' names begin with: NAME-1, NAME-2, …",
    ),
    count: z.int().min(0).max(999).default(2).describe("How many there shall be"),
    removeBase: z.boolean().default(false).describe(
      "Remove the image too; refused while anything is made of it",
    ),
    ...machineInput,
    image: machineInput.image.unwrap().describe(
      "The golden image: its address, or the path of a file where Drover runs",
    ),
    shutdown: z.string().default("1m").transform(duration).describe(
      "How long a clone that goes may take to shut down",
    ),
  }),
  needs: [...machineNeeds, "connect:search_domains", "domain:stop,init_control,delete"],
  async run({ host, input, log }): Promise<Kept> {
    const { name, count } = input;
    const pool = await host.pool(input.pool);
    const removed = await removeBeyond(host, pool, input);
    if (removed.length > 0) log.info(`taken away: ${removed.join(", ")}`);
    const base = await baseImage(pool, input);
    if (base === undefined) throw new Error("There is no golden image");
    const names = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
    const made = [];
    for (const each of names) made.push(await clone(host, pool, { name: each, base, input }));
    const clones = await Promise.all(made.map(async ({ vm, ...rest }) => {
      const { address } = await startAndWait(vm, input);
      const reach = waysIn(host, { name: vm.name, address, input });
      return { ...rest, name: vm.name, ...(address === undefined ? {} : { address }), reach };
    }));
    const gone = await base.tidy();
    if (gone > 0) log.info(`${gone} older images that nothing is made of are gone`);
    if (!input.removeBase) return { base: base.volume.name, clones, removed };
    await base.remove();
    return { clones, removed };
  },
});

/** What is wanted of a clone. */
interface CloneOptions {
  readonly name: string;
  readonly base: ImageVolume;
  readonly input: MachineInput & { readonly name: string };
}

/** Makes one clone, or finds that it is as it shall be. */
async function clone(
  host: Host,
  pool: Pool,
  { name, base, input }: CloneOptions,
): Promise<{ readonly vm: Awaited<ReturnType<typeof host.domain>>; readonly changed: boolean }> {
  const own = await ownDisk(host, pool, { name, base, size: input.disk });
  const seed = await seedOf(pool, name, input);
  const disks = [own.disk, ...(seed.disk === undefined ? [] : [seed.disk])];
  const { object: vm, changed } = await host.ensure(domain({
    ...machine({ name, disks, mac: hardwareAddress(name) }, input),
    description: mark(input.name),
  }));
  const wasOff = (await vm.info()).state === "shutoff";
  await seed.tidy();
  return { vm, changed: own.changed || seed.changed || changed || wasOff };
}

/** By this a clone is known as one: no machine that merely has such a name is taken away. */
function mark(name: string): string {
  return `A clone of the golden image of ${name}, kept by Drover`;
}

/** Takes away the clones beyond the number that there shall be, the last one first. */
async function removeBeyond(
  host: Host,
  pool: Pool,
  { name, count, shutdown }: { readonly name: string; readonly count: number; readonly shutdown: number },
): Promise<readonly string[]> {
  const numberOf = (text: string): number => Number(/-([1-9]\d*)$/.exec(text)?.[1] ?? 0);
  const beyond = (await host.domains({ name: `${name}-*` })).names
    .filter((each) => each === `${name}-${numberOf(each)}` && numberOf(each) > count)
    .sort((a, b) => numberOf(b) - numberOf(a));
  const removed: string[] = [];
  for (const each of beyond) {
    const vm = await host.domain(each);
    if (!(await vm.xml({ inactive: true })).includes(`<description>${mark(name)}</description>`)) continue;
    await host.ensure(domain({ name: each, state: "absent" }), {
      shutdown: { within: shutdown, otherwise: "destroy" },
    });
    await host.ensure(volume({ pool: pool.name, name: `${each}.qcow2`, state: "absent" }));
    await Promise.all(
      (await pool.volumes({ name: `${each}-seed-*` })).map((seed) => seed.delete()),
    );
    removed.push(each);
  }
  return removed;
}

/** The same for the same name, so that leases and reservations outlive a clone. Source: QEMU's own prefix is 52:54:00. */
function hardwareAddress(name: string): string {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  const digits = (hash & 0xffffff).toString(16).padStart(6, "0");
  return `52:54:00:${digits.replace(/(..)(?=.)/g, "$1:")}`;
}
