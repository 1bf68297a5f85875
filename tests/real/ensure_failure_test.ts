/**
 * Updates that fail in the middle on a real hypervisor, and objects that others have made: what was not written stays to the letter.
 */
import assert from "node:assert/strict";
import {
  type Desired,
  type DesiredDomain,
  type DesiredVolume,
  domain,
  type Host,
  pool,
  recipe,
  volume,
} from "../../mod.ts";
import { makeDisk } from "./kit/guest.ts";
import type { RealHost } from "./kit/host.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

async function onHost<T>(uri: string, run: (host: Host) => Promise<T>): Promise<T> {
  await using runs = new RecipeRuns();
  const needs = ["connect:*", "domain:*", "storage_pool:*", "storage_vol:*", "host:*"] as const;
  const body = recipe({ summary: "Ensure", needs, run: async ({ host }) => await run(host) });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: uri }, grants: ["all", "host"] }) as T;
}

/** What virsh shows of a domain: what runs, and what is defined. */
async function shown(host: RealHost, name: string): Promise<readonly string[]> {
  return [await host.virsh("dumpxml", name), await host.virsh("dumpxml", name, "--inactive")];
}

test("an update of a running domain that fails leaves both its documents as they were, to the letter", async (real) => {
  const disk = await makeDisk(real, "fails.qcow2");
  const asleep = "<network><name>asleep</name><bridge name='br-asleep'/></network>";
  await real.virsh("net-define", await real.file("asleep.xml", asleep));
  const base: DesiredDomain = {
    name: "fails",
    type: "qemu",
    memory: "64MiB",
    maxMemory: "128MiB",
    vcpus: 1,
    maxVcpus: 2,
    disks: [disk],
    state: "running",
  };
  const wider = { ...base, title: "Never", memory: "100MiB", vcpus: 2 } as const;
  const failing: Readonly<Record<string, readonly [DesiredDomain, RegExp]>> = {
    "a network that does not run": [{ ...wider, interfaces: ["asleep"] }, /'asleep' is not active/],
    "a network that is not there": [{ ...wider, interfaces: ["missing"] }, /no network with matching name/],
    "an image that is not there": [{ ...wider, disks: [disk, "/nowhere.img"] }, /nowhere\.img/],
    "an image that is in use": [{ ...wider, disks: [disk, { file: disk, target: "vdb" }] }, /lock|in use/],
    "processors that the host does not have": [
      { ...wider, vcpus: 1, xml: "<domain><cputune><vcpupin vcpu='0' cpuset='4000'/></cputune></domain>" },
      /Cannot pin/,
    ],
  };
  await onHost(real.uri(), async (host) => (await host.ensure(domain(base))).plan.action);
  for (const [what, [spec, message]] of Object.entries(failing)) {
    const before = await shown(real, "fails");
    const said = await onHost(
      real.uri(),
      (host) => host.ensure(domain(spec)).then(() => "done", (error: Error) => error.message),
    );
    assert.match(said, message, what);
    assert.doesNotMatch(said, /could not take back/, what);
    assert.deepEqual(await shown(real, "fails"), before, what);
  }
  await real.virsh("destroy", "fails");
  await real.virsh("undefine", "fails");
  await real.virsh("net-undefine", "asleep");
});

test("a guest that does not listen is restarted by force, and where it does not start again it gets its old definition", async (real) => {
  const base: DesiredDomain = { name: "deaf", type: "qemu", memory: "32MiB", state: "running" };
  const result = await onHost(real.uri(), async (host) => {
    await host.ensure(domain(base));
    const graceful = { restart: "if-needed", shutdown: { within: "1s" } } as const;
    const forced = { restart: "if-needed", shutdown: { within: "1s", otherwise: "destroy" } } as const;
    const wider = domain({ name: "deaf", memory: "48MiB" });
    const patient = await host.ensure(wider, graceful).then(() => "done", (error: Error) => error.message);
    const waiting = (await host.plan(wider)).pending.map(({ field }) => field);
    const { restarted, changed } = await host.ensure(wider, forced);
    const again = await host.ensure(wider, forced);
    const missing = "<disk type='file'><source file='/nowhere.img'/><target dev='sda' bus='sata'/></disk>";
    const broken = domain({ name: "deaf", xml: `<domain><devices>${missing}</devices></domain>` });
    const failed = await host.ensure(broken, forced).then(() => "done", (error: Error) => error.message);
    return {
      patient,
      waiting,
      first: [restarted, changed],
      second: [again.restarted, again.changed],
      failed,
    };
  });
  assert.match(result.patient, /Waited 1s for domain "deaf" to shut down: it is running/);
  assert.deepEqual(result.waiting, ["memory"]);
  assert.deepEqual([result.first, result.second], [[true, true], [false, false]]);
  assert.match(result.failed, /nowhere\.img.*it runs with its old definition again/);
  const [live = "", config = ""] = await shown(real, "deaf");
  for (const xml of [live, config]) {
    assert.match(xml, /<memory unit='KiB'>49152</);
    assert.doesNotMatch(xml, /nowhere/);
  }
  await real.virsh("destroy", "deaf");
  await real.virsh("undefine", "deaf");
});

