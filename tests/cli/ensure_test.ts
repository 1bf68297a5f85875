import assert from "node:assert/strict";
import { inPlace, type Place } from "./kit/process.ts";

/** Keeps one domain of libvirt's test host as it shall be. */
const keep = `
  summary: "Keep the test domain",
  input: z.object({ memory: z.enum(["1GiB", "2GiB", "9GiB"]).default("1GiB"), title: z.string().default("Kept") }),
  needs: ["connect:getattr,read", "domain:getattr,read,write,save", "network:getattr,read,write,save"],
  async run({ host, input }) {
    await host.ensure(network({ name: "lab", address: "192.168.50.1/24" }));
    await host.ensure(domain({ name: "test", memory: input.memory, title: input.title }));
    await host.ensure(domain({ name: "test", memory: input.memory, title: input.title }));
  },`;

/** Writes the recipe with the builders that it imports. */
async function keeping(place: Place): Promise<string> {
  const path = await place.recipe("keep", keep);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace("{ recipe, z }", "{ domain, network, recipe, z }"));
  return path;
}

Deno.test("plan and run --check show what would change, and change nothing; drift says 5", async () => {
  await inPlace(async (place) => {
    const recipe = await keeping(place);
    const url = `test:///default?state=${place.directory}/host`;
    const before = (await place.run("dumpxml", "test", "-c", url)).out;
    for (const words of [["plan"], ["run", "--check"]]) {
      const { code, out, err } = await place.run(...words, recipe, "-c", url, "--diff");
      assert.equal(code, 0, err);
      assert.match(out, /\+ network "lab"/);
      assert.match(out, /~ domain "test"\n +\+ title: Kept +\[live\]/);
      assert.match(out, /^ +~ current memory: 2097152 -> 1048576 +\[live\] The balloon/m);
      assert.match(out, /^--- before domain\/test$/m);
      assert.match(out, /^Plan: 1 to add, 1 to change, 0 to destroy\.$/m);
    }
    assert.equal((await place.run("dumpxml", "test", "-c", url)).out, before);
    assert.equal((await place.run("plan", recipe, "-c", url, "--detailed-exitcode")).code, 2);
    const drift = await place.run("drift", recipe, "-c", url);
    assert.equal(drift.code, 5, drift.err);
    assert.match(drift.out, /network\/lab +missing/);
    assert.match(drift.out, /domain\/test +changed +title +- +Kept/);
    const ignored = await place.run(
      "drift",
      recipe,
      "-c",
      url,
      "--ignore",
      "network/*",
      "--ignore",
      "domain/t*:*",
    );
    assert.equal(ignored.code, 0, ignored.out);
    assert.equal((await place.run("dumpxml", "test", "-c", url)).out, before);
  });
});

Deno.test("what was ensured has not drifted, and what waits for the next start is pending", async () => {
  await inPlace(async (place) => {
    const recipe = await keeping(place);
    const url = `test:///default?state=${place.directory}/host`;
    const all = [recipe, "-c", url, "--input", "memory=9GiB"];
    const run = await place.run("run", ...all, "--allow", "all");
    assert.equal(run.code, 0, run.err);
    const plan = await place.run("plan", ...all, "--detailed-exitcode", "--changes");
    assert.equal(plan.code, 0, plan.out);
    assert.match(plan.out, /No changes\. Everything is as it is desired\./);
    const drift = await place.run("drift", ...all);
    assert.equal(drift.code, 0, drift.out);
    assert.match(drift.out, /domain\/test +pending +memory +8388608 +9437184/);
    const json = await place.run("plan", ...all, "--changes", "-o", "json");
    const { items } = JSON.parse(json.out);
    assert.deepEqual(items.map(({ kind, action }: { kind: string; action: string }) => [kind, action]), [
      ["network", "none"],
      ["domain", "none"],
      ["domain", "none"],
    ]);
  });
});

/** A running guest as libvirt's QEMU driver shows it: with addresses, aliases, an expanded processor and machine. */
function qemuDomain(
  parts: { readonly id: string; readonly aliases: (name: string) => string; readonly cpu: string },
): string {
  const { id, aliases, cpu } = parts;
  return `<domain type='kvm'${id}>
  <name>web-1</name>
  <uuid>11111111-2222-4333-8444-555555555555</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  ${cpu}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/web-1.qcow2'/>
      <target dev='vda' bus='virtio'/>
      ${aliases("virtio-disk0")}
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <controller type='pci' index='0' model='pcie-root'>${aliases("pcie.0")}</controller>
    <interface type='network'>
      <mac address='52:54:00:12:34:56'/>
      <source network='default'/>
      <model type='virtio'/>
      ${aliases("net0")}
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
    <memballoon model='virtio'>${aliases("balloon0")}</memballoon>
  </devices>
</domain>`;
}

Deno.test("plans are of the real hypervisor's definitions, whatever its type of domains", async () => {
  await inPlace(async (place) => {
    const { rehearse } = await import("../../cli/plan/rehearsal.ts");
    const file = await keeping(place);
    await Deno.writeTextFile(
      file,
      `import { domain, recipe } from "drover";
const spec = {
  name: "web-1", machine: "q35", cpu: "host-model", memory: "2GiB", vcpus: 2,
  disks: ["/srv/web-1.qcow2", "/srv/data.qcow2"], interfaces: ["default"], state: "running",
} as const;
export default recipe({
  summary: "Keep",
  needs: ["connect:getattr,read", "domain:getattr,read,write,save,start"],
  run: async ({ host }) => {
    await host.ensure(domain(spec));
    await host.ensure(domain({ ...spec, name: "web-2", disks: [], type: undefined }));
    return String(await host.plan(domain(spec)));
  },
});
`,
    );
    const uri = "qemu:///system";
    const xml = qemuDomain({ id: "", aliases: () => "", cpu: "<cpu mode='host-model' check='partial'/>" });
    const liveXml = qemuDomain({
      id: " id='7'",
      aliases: (name) => `<alias name='${name}'/>`,
      cpu:
        "<cpu mode='custom' match='exact' check='full'><model fallback='forbid'>Skylake-Client</model></cpu>",
    });
    const capabilities = `<capabilities><host><cpu><arch>x86_64</arch></cpu></host>
      <guest><os_type>hvm</os_type><arch name='x86_64'><domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>`;
    const content = { domains: [{ name: "web-1", state: "running", xml, liveXml }] } as const;
    const { run, plans } = await rehearse({
      file,
      input: {},
      inputTexts: {},
      hosts: { host: uri },
      contents: new Map([[uri, { content, capabilities }]]),
      signal: new AbortController().signal,
    });
    assert.equal(run.error, undefined);
    const [kept, made, again] = plans;
    assert.deepEqual(kept?.changes.map(({ field, effect }) => [field, effect]), [["disk vdb", "live"]]);
    assert.deepEqual(kept?.pending, []);
    assert.match(made?.after ?? "", /^<domain type='kvm'>/);
    assert.equal(again?.action, "none");
  });
});
