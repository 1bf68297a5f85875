/**
 * Restores a domain from a backup that `nightly_backup.ts` has made, under another name: its disks as images of their own, and its
 * definition as it was then.
 *
 *     drover run recipes/restore_backup.ts -c qemu:///system --input domain=db-1 --input to=images --allow all
 *
 * @module
 */
import { recipe, VirtError, z } from "drover";
import { escaped, readBook } from "./nightly_backup/book.ts";
import { restoredDefinition } from "./nightly_backup/source.ts";

export default recipe({
  summary: "Restore a domain from a nightly backup, under another name",
  input: z.object({
    domain: z.string().describe("Whose backup, by the name that it had"),
    backup: z.string().optional().describe(
      "Which one, by its time: 20261121T030000Z; the newest good one where not given",
    ),
    from: z.string().default("backups").describe("The pool with the backups"),
    to: z.string().default("default").describe("The pool for the restored disks"),
    name: z.string().optional().describe("What to call the domain; NAME-restored where not given"),
    start: z.boolean().default(false).describe("Start it"),
  }),
  needs: [
    "connect:getattr",
    "domain:getattr,read,write,save,start",
    "storage_pool:getattr,refresh,search_storage_vols",
    "storage_vol:getattr,read,create,delete,data_read",
    "host:kernel,path,emulator,device,network,unknown",
  ],
  async run({ host, input, log }): Promise<{ domain: string; backup: string; disks: string[] }> {
    const [from, to] = [await host.pool(input.from), await host.pool(input.to)];
    const { entries } = await readBook(from, { name: input.domain });
    const entry = entries.findLast(({ id, good }) => input.backup === undefined ? good : id === input.backup);
    if (entry === undefined) {
      const there = entries.map(({ id, good }) => good ? id : `${id} (not good)`).join(", ");
      throw new VirtError(
        "not-found",
        `Cannot find ${
          input.backup === undefined ? "a good backup" : `the backup ${input.backup}`
        } of domain "${input.domain}" ` +
          `in pool "${input.from}": it has ${there || "none"}`,
      );
    }
    const name = input.name ?? `${input.domain}-restored`;
    // Until the domain is there each of them goes again, however the run ends.
    await using made = new AsyncDisposableStack();
    const disks = [];
    for (const { target, volume, bytes } of entry.disks) {
      const xml = `<volume><name>${
        escaped(`${name}.${target}.qcow2`)
      }</name><capacity unit='bytes'>${bytes}</capacity>
        <target><format type='qcow2'/></target></volume>`;
      const source = await from.volume(volume);
      const disk = made.use(
        await to.createVolumeFrom({ xml, from: source }, { temporary: true, within: "12h" }),
      );
      disks.push({ target, disk, path: (await disk.info()).path });
      log.info("restored", { disk, from: volume });
    }
    const paths = new Map(disks.map(({ target, path }) => [target, escaped(path)]));
    const vm = await host.defineDomain({
      xml: restoredDefinition(entry.definition, { name: escaped(name), paths }),
    });
    for (const { disk } of disks) await disk.keep();
    if (input.start) await vm.start();
    log.info("defined", { vm, backup: entry.id });
    return { domain: vm.name, backup: entry.id, disks: disks.map(({ path }) => path) };
  },
});
