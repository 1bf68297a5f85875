/**
 * The first recipe to run: makes a small domain, starts it, takes a snapshot, shows what there is, and cleans up.
 *
 *     drover run recipes/quickstart.ts --allow all
 *
 * It needs no hypervisor: without `-c URI` it runs on `test:///default`, libvirt's simulated host.
 *
 * @module
 */
import { type Host, recipe, z } from "drover";

/** The definition of a domain that boots nothing and reaches nothing on its host. */
function definition(
  host: Host,
  { name, memory }: { readonly name: string; readonly memory: number },
): string {
  const type = host.driver === "test" ? "test" : "qemu";
  return `<domain type='${type}'>
  <name>${name}</name>
  <description>Made by Drover's quickstart</description>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
  </os>
</domain>`;
}

export default recipe({
  summary: "Make a small domain, start it, take a snapshot, show it, and clean up",
  input: z.object({
    name: z.string().regex(/^[\w-]{1,50}$/).default("quickstart").describe("What to call the domain"),
    memory: z.int().min(16).max(4096).default(64).describe("Its memory in MiB"),
    keep: z.boolean().default(false).describe("Leave the domain running instead of cleaning up"),
  }),
  needs: [
    "connect:getattr,search_domains",
    "domain:getattr,read,write,save,start,stop,delete,snapshot",
  ],
  async run({ host, input, log, step, progress, now }): Promise<string> {
    const began = now();
    const { hostname } = await host.info();
    log.info(`hello from ${hostname}`, { uri: host.uri });

    // Whatever happens from here on, also Ctrl-C or a power cut: the domain goes again, unless it is kept.
    await using vm = await host.temporary.domain({ xml: definition(host, input) });
    log.info(`${vm} is defined`);
    progress(0.25, "defined");

    await step("start", async () => {
      await vm.start();
      await vm.until.running({ within: "1m" });
    });
    log.info(`${vm} is running`);
    progress(0.5, "running");

    const snapshot = await step("snapshot", () => vm.snapshots.create({ name: "fresh" }));
    log.info(`${snapshot} is taken`);
    progress(0.75, "snapshot taken");

    const { state, vcpus, memoryKib, snapshots } = await vm.info();
    const others = (await host.domains()).filter(({ name }) => name !== vm.name).names;
    if (input.keep) await vm.keep();
    progress(1, "done");
    return [
      "",
      "  Your first recipe has run.",
      "",
      `    host        ${hostname} (${host.uri})`,
      `    domain      ${vm.name}: ${state}, ${vcpus} vCPU, ${Math.round(memoryKib / 1024)} MiB`,
      `    snapshots   ${snapshots} (${snapshot.name})`,
      `    beside it   ${others.join(", ") || "nothing"}`,
      `    took        ${((now() - began) / 1000).toFixed(1)} s`,
      "",
      input.keep ? "  The domain stays." : "  The domain is gone again: it was temporary.",
      "",
      "  Next: change recipes/quickstart.ts and run it again, or look around with",
      "        drover run recipes/inventory.ts --allow all",
      "",
    ].join("\n");
  },
});
