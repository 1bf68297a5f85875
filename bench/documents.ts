/**
 * Reading and writing a domain of about 5 KB, beside what the XML library alone takes for parsing and serialising it.
 *
 * @module
 */
import { XmlDocument } from "libxml2-wasm";
import { documents } from "../model/documents/mod.ts";
import { parseDocument, writeDocument } from "../model/xml/mod.ts";
import { type Benchmark, elapsed } from "./measure.ts";

const times = 200;

/** Documents. */
export function documentBenchmarks(): readonly Benchmark[] {
  const text = domainText();
  const { domain } = documents;
  return [{
    name: `a domain of ${text.length} bytes read and written`,
    unit: "µs",
    ours: () => perDocument(() => writeDocument(domain, parseDocument(domain, text).value)),
    peer: {
      name: "libxml2-wasm alone: parse and serialise",
      measure: () =>
        perDocument(() => {
          using document = XmlDocument.fromString(text);
          return document.toString();
        }),
    },
    target: { what: "at most 600 µs", met: ({ value }) => value <= 600 },
  }];
}

async function perDocument(action: () => string): Promise<number> {
  const ms = await elapsed(() => {
    for (let index = 0; index < times; index++) action();
  });
  return ms * 1000 / times;
}

function domainText(): string {
  const disks = Array.from({ length: 8 }, (_, index) => {
    const letter = String.fromCharCode(97 + index);
    return `    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' io='native' discard='unmap'/>
      <source file='/var/lib/libvirt/images/web-1-${letter}.qcow2'/>
      <target dev='vd${letter}' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x0${index + 1}' slot='0x00' function='0x0'/>
    </disk>`;
  });
  const interfaces = Array.from({ length: 4 }, (_, index) =>
    `    <interface type='network'>
      <mac address='52:54:00:00:00:0${index}'/>
      <source network='default'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x1${index}' slot='0x00' function='0x0'/>
    </interface>`);
  return `<domain type='kvm'>
  <name>web-1</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <title>A web server</title>
  <memory unit='GiB'>8</memory>
  <currentMemory unit='GiB'>4</currentMemory>
  <vcpu placement='static'>4</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-passthrough' check='none' migratable='on'/>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='pit' tickpolicy='delay'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${disks.join("\n")}
${interfaces.join("\n")}
    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
    <serial type='pty'>
      <target type='isa-serial' port='0'>
        <model name='isa-serial'/>
      </target>
    </serial>
    <console type='pty'>
      <target type='serial' port='0'/>
    </console>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'>
      <listen type='address' address='127.0.0.1'/>
    </graphics>
    <video>
      <model type='virtio' heads='1' primary='yes'/>
    </video>
    <memballoon model='virtio'/>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
</domain>
`;
}
