import assert from "node:assert/strict";
import type { Reaches } from "../../../model/operation.ts";
import { device, domain, reaches } from "./definitions.ts";

const otherAttacks: readonly (readonly [
  document: Reaches["document"],
  what: string,
  xml: string,
  permission: string,
  reached: string,
])[] = [
  ["device", "a disk alone", "<disk><source file='/etc/shadow'/></disk>", "host:path", "/etc/shadow"],
  ["device", "an emulator alone", "<emulator>/tmp/evil</emulator>", "host:emulator", "/tmp/evil"],
  ["device", "what is no device", "<os><kernel>/x</kernel></os>", "host:unknown", "/os"],
  ["device", "a whole domain for a device", domain(""), "host:unknown", "/domain"],
  ["domain", "a device for a whole domain", "<disk/>", "host:unknown", "/disk"],
  [
    "snapshot",
    "an overlay outside storage",
    "<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='/root/x'/></disk></disks></domainsnapshot>",
    "host:path",
    "/root/x",
  ],
  [
    "snapshot",
    "memory written outside storage",
    "<domainsnapshot><memory snapshot='external' file='/etc/cron.d/x'/></domainsnapshot>",
    "host:path",
    "/etc/cron.d/x",
  ],
  [
    "snapshot",
    "a domain within a snapshot",
    `<domainsnapshot>${device("<emulator>/tmp/evil</emulator>")}</domainsnapshot>`,
    "host:emulator",
    "/tmp/evil",
  ],
  [
    "snapshot",
    "an inactive domain within a snapshot",
    "<domainsnapshot><inactiveDomain type='kvm'><devices><emulator>/tmp/evil</emulator></devices></inactiveDomain></domainsnapshot>",
    "host:emulator",
    "/tmp/evil",
  ],
  [
    "backup",
    "a backup written outside storage",
    "<domainbackup mode='push'><disks><disk name='vda' type='file'><target file='/root/x'/></disk></disks></domainbackup>",
    "host:path",
    "/root/x",
  ],
  [
    "backup",
    "a backup for everybody",
    "<domainbackup mode='pull'><server transport='tcp' name='0.0.0.0' port='10809'/></domainbackup>",
    "host:network",
    "nbd://0.0.0.0:10809",
  ],
  [
    "pool",
    "a pool on a directory of the host",
    "<pool type='dir'><name>p</name><target><path>/etc</path></target></pool>",
    "host:path",
    "/etc",
  ],
  [
    "pool",
    "a pool on a disk of the host",
    "<pool type='disk'><name>p</name><source><device path='/dev/sda'/></source><target><path>/dev</path></target></pool>",
    "host:device",
    "/dev/sda",
  ],
  [
    "pool",
    "a pool on a volume group",
    "<pool type='logical'><name>p</name><source><name>vg1</name></source></pool>",
    "host:device",
    "vg:vg1",
  ],
  [
    "pool",
    "a pool on another host",
    "<pool type='netfs'><name>p</name><source><host name='nas'/><dir path='/export'/></source><target><path>/var/lib/libvirt/images/n</path></target></pool>",
    "host:network",
    "netfs://nas/export",
  ],
  [
    "pool",
    "a pool on an adapter",
    "<pool type='scsi'><name>p</name><source><adapter name='scsi_host0'/></source></pool>",
    "host:device",
    "scsi:scsi_host0",
  ],
  ["pool", "a pool on all paths", "<pool type='mpath'><name>p</name></pool>", "host:device", "mpath"],
  [
    "poolSource",
    "looking for storage on another host",
    "<source><host name='nas'/></source>",
    "host:network",
    "source://nas",
  ],
  [
    "volume",
    "a volume based on a file of the host",
    "<volume><name>v</name><backingStore><path>/etc/shadow</path><format type='raw'/></backingStore></volume>",
    "host:path",
    "/etc/shadow",
  ],
  [
    "volume",
    "a volume based on what QEMU would interpret",
    "<volume><name>v</name><backingStore><path>nbd://10.0.0.1/x</path></backingStore></volume>",
    "host:path",
    "nbd://10.0.0.1/x",
  ],
  [
    "network",
    "a bridge of the host for a network",
    "<network><name>n</name><forward mode='bridge'/><bridge name='br0'/></network>",
    "host:network",
    "br0",
  ],
  [
    "network",
    "a network behind an interface of the host",
    "<network><name>n</name><forward mode='nat' dev='eth0'/></network>",
    "host:network",
    "eth0",
  ],
  [
    "network",
    "a network of cards of the host",
    "<network><name>n</name><forward mode='hostdev'><pf dev='eth3'/></forward></network>",
    "host:network",
    "eth3",
  ],
  [
    "network",
    "a zone of the host's firewall",
    "<network><name>n</name><bridge name='virbr5' zone='trusted'/></network>",
    "host:network",
    "zone:trusted",
  ],
  [
    "network",
    "filters that guests may change",
    "<network><name>n</name><portgroup name='a' trustGuestRxFilters='yes'/></network>",
    "host:security",
    "trustGuestRxFilters=yes",
  ],
  [
    "network",
    "a route of the host",
    "<network><name>n</name><route address='10.0.0.0' prefix='8' gateway='192.168.122.2'/></network>",
    "host:network",
    "route:10.0.0.0/8",
  ],
  [
    "network",
    "a directory for booting",
    "<network><name>n</name><ip address='10.0.0.1'><tftp root='/etc'/></ip></network>",
    "host:path",
    "/etc",
  ],
  [
    "network",
    "dnsmasq's options",
    "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>n</name><dnsmasq:options><dnsmasq:option value='dhcp-script=/tmp/evil'/></dnsmasq:options></network>",
    "host:namespace",
    "http://libvirt.org/schemas/network/dnsmasq/1.0",
  ],
  [
    "network",
    "an interface of the host for a network, in an update",
    "<interface dev='eth1'/>",
    "host:network",
    "eth1",
  ],
  [
    "filterBinding",
    "a filter on an interface of the host",
    "<filterbinding><portdev name='eth0'/><filterref filter='x'/></filterbinding>",
    "host:network",
    "eth0",
  ],
  [
    "networkPort",
    "a card of the host in a port",
    "<networkport><plug type='hostdev-pci'><address domain='0' bus='6' slot='0x12' function='5'/></plug></networkport>",
    "host:device",
    "pci:0000:06:12.5",
  ],
  [
    "networkPort",
    "a port that lets its guest change filters",
    "<networkport><rxfilters trustGuest='yes'/></networkport>",
    "host:security",
    "trustGuestRxFilters=yes",
  ],
  [
    "interface",
    "an interface of the host",
    "<interface type='ethernet' name='eth0'><protocol family='ipv4'><dhcp/></protocol></interface>",
    "host:network",
    "eth0",
  ],
  [
    "nodeDevice",
    "a device made on the host",
    "<device><parent>pci_0000_06_00_0</parent><capability type='mdev'><type id='x'/></capability></device>",
    "host:device",
    "pci_0000_06_00_0",
  ],
];

for (const [document, what, xml, permission, reached] of otherAttacks) {
  Deno.test(`${what} reaches`, () => {
    const found = reaches(xml, document).map((finding) => `${finding.permission}@${finding.reached}`);
    assert.ok(found.includes(`${permission}@${reached}`), `found: ${found.join(" ")}`);
  });
}

Deno.test("an ordinary port of a network reaches nothing", () => {
  const xml = `<networkport>
    <uuid>5d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid>
    <owner><name>web</name><uuid>3d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid></owner>
    <mac address='52:54:00:7b:35:93'/><rxfilters trustGuest='no'/><port isolated='yes'/>
    <bandwidth><inbound average='100' peak='200' burst='300'/></bandwidth>
    <plug type='network' bridge=''/>
  </networkport>`;
  assert.deepEqual(reaches(xml, "networkPort"), []);
});
