/**
 * Every command of virsh's that libvirt's own test driver supports, run against that driver and against the daemon's.
 *
 * @module
 */
import { RealHost } from "../../real/kit/host.ts";
import { unavailable } from "../../real/kit/requirements.ts";
import { RunningDaemon } from "../kit/running_daemon.ts";
import { compareHosts, type Comparison, virshMissing } from "../kit/virsh_comparison.ts";
import { interfaceWalks } from "./virsh_walks/interface.ts";
import { networkWalks } from "./virsh_walks/network.ts";
import { nodeDeviceWalks } from "./virsh_walks/node_device.ts";

const missing = virshMissing();

/** Families of commands, by what they are about. */
const families: Readonly<Record<string, Comparison>> = {
  "virtual networks": networkWalks,
  "network interfaces": interfaceWalks,
  "node devices": nodeDeviceWalks,
};

/** libvirt's test driver: in a libvirtd of the test's own, or, where none can run here, in virsh itself. */
async function withReference(run: (uri: string) => Promise<void>): Promise<void> {
  if (unavailable() !== undefined) return await run("test:///default");
  await using host = await RealHost.start();
  await run(host.uri("test"));
}

Deno.test({
  name: `virsh prints the same as with libvirtd${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  ignore: missing !== undefined,
  fn: async (test) => {
    await using daemon = await RunningDaemon.start();
    await withReference(async (theirs) => {
      for (const [family, comparison] of Object.entries(families)) {
        await test.step(family, () => compareHosts(comparison, { theirs, ours: daemon.uri() }));
      }
    });
  },
});