test("of a domain that others made nothing changes but what is written", async (real) => {
  const xml = `<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <metadata><x:y xmlns:x='urn:x'>kept</x:y></metadata>
    <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='cdrom'/><boot dev='hd'/></os>
    <features><acpi/><pae/></features><clock offset='localtime'/>
    <devices><disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
    <controller type='scsi' model='virtio-scsi'/><interface type='user'><model type='e1000'/></interface>
    <serial type='pty'/><input type='tablet' bus='usb'/><graphics type='vnc' port='-1' listen='127.0.0.1'/>
    <video><model type='cirrus'/></video><watchdog model='i6300esb' action='poweroff'/>
    <memballoon model='none'/></devices></domain>`;
  await real.virsh("define", await real.file("theirs.xml", xml));
  const before = await real.virsh("dumpxml", "theirs");
  const changed = await onHost(real.uri(), async (host) => {
    const same = await host.plan(domain({ name: "theirs", memory: "64MiB", graphics: "vnc", machine: "pc" }));
    const { plan } = await host.ensure(domain({ name: "theirs", memory: "80MiB", title: "Ours" }));
    return [same.changes, plan.changes.map(({ field }) => field)];
  });
  assert.deepEqual(changed, [[], ["title", "memory", "current memory"]]);
  const lines = (text: string): ReadonlySet<string> => new Set(text.split("\n"));
  const [old, now] = [lines(before), lines(await real.virsh("dumpxml", "theirs"))];
  assert.deepEqual([...old].filter((line) => !now.has(line)).map((line) => line.trim()), [
    "<memory unit='KiB'>65536</memory>",
    "<currentMemory unit='KiB'>65536</currentMemory>",
  ]);
  assert.deepEqual([...now].filter((line) => !old.has(line)).map((line) => line.trim()).sort(), [
    "<currentMemory unit='KiB'>81920</currentMemory>",
    "<memory unit='KiB'>81920</memory>",
    "<title>Ours</title>",
  ]);
  await real.virsh("undefine", "theirs");
});

test("a volume that a running guest has grows in the guest, and one that nobody has in its pool", async (real) => {
  const path = `${real.directory}/grown`;
  const sizes = async (): Promise<readonly string[]> => [
    /Capacity:\s+(\d+)/.exec(await real.virsh("domblkinfo", "grows", "vda"))?.[1] ?? "",
    /Capacity:\s+(\d+)/.exec(await real.virsh("domblkinfo", "grows", "vdb"))?.[1] ?? "",
  ];
  const result = await onHost(real.uri(), async (host) => {
    const volumes = (capacity: "8MiB" | "16MiB"): Desired[] =>
      ["a.qcow2", "b.img", "c.qcow2"].map((name) => volume({ pool: "grown", name, capacity }));
    await host.ensure([pool({ name: "grown", path, state: "active" }), ...volumes("8MiB")]);
    const disks = [{ volume: { pool: "grown", name: "a.qcow2" } }, `${path}/b.img`];
    await host.ensure(domain({ name: "grows", type: "qemu", memory: "32MiB", disks, state: "running" }));
    const grown = await host.ensure(volumes("16MiB"));
    const again = await Promise.all(volumes("16MiB").map((each) => host.plan(each)));
    return [grown.map(({ plan }) => plan.action), again.map(({ action }) => action)];
  });
  assert.deepEqual(result, [Array(3).fill("update"), Array(3).fill("none")]);
  assert.deepEqual(await sizes(), [`${16 * 1024 ** 2}`, `${16 * 1024 ** 2}`]);
  await real.virsh("destroy", "grows");
  await real.virsh("undefine", "grows");
  await real.virsh("pool-destroy", "grown");
  await real.virsh("pool-undefine", "grown");
});

test("a volume that cannot be made or made anew leaves what was there", async (real) => {
  const path = `${real.directory}/volumes`;
  const names = (): readonly string[] => [...Deno.readDirSync(path)].map(({ name }) => name);
  const ensure = (spec: Omit<DesiredVolume, "pool" | "name">): Promise<string> =>
    onHost(real.uri(), (host) =>
      host.ensure(volume({ pool: "volumes", name: "v.img", ...spec })).then(
        ({ plan }) => plan.action,
        (error: Error) => error.message,
      ));
  await onHost(
    real.uri(),
    async (host) => (await host.ensure(pool({ name: "volumes", path, state: "active" }))).plan.action,
  );
  assert.match(await ensure({ capacity: "900TiB" }), /Cannot create/);
  assert.deepEqual(names(), [], "nothing is left of what does not fit");
  assert.equal(await ensure({ capacity: "1MiB" }), "create");
  await Deno.writeTextFile(`${path}/v.img`, "dear".padEnd(1024 ** 2));
  assert.match(await ensure({ capacity: "1KiB" }), /would be empty: say replace: true/);
  assert.match(await ensure({ format: "none-such", replace: true }), /none-such/);
  assert.match(
    await ensure({ format: "qcow2", backing: { path: "/nowhere/base", format: "raw" }, replace: true }),
    /nowhere/,
  );
  assert.deepEqual(names(), ["v.img"]);
  assert.match(await Deno.readTextFile(`${path}/v.img`), /^dear/);
  assert.equal(await ensure({ format: "qcow2", replace: true }), "replace");
  assert.deepEqual(names(), ["v.img"]);
  await onHost(
    real.uri(),
    async (host) =>
      (await host.ensure(volume({ pool: "volumes", name: "v.img", state: "absent" }))).plan.action,
  );
  await real.virsh("pool-destroy", "volumes");
  await real.virsh("pool-undefine", "volumes");
});
