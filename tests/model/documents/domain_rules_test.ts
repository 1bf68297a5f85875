import assert from "node:assert/strict";
import { type Domain, domain } from "../../../model/documents/mod.ts";
import { DocumentError, parseDocument, writeDocument } from "../../../model/xml/mod.ts";

/** The smallest machine with the given devices. */
function machine(devices = "", rest = ""): string {
  return `<domain type='kvm'><name>web</name><memory unit='GiB'>1</memory><os><type>hvm</type></os>${rest}` +
    `<devices>${devices}</devices></domain>`;
}

function read(text: string): Domain {
  return parseDocument(domain, text).value;
}

function refused(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  return "";
}

Deno.test("a domain gets what libvirt's own reading gives it", () => {
  const value = read(machine("<disk><source file='/a'/><target dev='sdb'/></disk><controller type='usb'/>"));
  assert.equal(value.memory.kibibytes, 1048576);
  assert.equal(value.currentMemory, 1048576);
  assert.deepEqual(value.vcpu, { placement: "static", count: 1 });
  assert.deepEqual(value.os?.type, { arch: "x86_64", name: "hvm" });
  assert.deepEqual(value.os?.boots, [{ dev: "hd" }]);
  assert.deepEqual([value.onPoweroff, value.onReboot, value.onCrash], ["destroy", "restart", "destroy"]);
  const [disk] = value.devices?.disks ?? [];
  assert.deepEqual(disk?.target, { dev: "sdb", bus: "scsi" });
  assert.deepEqual(disk?.address, { type: "drive", controller: 0, bus: 0, target: 0, unit: 1 });
  assert.deepEqual(value.devices?.controllers, [{ type: "usb", index: 0 }, { type: "scsi", index: 0 }]);
});

Deno.test("the architecture is the host's where the domain does not say", () => {
  const { value } = parseDocument(domain, machine(), { context: { arch: "aarch64" } });
  assert.equal(value.os?.type?.arch, "aarch64");
});

Deno.test("memory comes from the nodes where the domain gives none", () => {
  const text = machine(
    "",
    "<cpu><numa><cell cpus='0' memory='512' unit='MiB'/><cell memory='1' unit='GiB'/></numa></cpu>",
  )
    .replace("<memory unit='GiB'>1</memory>", "");
  assert.equal(read(text).memory.kibibytes, 1572864);
  assert.match(refused(machine().replace("<memory unit='GiB'>1</memory>", "")), /has no memory/);
});

Deno.test("a running domain's ports are in the value and not in what is stored", () => {
  const value = read(machine("<graphics type='vnc' port='5903' autoport='yes' listen='::1'/>"));
  const [graphics] = value.devices?.graphics ?? [];
  assert.equal(graphics?.type === "vnc" && graphics.port, 5903);
  const stored = writeDocument(domain, value, { form: "normal" });
  assert.match(
    stored,
    /<graphics type='vnc' port='-1' autoport='yes' listen='::1'>\n +<listen type='address' address='::1'\/>/,
  );
});

Deno.test("names that libvirt makes up are not stored, those of users are", () => {
  const value = read(machine(
    "<input type='mouse'><alias name='input0'/></input><input type='tablet'><alias name='ua-pen'/></input>",
  ));
  const stored = writeDocument(domain, value, { form: "normal" });
  assert.equal(value.devices?.inputs[0]?.alias?.name, "input0");
  assert.doesNotMatch(stored, /input0/);
  assert.match(stored, /ua-pen/);
});

Deno.test("the first console of a full machine is its first serial port", () => {
  const fromSerial = read(machine("<serial type='file'><source path='/log'/></serial>"));
  assert.deepEqual(fromSerial.devices?.consoles.map((each) => [each.type, each.target]), [
    ["file", { type: "serial", port: 0 }],
  ]);
  const fromConsole = read(machine("<console type='pty'/>"));
  assert.deepEqual(fromConsole.devices?.serials.map((each) => [each.type, each.target]), [["pty", {
    port: 0,
  }]]);
});

Deno.test("the primary video card comes first in what is stored", () => {
  const value = read(machine(
    "<video><model type='qxl'/></video><video><model type='virtio' primary='yes'/></video>",
  ));
  assert.match(
    writeDocument(domain, value, { form: "normal" }),
    /<model type='virtio' heads='1' primary='yes'\/>[^]*<model type='qxl' ram='65536' vram='65536' heads='1'\/>/,
  );
});

