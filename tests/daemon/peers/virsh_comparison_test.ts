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
import { filterWalks } from "./virsh_walks/network_filter.ts";
import { networkWalks } from "./virsh_walks/network.ts";
import { nodeDeviceWalks } from "./virsh_walks/node_device.ts";
import { snapshotWalks } from "./virsh_walks/snapshot.ts";
import { storageWalks } from "./virsh_walks/storage.ts";
import { secretWalks } from "./virsh_walks/secret.ts";

const missing = virshMissing();

/** Families of commands, by what they are about. */
const families: Readonly<Record<string, Comparison>> = {
  "virtual networks": networkWalks,
  "storage pools and volumes": storageWalks,
  "snapshots and checkpoints": snapshotWalks,
  "network interfaces": interfaceWalks,
  "node devices": nodeDeviceWalks,
  "network filters": filterWalks,
  "secrets": secretWalks,
};

/** Why no libvirtd of the test's own can run here; absent where one can. */
const withoutLibvirtd = unavailable();

/** Where libvirt's own drivers are. */
type Reference = (driver: NonNullable<Comparison["reference"]>) => string;

/** A libvirtd of the test's own; where none can run here, virsh itself has the test driver. */
async function withReference(run: (reference: Reference) => Promise<void>): Promise<void> {
  if (withoutLibvirtd !== undefined) return await run(() => "test:///default");
  await using host = await RealHost.start();
  await run((driver) => host.uri(driver));
}

Deno.test({
  name: `virsh prints the same as with libvirtd${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  ignore: missing !== undefined,
  fn: async (test) => {
    await using daemon = await RunningDaemon.start();
    await withReference(async (reference) => {
      for (const [family, comparison] of Object.entries(families)) {
        const driver = comparison.reference ?? "test";
        const lacks = driver === "test" ? undefined : withoutLibvirtd;
        await test.step({
          name: lacks === undefined ? family : `${family} (skipped: ${lacks})`,
          ignore: lacks !== undefined,
          fn: () => compareHosts(comparison, { theirs: reference(driver), ours: daemon.uri() }),
        });
      }
    });
  },
});
