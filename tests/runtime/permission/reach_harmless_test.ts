import assert from "node:assert/strict";
import type { Reaches } from "../../../model/operation.ts";
import { device, disk, domain, reaches } from "./definitions.ts";

const harmless: readonly (readonly [what: string, document: Reaches["document"], xml: string])[] = [
  ["a domain with nothing", "domain", "<domain type='kvm'><name>x</name></domain>"],
  ["a disk on a file in a pool", "domain", disk("<source file='/var/lib/libvirt/images/web-1.qcow2'/>")],
  ["a disk on a logical volume in a pool", "domain", disk("<source dev='/dev/vg0/web-1'/>", "block")],
  ["a disk on a volume", "domain", disk("<source pool='default' volume='web-1.qcow2'/>", "volume")],
  [
    "a disk with a backing store in a pool",
    "domain",
    disk(
      "<driver name='qemu' type='qcow2' cache='none' io='native' discard='unmap'/><source file='/var/lib/libvirt/images/a'/><backingStore type='file'><format type='qcow2'/><source file='/var/lib/libvirt/images/base'/><backingStore/></backingStore>",
    ),
  ],
  [
    "an encrypted disk",
    "domain",
    disk(
      "<source file='/var/lib/libvirt/images/a'><encryption format='luks'><secret type='passphrase' uuid='0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f'/></encryption></source>",
    ),
  ],
  [
    "an empty drive",
    "domain",
    device("<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"),
  ],
  [
    "an interface on a virtual network",
    "domain",
    device(
      "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' portgroup='a'/><model type='virtio'/><filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/></filterref><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>",
    ),
  ],
  [
    "an interface on QEMU's own network",
    "domain",
    device("<interface type='user'><model type='e1000'/></interface>"),
  ],
  [
    "serial port, console and agent",
    "domain",
    device(
      "<serial type='pty'><target type='isa-serial' port='0'><model name='isa-serial'/></target></serial><console type='pty'><target type='serial' port='0'/></console><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
    ),
  ],
  [
    "a channel for SPICE",
    "domain",
    device("<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"),
  ],
  [
    "a screen for the host only",
    "domain",
    device(
      "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1' passwd='/secret/'><listen type='address' address='127.0.0.1'/></graphics><video><model type='virtio' heads='1' primary='yes'><acceleration accel3d='no'/></model></video>",
    ),
  ],
  [
    "a screen on a socket of libvirt's choice",
    "domain",
    device("<graphics type='vnc'><listen type='socket'/></graphics>"),
  ],
  [
    "sound to nowhere",
    "domain",
    device("<sound model='ich9'><audio id='1'/></sound><audio id='1' type='none'/>"),
  ],
  [
    "entropy as everybody has it",
    "domain",
    device("<rng model='virtio'><rate bytes='1024'/><backend model='random'>/dev/urandom</backend></rng>"),
  ],
  [
    "an emulated TPM",
    "domain",
    device("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"),
  ],
  [
    "controllers, balloon, watchdog, panic",
    "domain",
    device(
      "<controller type='pci' index='0' model='pcie-root'/><controller type='scsi' index='0' model='virtio-scsi'><driver queues='4'/></controller><memballoon model='virtio'><stats period='5'/></memballoon><watchdog model='itco' action='reset'/><panic model='isa'/><input type='tablet' bus='usb'/><hub type='usb'/><vsock model='virtio'><cid auto='yes'/></vsock>",
    ),
  ],
  [
    "processor, memory, tuning",
    "domain",
    domain(
      "<vcpu placement='static' cpuset='0-3'>4</vcpu><iothreads>2</iothreads><cputune><vcpupin vcpu='0' cpuset='0'/><shares>2048</shares></cputune><numatune><memory mode='strict' nodeset='0'/></numatune><memoryBacking><hugepages><page size='2048' unit='KiB' nodeset='0'/></hugepages><source type='memfd'/><access mode='shared'/></memoryBacking><cpu mode='host-model' check='partial'><topology sockets='1' dies='1' cores='4' threads='1'/><feature policy='require' name='vmx'/></cpu><memtune><hard_limit unit='KiB'>1</hard_limit></memtune>",
    ),
  ],
  [
    "features, clock, power",
    "domain",
    domain(
      "<features><acpi/><apic/><pae/><hyperv mode='custom'><relaxed state='on'/><spinlocks state='on' retries='8191'/></hyperv><kvm><hidden state='on'/></kvm><vmport state='off'/></features><clock offset='timezone' timezone='Europe/Paris'><timer name='rtc' tickpolicy='catchup'/></clock><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><pm><suspend-to-mem enabled='no'/></pm>",
    ),
  ],
  [
    "firmware chosen by the host",
    "domain",
    "<domain type='kvm'><name>x</name><os firmware='efi'><type>hvm</type><firmware><feature enabled='yes' name='secure-boot'/></firmware><boot dev='hd'/><bootmenu enable='yes' timeout='3000'/><smbios mode='sysinfo'/></os><sysinfo type='smbios'><system><entry name='manufacturer'>/me/ and ../others</entry></system></sysinfo></domain>",
  ],
  [
    "a kernel in a pool",
    "domain",
    domain("").replace(
      "</os>",
      "<kernel>/var/lib/libvirt/images/vmlinuz</kernel><cmdline>root=/dev/vda console=ttyS0</cmdline></os>",
    ),
  ],
  [
    "title, description, metadata of others",
    "domain",
    domain(
      "<title>/etc/shadow</title><description>see /etc/shadow</description><metadata><x:app xmlns:x='urn:x' path='/etc/shadow'><x:y/></x:app></metadata>",
    ),
  ],
  [
    "labels made by libvirt",
    "domain",
    domain(
      "<seclabel type='dynamic' model='dac' relabel='yes'><label>+107:+107</label><imagelabel>+107:+107</imagelabel></seclabel>",
    ),
  ],
  [
    "a container with a root in a pool's volume",
    "domain",
    domain(
      "<devices><filesystem type='volume'><source pool='p' volume='v'/><target dir='/'/></filesystem><interface type='network'><source network='default'/></interface><console type='pty'/></devices>",
      "type='lxc'",
    ).replace("hvm</type>", "exe</type><init>/sbin/init</init><initarg>--x</initarg>"),
  ],
  [
    "a network of its own",
    "network",
    "<network><name>n</name><bridge name='virbr1' stp='on' delay='0'/><ip address='10.0.0.1' netmask='255.255.255.0'><dhcp><range start='10.0.0.2' end='10.0.0.9'/><host mac='52:54:00:00:00:01' name='a' ip='10.0.0.2'/></dhcp></ip></network>",
  ],
  [
    "a network with address translation",
    "network",
    "<network><name>n</name><forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward><dns><host ip='10.0.0.1'><hostname>x</hostname></host><txt name='a' value='/x'/></dns><ip family='ipv6' address='fd00::1' prefix='64'/></network>",
  ],
  ["an address in an update of a network", "network", "<host mac='52:54:00:00:00:01' ip='10.0.0.3'/>"],
  [
    "a pool in a pool",
    "pool",
    "<pool type='dir'><name>p</name><target><path>/var/lib/libvirt/images/more/</path><permissions><mode>0711</mode></permissions></target></pool>",
  ],
  [
    "a volume",
    "volume",
    "<volume><name>v.qcow2</name><capacity unit='GiB'>1</capacity><target><format type='qcow2'/><features><lazy_refcounts/></features></target></volume>",
  ],
  [
    "a volume based on its neighbour",
    "volume",
    "<volume><name>v</name><capacity>1</capacity><backingStore><path>/var/lib/libvirt/images/base.qcow2</path><format type='qcow2'/></backingStore></volume>",
  ],
  [
    "a volume based on its neighbour by its name",
    "volume",
    "<volume><name>v</name><capacity>1</capacity><backingStore><path>base.qcow2</path></backingStore></volume>",
  ],
  [
    "a snapshot",
    "snapshot",
    "<domainsnapshot><name>s</name><description>before /etc changed</description></domainsnapshot>",
  ],
  [
    "a snapshot in a pool",
    "snapshot",
    "<domainsnapshot><disks><disk name='vda' snapshot='external'><driver type='qcow2'/><source file='/var/lib/libvirt/images/s'/></disk><disk name='vdb' snapshot='no'/></disks></domainsnapshot>",
  ],
  [
    "a checkpoint",
    "checkpoint",
    "<domaincheckpoint><name>c</name><disks><disk name='vda' checkpoint='bitmap'/></disks></domaincheckpoint>",
  ],
  [
    "a secret",
    "secret",
    "<secret ephemeral='no' private='yes'><usage type='volume'><volume>/var/lib/x</volume></usage></secret>",
  ],
  [
    "a filter",
    "filter",
    "<filter name='f' chain='ipv4'><rule action='drop' direction='in' priority='500'><tcp dstportstart='22' state='NEW'/></rule></filter>",
  ],
];

for (const [what, document, xml] of harmless) {
  Deno.test(`${what} reaches nothing`, () => {
    assert.deepEqual(reaches(xml, document), []);
  });
}
