/**
 * Builds a virtual machine from a cloud image, or from a kernel and its initial file system, tells it its name and who may log in,
 * waits until it can be reached, and says how. Run again it changes nothing, or what is told otherwise.
 *
 *     drover run recipes/build_vm.ts -c qemu:///system --input name=web-1 \
 *       --input image=https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2 \
 *       --input checksums=https://cloud.debian.org/images/cloud/bookworm/latest/SHA512SUMS \
 *       --input disk=20GiB --input "keys=[\"$(cat ~/.ssh/id_ed25519.pub)\"]" \
 *       --allow all --allow 'host:fetch@https://cloud.debian.org/images/**'
 *
 * With `--check` it says what it would do. The image is fetched once for all machines and all hosts.
 *
 * @module
 */
import { domain, recipe, z } from "drover";
import {
  baseImage,
  machine,
  machineInput,
  machineNeeds,
  ownDisk,
  seedOf,
  startAndWait,
  waysIn,
} from "./machine/machine.ts";

/** What was built. */
interface Built {
  readonly name: string;
  /** Whether anything had to be done. */
  readonly changed: boolean;
  readonly state: string;
  readonly address?: string;
  /** What its console had printed when it was there. */
  readonly said?: string;
  /** Commands that get to it. */
  readonly reach: readonly string[];
}

export default recipe({
  summary: "Build a virtual machine from a cloud image or a kernel, and wait until it can be reached",
  input: z.object({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,61}$/).default("vm-1").describe(
      "The machine's name, and its host name",
    ),
    ...machineInput,
  }),
  needs: machineNeeds,
  async run({ host, input, log }): Promise<Built> {
    const { name, disk } = input;
    const pool = await host.pool(input.pool);
    const base = await baseImage(pool, input);
    const own = base === undefined && disk === undefined
      ? undefined
      : await ownDisk(host, pool, { name, base, size: disk });
    const seed = await seedOf(pool, name, input);
    const disks = [...(own === undefined ? [] : [own.disk]), ...(seed.disk === undefined ? [] : [seed.disk])];
    const { object: vm, changed, plan } = await host.ensure(domain(machine({ name, disks }, input)));
    if (seed.changed && plan.action !== "create") {
      const { again, why } = seed.reading;
      log.info(`The guest ${again ? "reads" : "does not read"} its settings again: ${why}`);
    }
    const started = (await vm.info()).state === "shutoff";
    const reached = await startAndWait(vm, input);
    await seed.tidy();
    const { state } = await vm.info();
    const reach = waysIn(host, { name, address: reached.address, input });
    for (const way of reach) log.info(way);
    return {
      name,
      changed: changed || started || own?.changed === true || seed.changed,
      state,
      ...reached,
      reach,
    };
  },
});
