/**
 * Objects that somebody else made, and documents that somebody else wrote: only what was written is changed.
 */
import assert from "node:assert/strict";
import { type DesiredDomain, domain, recipe, z } from "../../../mod.ts";
import { simulate } from "../../../testing/mod.ts";

const grants = ["all", "host"];

const twice = recipe({
  summary: "Ensure a domain, and plan it again",
  needs: ["connect:getattr,read", "domain:getattr,read,write,save,start", "host:*"],
  input: z.object({ spec: z.custom<DesiredDomain>() }),
  run: async ({ host, input }): Promise<{ changed: readonly string[]; again: string }> => {
    const { plan } = await host.ensure(domain(input.spec));
    return {
      changed: plan.changes.map(({ field, from = "", to = "" }) => `${field}: ${from} -> ${to}`),
      again: String(await host.plan(domain(input.spec))),
    };
  },
});

const settled = '  domain "web-1" is as it shall be';

function definition(inner: string, devices = "", attributes = ""): string {
  return `<domain type='test' ${attributes}><name>web-1</name><uuid>11111111-2222-4333-8444-555555555555</uuid>
    <memory>524288</memory><vcpu>1</vcpu><os><type>hvm</type></os>${inner}<devices>${devices}</devices></domain>`;
}

async function adopt(xml: string, spec: Omit<DesiredDomain, "name">): Promise<readonly string[]> {
  await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", xml }] } });
  const { result } = await lab.run(twice, { grants, input: { spec: { name: "web-1", ...spec } } });
  assert.equal(result.again, settled);
  return result.changed;
}

const devices = (xml: string): Pick<DesiredDomain, "xml"> => ({
  xml: `<domain><devices>${xml}</devices></domain>`,
});

Deno.test("an empty drive is the drive that is there, and a drive keeps its place when its medium changes", async () => {
  const drive = (source: string): string =>
    `<disk type='file' device='cdrom'>${source}<target dev='sda' bus='sata'/><readonly/></disk>`;
  assert.deepEqual(await adopt(definition("", drive("")), { disks: [{ device: "cdrom" }] }), []);
  assert.deepEqual(
    await adopt(definition("", drive("<source file='/old.iso'/>")), {
      disks: [{ device: "cdrom", file: "/new.iso" }],
    }),
    ["disk sda source file: /old.iso -> /new.iso"],
  );
});

Deno.test("a device of the host is the same however its numbers are written", async () => {
  const device = (bus: string): string =>
    `<hostdev mode='subsystem' type='pci' managed='yes'><source>
      <address domain='${bus.startsWith("0x") ? "0x0000" : "0"}' bus='${bus}' slot='0x02' function='0'/>
    </source></hostdev>`;
  assert.deepEqual(await adopt(definition("", device("0x0a")), devices(device("10"))), []);
});

Deno.test("a namespace is the same by whatever prefix it goes", async () => {
  const uri = "http://libvirt.org/schemas/domain/qemu/1.0";
  const line = (prefix: string): string =>
    `<${prefix}commandline><${prefix}arg value='-name'/><${prefix}arg value='x'/></${prefix}commandline>`;
  const present = definition(line("qemu:"), "", `xmlns:qemu='${uri}'`);
  assert.deepEqual(
    await adopt(present, { xml: `<domain xmlns:q='${uri}'>${line("q:")}</domain>` }),
    [],
  );
  assert.deepEqual(
    await adopt(present, { xml: `<domain>${line("").replace(">", ` xmlns='${uri}'>`)}</domain>` }),
    [],
  );
});

Deno.test("the memory of a domain with nodes is that of its nodes", async () => {
  const cpu = "<cpu><numa><cell id='0' cpus='0' memory='524288'/></numa></cpu>";
  const wanted = `<domain><memory unit='GiB'>4</memory>${cpu}</domain>`;
  assert.deepEqual(await adopt(definition(cpu), { xml: wanted }), []);
});

Deno.test("the document of a running domain, taken as a definition, changes nothing", async () => {
  const present = definition(
    "",
    `<disk type='file' device='disk'><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>
     <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
     <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
     <graphics type='vnc' port='-1' autoport='yes'/>`,
  );
  const live = definition(
    "<seclabel type='dynamic' model='dac' relabel='yes'><label>+0:+0</label></seclabel>",
    `<disk type='file' device='disk'><source file='/a.img' index='1'/><target dev='vda' bus='virtio'/>
       <alias name='virtio-disk0'/></disk>
     <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><target dev='vnet7'/>
       <alias name='net0'/></interface>
     <serial type='pty'><source path='/dev/pts/3'/><target port='0'/><alias name='serial0'/></serial>
     <console type='pty' tty='/dev/pts/3'><source path='/dev/pts/3'/><target type='serial' port='0'/></console>
     <graphics type='vnc' port='5900' autoport='yes'/>`,
    "id='7'",
  );
  assert.deepEqual(await adopt(present, { xml: live }), []);
});

Deno.test("an input device is added beside the others, and a second video card does not become the first", async () => {
  const input = (type: string): string => `<input type='${type}' bus='ps2'/>`;
  const present = definition("", input("mouse") + input("keyboard"));
  const changed = await adopt(present, devices("<input type='tablet' bus='usb'/>"));
  assert.deepEqual(changed.map((each) => each.split(" ").slice(0, 2).join(" ")), ["input tablet:"]);
  const video = (attributes: string): string => `<video><model type='vga' heads='1' ${attributes}/></video>`;
  const cards = definition("", video("primary='yes'") + video("vram='16384'"));
  assert.deepEqual(await adopt(cards, devices(video("vram='16384'") + video("primary='yes'"))), []);
});
