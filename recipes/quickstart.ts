/**
 * The first recipe to run: makes a small domain, starts it, takes a snapshot, shows what there is, and cleans up.
 *
 *     drover run recipes/quickstart.ts --allow all
 *     drover run recipes/quickstart.ts -c qemu:///system --allow all
 *
 * It needs no hypervisor: without `-c URI` it runs on `test:///default`, a simulated host. Where a storage pool is running,
 * the domain has a disk in it: real hypervisors take snapshots of domains that have one.
 *
 * @module
 */
import { type Domain, type Host, isVirtError, type Pool, recipe, type Snapshot, z } from "drover";

/** What the domain is to be. */
interface Wanted {
  readonly name: string;
  readonly memory: number;
}

/** A small disk. */
function diskDefinition({ name }: Wanted): string {
  return `<volume>
  <name>${name}-disk.qcow2</name>
  <capacity unit='MiB'>16</capacity>
  <target><format type='qcow2'/></target>
</volume>`;
}

/** A domain that boots nothing, and reaches nothing on its host but its disk. */
function definition(host: Host, { name, memory }: Wanted, pool: Pool | undefined): string {
  const type = host.driver === "test" ? "test" : "qemu";
  const disk = `<devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source pool='${pool?.name}' volume='${name}-disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>`;
  return `<domain type='${type}'>
  <name>${name}</name>
  <description>Made by Drover's quickstart</description>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
  </os>
  ${pool === undefined ? "" : disk}
</domain>`;
}

/** Takes a snapshot, where the hypervisor can: of a domain without a disk not every one does. */
async function takeSnapshot(vm: Domain): Promise<Snapshot | undefined> {
  try {
    return await vm.snapshots.create({ name: "fresh" });
  } catch (error) {
    if (isVirtError(error, "unsupported")) return undefined;
    throw error;
  }
}

export default recipe({
  summary: "Make a small domain, start it, take a snapshot, show it, and clean up",
  input: z.object({
    name: z.string().regex(/^[\w-]{1,50}$/).default("quickstart").describe("What to call the domain"),
    memory: z.int().min(16).max(4096).default(64).describe("Its memory in MiB"),
    keep: z.boolean().default(false).describe("Leave the domain running instead of cleaning up"),
  }),
  needs: [
    "connect:getattr,search_domains,search_storage_pools",
    "domain:getattr,read,write,save,start,stop,delete,snapshot",
    "storage_pool:getattr",
    "storage_vol:create,delete",
  ],
  async run({ host, input, log, step, progress, now }): Promise<string> {
    const began = now();
    const { hostname } = await host.info();
    log.info(`hello from ${hostname}`, { uri: host.uri });

    // Whatever happens from here on, also Ctrl-C or a power cut: disk and domain go again, unless they are kept.
    const [pool] = await host.pools({ active: true, type: "dir" });
    await using disk = await pool?.temporary.volume({ xml: diskDefinition(input) });
    await using vm = await host.temporary.domain({ xml: definition(host, input, pool) });
    log.info(`${vm} is defined`);
    progress(0.25, "defined");

    await step("start", async () => {
      await vm.start();
      await vm.until.running({ within: "1m" });
    });
    log.info(`${vm} is running`);
    progress(0.5, "running");

    const snapshot = await step("snapshot", () => takeSnapshot(vm));
    log.info(
      snapshot === undefined
        ? "there is no pool for a disk, and no snapshot without one"
        : `${snapshot} is taken`,
    );
    progress(0.75, "snapshot taken");

    const { state, vcpus, memoryKib, snapshots } = await vm.info();
    const others = (await host.domains()).filter(({ name }) => name !== vm.name).names;
    if (input.keep) {
      await vm.keep();
      await disk?.keep();
    }
    progress(1, "done");
    return [
      "",
      "  Your first recipe has run.",
      "",
      `    host        ${hostname} (${host.uri})`,
      `    domain      ${vm.name}: ${state}, ${vcpus} vCPU, ${Math.round(memoryKib / 1024)} MiB`,
      `    snapshots   ${snapshots} (${snapshot?.name ?? "none"})`,
      `    beside it   ${others.join(", ") || "nothing"}`,
      `    took        ${((now() - began) / 1000).toFixed(1)} s`,
      "",
      input.keep ? "  The domain stays." : "  The domain is gone again: it was temporary.",
      "",
      "  Next: change recipes/quickstart.ts and run it again, or look around with",
      "        deno task drover run recipes/inventory.ts --yes",
      "",
    ].join("\n");
  },
});
