/**
 * Builds a guest from nothing, lives with it, and takes everything away again.
 *
 * @module
 */
import { type Domain, type Host, type Pool, recipe, type Volume, z } from "drover";

/** What is known of the guest in the end. */
interface Report {
  readonly release: string;
  readonly hostname: string;
  readonly ip: string;
  readonly reverted: string;
  readonly disks: readonly string[];
  readonly disksAfter: readonly string[];
  readonly how: string;
}

function volumeXml(name: string): string {
  return `<volume>
    <name>${name}</name><capacity unit='MiB'>64</capacity><target><format type='qcow2'/></target>
  </volume>`;
}

function diskXml(
  pool: Pool,
  { volume, target }: { readonly volume: Volume; readonly target: string },
): string {
  return `<disk type='volume' device='disk'>
    <driver name='qemu' type='qcow2'/>
    <source pool='${pool.name}' volume='${volume.name}'/>
    <target dev='${target}' bus='virtio'/>
    <alias name='ua-${target}'/>
  </disk>`;
}

function domainXml(
  { kernel, initrd, name }: { readonly kernel: string; readonly initrd: string; readonly name: string },
  disk: string,
): string {
  return `<domain type='qemu'>
    <name>${name}</name>
    <memory unit='MiB'>128</memory>
    <vcpu>1</vcpu>
    <os>
      <type arch='x86_64' machine='q35'>hvm</type>
      <kernel>${kernel}</kernel><initrd>${initrd}</initrd>
      <cmdline>console=ttyS0 quiet hostname=${name}</cmdline>
    </os>
    <features><acpi/></features>
    <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
    <devices>
      ${disk}
      <interface type='user'><model type='virtio'/></interface>
      <console type='pty'/>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    </devices>
  </domain>`;
}

/** Makes a pool in a folder of its own, and starts it. */
async function startPool(host: Host, folder: string): Promise<Pool & AsyncDisposable> {
  const pool = await host.temporary.pool({
    xml: `<pool type='dir'><name>nothing</name><target><path>${folder}</path></target></pool>`,
  });
  await pool.start({ build: true });
  return pool;
}

/** Logs in, and waits for the shell. */
async function logIn(vm: Domain): Promise<void> {
  await vm.console.expect(/login: /, { within: "3m" });
  await vm.console.sendLine("root");
  await vm.console.expect(/# /, { within: "1m" });
}

/** Has the shell on the console do something, and gives the line that it prints. */
async function shell(vm: Domain, command: string): Promise<string> {
  // The echo of the command does not have the marker in one piece.
  await vm.console.sendLine(`echo "an""swer: $(${command})"`);
  const { groups: [line = ""] } = await vm.console.expect(/^answer: (.*)\n/m, { within: "1m" });
  await vm.console.expect(/# /, { within: "1m" });
  return line;
}

/** The disks that the guest sees. */
async function disksIn(vm: Domain): Promise<readonly string[]> {
  const { out } = await vm.agent.exec("/bin/ls", ["/sys/block"]);
  return out.split("\n").filter((name) => /^vd/.test(name));
}

export default recipe({
  summary: "Build a guest from nothing, and take it away again",
  input: z.object({
    kernel: z.string(),
    initrd: z.string(),
    folder: z.string(),
    name: z.string().default("from-nothing"),
  }),
  needs: [
    "connect:search_domains",
    "domain:getattr,read,write,save,start,stop,delete,snapshot,init_control,suspend,open_device",
    "storage_pool:getattr,write,save,start,stop,delete,format",
    "storage_vol:getattr,create,delete",
    "host:kernel@/**",
    "host:path@/**",
  ],
  async run({ host, input, log, sleep, step }): Promise<Report> {
    await using pool = await startPool(host, input.folder);
    await using root = await pool.temporary.volume({ xml: volumeXml("root.qcow2") });
    await using extra = await pool.temporary.volume({ xml: volumeXml("extra.qcow2") });
    const xml = domainXml(input, diskXml(pool, { volume: root, target: "vda" }));
    await using vm = await host.temporary.domain({ xml });

    await step("boot", async () => {
      await vm.start({ paused: true });
      await vm.console.open();
      await vm.resume();
      await logIn(vm);
    });
    const ip = await vm.until.ip({ within: "2m" });
    await vm.until.agent({ within: "2m" });
    const release = (await vm.agent.exec("/bin/uname", ["-r"])).out.trim();
    const hostname = await shell(vm, "hostname");

    await shell(vm, "echo clean > /tmp/state; cat /tmp/state");
    const snapshot = await vm.snapshots.create({ name: "clean" });
    log.info("snapshot taken");
    await shell(vm, "echo dirty > /tmp/state; cat /tmp/state");
    const reverted = await step("revert", async () => {
      await snapshot.revert();
      // The guest goes on where it was: at its prompt, which nobody has seen on this console.
      await vm.console.sendLine("");
      await vm.console.expect(/# /, { within: "1m" });
      return await shell(vm, "cat /tmp/state");
    });
    await snapshot.delete();

    await vm.attachDevice({ xml: diskXml(pool, { volume: extra, target: "vdb" }), live: true });
    let disks = await disksIn(vm);
    for (let look = 0; look < 60 && disks.length < 2; look += 1) {
      await sleep("500ms");
      disks = await disksIn(vm);
    }
    await vm.detachDevice({ alias: "ua-vdb", live: true });
    await vm.until.deviceRemoved("ua-vdb", { within: "1m" });
    const disksAfter = await disksIn(vm);

    const { how } = await vm.shutdown({ within: "2m", otherwise: "destroy" });
    log.info("off", { how });
    return { release, hostname, ip, reverted, disks, disksAfter, how };
  },
});
