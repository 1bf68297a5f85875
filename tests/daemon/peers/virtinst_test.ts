// virt-install, virt-xml and virt-clone: with libvirt's own test driver and with ours they say and leave the same.
import assert from "node:assert/strict";
import { parseUri } from "../../../model/uri.ts";
import { connectRpc } from "../../../protocol/connect.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { onBoth, output, reasonAgainst, type Side } from "./private_libvirtd.ts";

const missing = reasonAgainst({ program: "virt-install", probe: ["--version"], package: "virtinst" });

const guest = [
  ...["--name", "made", "--uuid", "11111111-2222-3333-4444-00000000aaaa", "--memory", "128", "--vcpus", "2"],
  ...["--disk", "none", "--import", "--network", "network=default,mac=52:54:00:11:22:33"],
  ...["--osinfo", "detect=off,require=off", "--graphics", "vnc", "--noautoconsole"],
];

/** A guest that is made, changed, cloned and removed; what each program said, and what is there then. */
async function install({ uri }: Side): Promise<Readonly<Record<string, string>>> {
  // A host in memory is there as long as somebody has it open.
  await using _holder = await connectRpc(parseUri(uri), { clock: systemClock });
  const run = (program: string, ...args: readonly string[]): Promise<string> =>
    output(program, ["--connect", uri, ...args]);
  const clone = ["--original", "made", "--name", "cloned", "--mac", "52:54:00:11:22:44", "--auto-clone"];
  const said = {
    document: await run("virt-install", ...guest, "--print-xml", "1"),
    install: await run("virt-install", ...guest),
    change: await run("virt-xml", "made", "--edit", "--vcpus", "3", "--print-diff", "--no-define"),
    define: await run("virt-xml", "made", "--edit", "--vcpus", "3", "--define"),
    device: await run("virt-xml", "made", "--add-device", "--disk", "none", "--print-diff", "--no-define"),
    stop: await run("virsh", "destroy", "made"),
    clone: await run("virt-clone", ...clone),
    list: await run("virsh", "list", "--all", "--name"),
    cloned: (await run("virsh", "dumpxml", "cloned")).replace(/<uuid>.*<\/uuid>/, ""),
    redefined: await run("virsh", "dumpxml", "made"),
  };
  await run("virsh", "undefine", "made");
  await run("virsh", "undefine", "cloned");
  return said;
}

Deno.test({
  name: `virt-install, virt-xml and virt-clone do what they do with libvirt's test driver${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const { ours, theirs } = await onBoth(install);
    const { cloned, redefined, ...said } = ours;
    const { cloned: theirClone, redefined: theirDefinition, ...theySaid } = theirs;
    assert.deepEqual(said, theySaid);
    for (const [our, their] of [[cloned, theirClone], [redefined, theirDefinition]]) {
      assert.deepEqual(elements(our), elements(their));
    }
  },
});

/** What is in a definition, one element a line, in whichever order. */
function elements(xml = ""): readonly string[] {
  return xml.split("\n").map((line) => line.trim()).filter((line) => line !== "").sort();
}
