/**
 * Devices that come to a real guest, change, and go.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DomainStage } from "./kit/domain_stage.ts";
import { makeDisk } from "./kit/guest.ts";
import { guestNeeds } from "./kit/guest_image.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";
import { until } from "./kit/until.ts";

const real = realTests({ needs: guestNeeds });

function test(name: string, run: (stage: DomainStage, host: RealHost) => Promise<void>): void {
  real.test(name, async (host) => {
    await using stage = await DomainStage.set(host);
    await run(stage, host);
  });
}

/** A disk that a guest can be given. PCI slots that take devices while it runs are ports of their own. */
const ports = `<controller type='pci' model='pcie-root'/>
  ${"<controller type='pci' model='pcie-root-port'/>".repeat(8)}`;

async function diskXml(host: RealHost, name: string, target: string): Promise<string> {
  const path = await makeDisk(host, name);
  return `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/>
    <target dev='${target}' bus='virtio'/></disk>`;
}

test("a disk is plugged into a running guest, seen in it, and let go by it", async (stage, host) => {
  const { bench } = stage;
  const on = await stage.boot({ devices: ports });
  const xml = await diskXml(host, "plugged.qcow2", "vdb");
  const disks = async (): Promise<string[]> =>
    (await bench.call("domain.blockDevices", {}, { on })).map(({ target }) => target);
  const blocks = async (): Promise<string> => {
    const { stdout } = await bench.call("domain.guestExec", { path: "/bin/ls", arguments: ["/sys/block"] }, {
      on,
    });
    return stdout;
  };
  await bench.call("domain.attachDevice", { xml, live: true, config: true }, { on });
  assert.deepEqual(await disks(), ["vdb"]);
  await until(async () => /vd[ab]/.test(await blocks()), { what: "the guest to see its disk" });
  assert.match(await stage.virsh("dumpxml", on, "--inactive"), /plugged\.qcow2/);
  const sizes = await bench.call("domain.blockInfo", { disk: "vdb" }, { on });
  assert.equal(sizes.capacityBytes, 16 * 1024 * 1024);
  await bench.call("domain.resizeBlock", { disk: "vdb", sizeBytes: 32 * 1024 * 1024 }, { on });
  assert.equal(
    (await bench.call("domain.blockInfo", { disk: "vdb" }, { on })).capacityBytes,
    32 * 1024 * 1024,
  );
  await bench.call("domain.detachDevice", { xml, live: true, config: true }, { on });
  assert.deepEqual(await disks(), []);
  assert.doesNotMatch(await blocks(), /vd[ab]/);
  assert.doesNotMatch(await stage.virsh("dumpxml", on, "--inactive"), /plugged\.qcow2/);
  await bench.refused("not-found", "domain.detachDevice", { input: { xml, live: true }, on });
});

test("a guest that has not booted lets go of nothing, and the caller is told so", async (stage, host) => {
  const { bench } = stage;
  const on = await stage.start({ devices: ports });
  await bench.call("domain.suspend", {}, { on });
  await bench.call("domain.attachDevice", { xml: await diskXml(host, "kept.qcow2", "vdb"), live: true }, {
    on,
  });
  const { clock } = bench.kernel;
  const told = await bench.refused("timed-out", "domain.detachDevice", {
    input: { alias: "virtio-disk1", live: true },
    on,
    deadline: clock.now() + 9_000,
  });
  assert.match(told, /has not released it in time/);
  assert.match(await stage.virsh("domblklist", on), /vdb/);
});

test("a network interface comes with its address, changes its link, and goes by its alias", async (stage) => {
  const { bench } = stage;
  const on = await stage.boot({ devices: ports });
  const nic = (link: string): string =>
    `<interface type='user'><mac address='52:54:00:aa:bb:cc'/><model type='virtio'/><link state='${link}'/></interface>`;
  await bench.call("domain.attachDevice", { xml: nic("up"), live: true }, { on });
  const [found] = await bench.call("domain.interfaces", {}, { on });
  assert.deepEqual([found?.mac, found?.link, found?.model], ["52:54:00:aa:bb:cc", "up", "virtio"]);
  await bench.call("domain.updateDevice", { xml: nic("down"), live: true }, { on });
  assert.equal((await bench.call("domain.interfaces", {}, { on }))[0]?.link, "down");
  const alias = /<alias name='(net\d+)'\/>/.exec(await stage.virsh("dumpxml", on))?.[1] ?? "";
  await bench.call("domain.detachDevice", { alias, live: true }, { on });
  assert.deepEqual(await bench.call("domain.interfaces", {}, { on }), []);
});

test("what is asked for twice, or is not there, is refused as the host refuses it", async (stage, host) => {
  const { bench } = stage;
  const on = await stage.start({ devices: ports });
  const xml = await diskXml(host, "twice.qcow2", "vdb");
  await bench.call("domain.attachDevice", { xml, config: true }, { on });
  await bench.refused("already-exists", "domain.attachDevice", { input: { xml, config: true }, on });
  await bench.refused("invalid-argument", "domain.detachDevice", { input: {}, on });
  const missing =
    "<disk type='file' device='disk'><source file='/nowhere'/><target dev='vdc' bus='virtio'/></disk>";
  const told = await bench.refused("operation-failed", "domain.attachDevice", {
    input: { xml: missing, live: true },
    on,
  });
  assert.match(told, /^Cannot attach disk "vdc" to domain "guest-\d+": .*\/nowhere/);
  assert.doesNotMatch(told, /internal error/);
});
