/**
 * The same done to libvirt's own test driver, by virsh, and to ours: both allow and refuse the same, and end in the same
 * states. Where they differ on purpose, it is said here.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import { Bench } from "../bench.ts";

/** Where ours follows libvirt's real drivers instead of its test driver. */
const differences: Readonly<Record<string, string>> = {
  "suspend test again": "suspending what is suspended succeeds, as in the QEMU driver",
};

/** What virsh says to each of several commands, one after the other on one host; `undefined` where it is not installed. */
async function virsh(
  commands: readonly string[],
): Promise<readonly { readonly ok: boolean; readonly text: string }[] | undefined> {
  const script = commands.flatMap((command, index) => [command, `echo end-of ${index}`]);
  const child = new Deno.Command("sh", {
    args: ["-c", "command -v virsh >/dev/null || exit 9; exec virsh -c test:///default 2>&1"],
    stdin: "piped",
    stdout: "piped",
    env: { LC_ALL: "C" },
    // One that hangs is not waited for; what it said is compared all the same, and found wanting.
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${[...script, "quit"].join("\n")}\n`)).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout, code } = await child.output();
  if (code === 9) return undefined;
  const text = new TextDecoder().decode(stdout);
  // virsh shows each command before its answer.
  return text.split(/virsh # echo end-of \d+\nend-of \d+\n/).slice(0, commands.length).map((part) => ({
    ok: !part.includes("error:"),
    text: part.slice(part.indexOf("virsh #")).split("\n").slice(1).join("\n"),
  }));
}

const installed = await virsh([]) !== undefined;

/** A command of virsh's beside what we do. */
interface Step {
  readonly command: string;
  readonly name?: string;
  run(bench: Bench, on: ObjectRef): Promise<unknown>;
}

const life: readonly Step[] = [
  { command: "start test", run: (bench, on) => bench.call("domain.start", {}, { on }) },
  { command: "suspend test", run: (bench, on) => bench.call("domain.suspend", {}, { on }) },
  {
    command: "suspend test",
    name: "suspend test again",
    run: (bench, on) => bench.call("domain.suspend", {}, { on }),
  },
  { command: "resume test", run: (bench, on) => bench.call("domain.resume", {}, { on }) },
  {
    command: "resume test",
    name: "resume test again",
    run: (bench, on) => bench.call("domain.resume", {}, { on }),
  },
  {
    command: "setmem test 1G",
    run: (bench, on) => bench.call("domain.setMemory", { memoryKib: 1048576 }, { on }),
  },
  {
    command: "setmem test 100G",
    run: (bench, on) => bench.call("domain.setMemory", { memoryKib: 104857600 }, { on }),
  },
  {
    command: "setmaxmem test 9G",
    run: (bench, on) => bench.call("domain.setMaxMemory", { memoryKib: 9437184 }, { on }),
  },
  { command: "setvcpus test 4", run: (bench, on) => bench.call("domain.setVcpus", { vcpus: 4 }, { on }) },
  { command: "setvcpus test 1", run: (bench, on) => bench.call("domain.setVcpus", { vcpus: 1 }, { on }) },
  {
    command: "domrename test other",
    run: (bench, on) => bench.call("domain.rename", { newName: "other" }, { on }),
  },
  { command: "reboot test", run: (bench, on) => bench.call("domain.reboot", {}, { on }) },
  {
    command: "snapshot-create-as test one",
    run: (bench, on) => bench.call("snapshot.create", { name: "one" }, { on }),
  },
  {
    command: "snapshot-create-as test two",
    run: (bench, on) => bench.call("snapshot.create", { name: "two" }, { on }),
  },
  {
    command: "snapshot-create-as test one",
    name: "snapshot-create-as test one again",
    run: (bench, on) => bench.call("snapshot.create", { name: "one" }, { on }),
  },
  {
    command: "snapshot-revert test one",
    run: async (bench, on) =>
      bench.call("snapshot.revert", {}, { on: await bench.call("snapshot.lookup", { name: "one" }, { on }) }),
  },
  {
    command: "snapshot-delete test one --children-only",
    run: async (bench, on) =>
      bench.call("snapshot.delete", { childrenOnly: true }, {
        on: await bench.call("snapshot.lookup", { name: "one" }, { on }),
      }),
  },
  {
    command: "snapshot-delete test two",
    run: async (bench, on) =>
      bench.call("snapshot.delete", {}, { on: await bench.call("snapshot.lookup", { name: "two" }, { on }) }),
  },
  { command: "destroy test", run: (bench, on) => bench.call("domain.destroy", {}, { on }) },
  {
    command: "destroy test",
    name: "destroy test again",
    run: (bench, on) => bench.call("domain.destroy", {}, { on }),
  },
  { command: "shutdown test", run: (bench, on) => bench.call("domain.shutdown", {}, { on }) },
  {
    command: "setvcpus test 2 --config",
    run: (bench, on) => bench.call("domain.setVcpus", { vcpus: 2, config: true }, { on }),
  },
  {
    command: "setvcpus test 1 --live",
    run: (bench, on) => bench.call("domain.setVcpus", { vcpus: 1, live: true }, { on }),
  },
];

Deno.test({
  name: installed
    ? "a domain's life goes as on libvirt's own test driver"
    : "a domain's life goes as on libvirt's own test driver (skipped: virsh is not installed)",
  ignore: !installed,
  async fn(): Promise<void> {
    await using bench = await Bench.open("test:///default?host=virsh");
    const on = await bench.call("domain.lookup", { name: "test" });
    const theirs = await virsh(life.flatMap(({ command }) => [command, "domstate test"]));
    for (const [index, step] of life.entries()) {
      const name = step.name ?? step.command;
      const ours = await step.run(bench, on).then(() => undefined, (error: unknown) => error);
      const peer = theirs?.[2 * index];
      if (!(name in differences)) {
        assert.equal(ours === undefined, peer?.ok, `${name}: ${String(ours)} / ${peer?.text}`);
      }
      const state = (await bench.call("domain.info", {}, { on })).state.replace("shutoff", "shut off");
      assert.match(theirs?.[2 * index + 1]?.text ?? "", new RegExp(`^${state}$`, "m"), name);
    }
  },
});

Deno.test({
  name: installed
    ? "the default host is what libvirt's own test driver has"
    : "the default host is what libvirt's own test driver has (skipped: virsh is not installed)",
  ignore: !installed,
  async fn(): Promise<void> {
    await using bench = await Bench.open("test:///default?host=virsh-content");
    const texts = await virsh([
      "dumpxml test",
      "net-dumpxml default",
      "iface-dumpxml eth1",
      "nodedev-dumpxml scsi_host1",
      "nodedev-dumpxml scsi_host11",
      "pool-dumpxml default-pool",
      "sysinfo",
    ]);
    const look = async (operation: "domain" | "network" | "interface" | "pool", name: string) =>
      await bench.call(`${operation}.lookup`, { name });
    const device = async (name: string) =>
      await bench.call("nodeDevice.xml", {}, { on: await bench.call("nodeDevice.lookup", { name }) });
    const ours = [
      await bench.call("domain.xml", {}, { on: await look("domain", "test") }),
      await bench.call("network.xml", {}, { on: await look("network", "default") }),
      await bench.call("interface.xml", {}, { on: await look("interface", "eth1") }),
      await device("scsi_host1"),
      await device("scsi_host11"),
      await bench.call("pool.xml", {}, { on: await look("pool", "default-pool") }),
      await bench.call("connection.sysinfo", {}),
    ];
    for (const [index, xml] of ours.entries()) {
      assert.equal(xml.trim(), texts?.[index]?.text.trim());
    }
  },
});