Deno.test("sets of processors are written as libvirt writes them", () => {
  const text = machine("", "<cputune><vcpupin vcpu='0' cpuset='7,0-3,^2,4'/></cputune>");
  assert.equal(read(text).cputune?.vcpupins[0]?.cpuset, "0-1,3-4,7");
  for (const set of ["", "3-1", "^1", "16384", "0-", "a", "0,^0"]) {
    assert.match(refused(text.replace("7,0-3,^2,4", set)), /a set of numbers/, set);
  }
});

Deno.test("metadata can be read and replaced by its namespace", () => {
  const value = read(machine("", "<metadata><a:x xmlns:a='urn:a'>1</a:x></metadata>"));
  assert.deepEqual(value.metadata?.map((each) => each.uri), ["urn:a"]);
  const changed: Domain = { ...value, metadata: [{ uri: "urn:b", xml: "<y xmlns='urn:b'/>" }] };
  assert.match(writeDocument(domain, changed), /<metadata>\n {4}<y xmlns='urn:b'\/>\n {2}<\/metadata>/);
});

Deno.test("a refusal says where, what was found and what to do", () => {
  const text =
    "<domain type='kvm'>\n  <name>web</name>\n  <memory>1024</memory>\n  <os><type>hvm</type></os>\n" +
    "  <devices>\n    <disk type='file' device='tape'>\n      <target dev='vda'/>\n    </disk>\n  </devices>\n</domain>";
  assert.equal(
    refused(text),
    "Cannot read the domain document at line 6, column 23 (/domain/devices/disk/@device): " +
      'Found "tape", expected one of "disk", "cdrom", "floppy" or "lun"',
  );
});

const contradictions: Readonly<Record<string, readonly [string, RegExp]>> = {
  "a name with a slash": [machine().replace("web", "a/b"), /has a slash/],
  "a type that no hypervisor has": [machine().replace("kvm", "abacus"), /@type\): Found "abacus"/],
  "no name": [machine().replace("<name>web</name>", ""), /<name> is missing/],
  "no kind of machine": [machine().replace("<os><type>hvm</type></os>", ""), /what kind of machine/],
  "two disks of one name": [
    machine(
      "<disk><source file='/a'/><target dev='vda'/></disk><disk><source file='/b'/><target dev='vda'/></disk>",
    ),
    /two disks "vda"/,
  ],
  "a disk that is nowhere": [
    machine("<disk><target dev='vda'/></disk>"),
    /where the bytes of the disk "vda" are/,
  ],
  "features of no processor": [
    machine("", "<cpu><feature name='vmx'/></cpu>"),
    /no model to which they belong/,
  ],
  "two controllers of one number": [
    machine(
      "<controller type='pci' index='0' model='pci-root'/><controller type='pci' index='0' model='pci-root'/>",
    ),
    /two "pci" controllers with the number 0/,
  ],
  "two devices of one name": [
    machine(
      "<input type='mouse'><alias name='ua-a'/></input><sound model='ac97'><alias name='ua-a'/></sound>",
    ),
    /two devices "ua-a"/,
  ],
  "two places in the boot order": [
    machine(
      "<disk device='cdrom'><target dev='hda'/><boot order='1'/></disk><disk device='cdrom'><target dev='hdb'/><boot order='1'/></disk>",
    ),
    /booted as number 1/,
  ],
  "two primary video cards": [
    machine(
      "<video><model type='vga' primary='yes'/></video><video><model type='qxl' primary='yes'/></video>",
    ),
    /Two video cards are primary/,
  ],
  "more processors online than there are": [
    machine("", "<vcpu current='3'>2</vcpu>"),
    /more processors online/,
  ],
  "a second serial console": [
    machine("<console type='pty'/><console type='pty'><target type='serial'/></console>"),
    /Only the first console/,
  ],
  "nodes with a gap": [
    machine("", "<cpu><numa><cell id='1' memory='1024'/></numa></cpu>"),
    /not numbered from 0/,
  ],
};

for (const [what, [text, message]] of Object.entries(contradictions)) {
  Deno.test(`a domain with ${what} is refused`, () => assert.match(refused(text), message));
}
