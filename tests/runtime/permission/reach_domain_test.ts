import assert from "node:assert/strict";
import { device, disk, domain, reaches } from "./definitions.ts";

/** What, the definition, and one thing that it reaches. */
type Attack = readonly [what: string, xml: string, permission: string, reached: string];

const domainAttacks: readonly Attack[] = [
  ["a disk on a file of the host", disk("<source file='/etc/shadow'/>"), "host:path", "/etc/shadow"],
  [
    "a disk beside a pool whose name begins alike",
    disk("<source file='/var/lib/libvirt/images2/x'/>"),
    "host:path",
    "/var/lib/libvirt/images2/x",
  ],
  [
    "a disk whose path has slashes to spare",
    disk("<source file='//etc/./shadow/'/>"),
    "host:path",
    "/etc/shadow",
  ],
  [
    "a disk whose path is written with character references",
    disk("<source file='&#47;etc&#x2f;shadow'/>"),
    "host:path",
    "/etc/shadow",
  ],
  [
    "a disk whose attributes stand in another order",
    device(
      "<disk device='cdrom' type='file'><target dev='sda'/><source index='1' file='/etc/shadow'/></disk>",
    ),
    "host:path",
    "/etc/shadow",
  ],
  [
    "a disk with two sources",
    disk("<source file='/var/lib/libvirt/images/a'/><source file='/etc/shadow'/>"),
    "host:path",
    "/etc/shadow",
  ],
  ["a disk on a device of the host", disk("<source dev='/dev/sda'/>", "block"), "host:device", "/dev/sda"],
  [
    "a disk of one type with the source of another",
    disk("<source dev='/dev/sda' volume='x' pool='y'/>", "volume"),
    "host:device",
    "/dev/sda",
  ],
  ["a disk on a directory", disk("<source dir='/root'/>", "dir"), "host:path", "/root"],
  [
    "a disk on the whole of a pool's directory",
    disk("<source dir='/var/lib/libvirt/images'/>", "dir"),
    "host:path",
    "/var/lib/libvirt/images",
  ],
  [
    "a backing store",
    disk(
      "<source file='/var/lib/libvirt/images/a'/><backingStore type='file'><source file='/etc/shadow'/></backingStore>",
    ),
    "host:path",
    "/etc/shadow",
  ],
  [
    "a backing store's backing store",
    disk(
      "<backingStore type='file'><source file='/var/lib/libvirt/images/b'/><backingStore type='file'><source file='/etc/shadow'/></backingStore></backingStore>",
    ),
    "host:path",
    "/etc/shadow",
  ],
  ["a mirror", disk("<mirror type='file'><source file='/root/x'/></mirror>"), "host:path", "/root/x"],
  ["a mirror as it was once written", disk("<mirror file='/root/x'/>"), "host:path", "/root/x"],
  [
    "a data file beside an image",
    disk(
      "<source file='/var/lib/libvirt/images/a'><dataStore type='file'><source file='/root/x'/></dataStore></source>",
    ),
    "host:path",
    "/root/x",
  ],
  [
    "a source with slices",
    disk("<source file='/dev/mem'><slices><slice type='storage' offset='0' size='1'/></slices></source>"),
    "host:path",
    "/dev/mem",
  ],
  [
    "a disk of the network",
    disk("<source protocol='nbd' name='x'><host name='10.0.0.1' port='10809'/></source>", "network"),
    "host:network",
    "nbd://10.0.0.1:10809/x",
  ],
  [
    "a disk behind a socket",
    disk("<source protocol='nbd'><host transport='unix' socket='/run/x'/></source>", "network"),
    "host:socket",
    "/run/x",
  ],
  [
    "a key for a disk of the network",
    disk(
      "<source protocol='ssh' name='x'><host name='h'/><identity username='u' keyfile='/root/.ssh/id_rsa'/></source>",
      "network",
    ),
    "host:path",
    "/root/.ssh/id_rsa",
  ],
  [
    "an NVMe drive of the host",
    disk(
      "<source type='pci' managed='yes' namespace='1'><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>",
      "nvme",
    ),
    "host:device",
    "pci:0000:01:00.0",
  ],
  [
    "a vhost-user disk",
    disk("<source type='unix' path='/run/spdk'/>", "vhostuser"),
    "host:socket",
    "/run/spdk",
  ],
  [
    "a vhost-vdpa disk",
    disk("<source dev='/dev/vhost-vdpa-0'/>", "vhostvdpa"),
    "host:device",
    "/dev/vhost-vdpa-0",
  ],
  [
    "raw access to a drive",
    device("<disk type='volume' rawio='yes'><source pool='p' volume='v'/><target dev='sda'/></disk>"),
    "host:security",
    "rawio=yes",
  ],
  [
    "a type of disk that nobody knows",
    disk("<source file='/var/lib/libvirt/images/a'/>", "teleport"),
    "host:unknown",
    "/domain/devices/disk/@type",
  ],
  ["an emulator of one's own", device("<emulator>/tmp/evil</emulator>"), "host:emulator", "/tmp/evil"],
  [
    "an emulator within a pool",
    device("<emulator>/var/lib/libvirt/images/evil</emulator>"),
    "host:emulator",
    "/var/lib/libvirt/images/evil",
  ],
  [
    "an emulator in CDATA",
    device("<emulator><![CDATA[/tmp/evil]]></emulator>"),
    "host:emulator",
    "/tmp/evil",
  ],
  [
    "an emulator parted by a comment",
    device("<emulator>/tmp<!-- x -->/evil</emulator>"),
    "host:emulator",
    "/tmp/evil",
  ],
  [
    "an emulator within another element",
    device("<emulator><path>/tmp/evil</path></emulator>"),
    "host:unknown",
    "/domain/devices/emulator/path",
  ],
  ["a boot loader", domain("<bootloader>/tmp/evil</bootloader>"), "host:emulator", "/tmp/evil"],
  ["a firmware", domain("").replace("</os>", "<loader>/tmp/x</loader></os>"), "host:loader", "/tmp/x"],
  [
    "a template for the firmware's variables",
    domain("").replace("</os>", "<nvram template='/root/x'/></os>"),
    "host:loader",
    "/root/x",
  ],
  [
    "the firmware's variables in a source",
    domain("").replace("</os>", "<nvram type='file'><source file='/root/x'/></nvram></os>"),
    "host:path",
    "/root/x",
  ],
  [
    "a kernel",
    domain("").replace("</os>", "<kernel>/boot/vmlinuz</kernel></os>"),
    "host:kernel",
    "/boot/vmlinuz",
  ],
  [
    "an initial file system",
    domain("").replace("</os>", "<initrd>/root/x</initrd></os>"),
    "host:kernel",
    "/root/x",
  ],
  ["a device tree", domain("").replace("</os>", "<dtb>/root/x</dtb></os>"), "host:kernel", "/root/x"],
  [
    "an ACPI table",
    domain("").replace("</os>", "<acpi><table type='slic'>/root/x</table></acpi></os>"),
    "host:kernel",
    "/root/x",
  ],
  [
    "a file handed over by the firmware's configuration",
    domain("<sysinfo type='fwcfg'><entry name='opt/x' file='/etc/shadow'/></sysinfo>"),
    "host:path",
    "/etc/shadow",
  ],
  [
    "QEMU's command line",
    domain(
      "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-hda'/></qemu:commandline>",
    ),
    "host:namespace",
    "http://libvirt.org/schemas/domain/qemu/1.0",
  ],
  [
    "QEMU's command line under another prefix",
    domain(
      "<x:commandline><x:arg value='-S'/></x:commandline>",
      "type='kvm' xmlns:x='http://libvirt.org/schemas/domain/qemu/1.0'",
    ),
    "host:namespace",
    "http://libvirt.org/schemas/domain/qemu/1.0",
  ],
  [
    "QEMU's command line without a prefix",
    domain("<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'><arg value='-S'/></commandline>"),
    "host:namespace",
    "http://libvirt.org/schemas/domain/qemu/1.0",
  ],
  [
    "namespaces of the host for a container",
    domain("<lxc:namespace xmlns:lxc='http://libvirt.org/schemas/domain/lxc/1.0'/>"),
    "host:namespace",
    "http://libvirt.org/schemas/domain/lxc/1.0",
  ],
  [
    "an inclusion",
    device("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/shadow' parse='text'/>"),
    "host:namespace",
    "http://www.w3.org/2001/XInclude",
  ],
  [
    "a whole document in another namespace",
    "<domain xmlns='urn:x' type='kvm'><name>x</name></domain>",
    "host:namespace",
    "urn:x",
  ],
  [
    "an attribute of another namespace",
    domain("<title xmlns:x='urn:x' x:href='/etc/shadow'>t</title>"),
    "host:unknown",
    "/domain/title/@x:href",
  ],
  ["an element that nobody knows", domain("<hook>x</hook>"), "host:unknown", "/domain/hook"],
  [
    "an element deep within a part that reaches nothing",
    domain("<cpu><numa><cell id='0'><file/></cell></numa></cpu>"),
    "host:unknown",
    "/domain/cpu/numa/cell/file",
  ],
  ["an attribute that nobody knows", domain("<memory exec='x'/>"), "host:unknown", "/domain/memory[2]/@exec"],
  [
    "an element with the name of what every object has",
    domain("<constructor/>"),
    "host:unknown",
    "/domain/constructor",
  ],
  [
    "an attribute with the name of what every object has",
    domain("<cpu toString='x'/>"),
    "host:unknown",
    "/domain/cpu/@toString",
  ],
  ["a path where none belongs", domain("<clock timezone='/etc/shadow'/>"), "host:path", "/etc/shadow"],
  [
    "a directory of the host",
    device("<filesystem><source dir='/'/><target dir='x'/></filesystem>"),
    "host:path",
    "/",
  ],
  [
    "the program behind a directory",
    device("<filesystem type='mount'><binary path='/tmp/evil'/><target dir='x'/></filesystem>"),
    "host:emulator",
    "/tmp/evil",
  ],
  [
    "a file-system daemon's socket",
    device("<filesystem type='mount'><source socket='/run/fs'/><target dir='x'/></filesystem>"),
    "host:socket",
    "/run/fs",
  ],
  [
    "a PCI device",
    device(
      "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='6' slot='0x12' function='5'/></source></hostdev>",
    ),
    "host:device",
    "pci:0000:06:12.5",
  ],
  [
    "a USB device by its maker",
    device(
      "<hostdev mode='subsystem' type='usb'><source><vendor id='0x046d'/><product id='0x082d'/></source></hostdev>",
    ),
    "host:device",
    "usb:046d:082d",
  ],
  [
    "a SCSI device",
    device(
      "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/><address bus='0' target='1' unit='2'/></source></hostdev>",
    ),
    "host:device",
    "scsi:scsi_host0:0:1:2",
  ],
  [
    "a mediated device",
    device(
      "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
    ),
    "host:device",
    "mdev:c2177883-f1bb-47f0-914d-32a22e3a8804",
  ],
  [
    "a host device of a kind to come",
    device("<hostdev mode='subsystem' type='quantum'><source/></hostdev>"),
    "host:device",
    "quantum:",
  ],
  [
    "a block device for a container",
    device("<hostdev mode='capabilities' type='storage'><source><block>/dev/sda</block></source></hostdev>"),
    "host:device",
    "/dev/sda",
  ],
  [
    "a TPM of the host",
    device("<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"),
    "host:device",
    "/dev/tpm0",
  ],
  [
    "a TPM of the host that is not named",
    device("<tpm><backend type='passthrough'/></tpm>"),
    "host:device",
    "/dev/tpm0",
  ],
  [
    "a TPM behind a socket",
    device(
      "<tpm><backend type='external'><source type='unix' mode='connect' path='/run/x'/></backend></tpm>",
    ),
    "host:socket",
    "/run/x",
  ],
  [
    "the host's keyboard",
    device("<input type='evdev'><source dev='/dev/input/event1'/></input>"),
    "host:device",
    "/dev/input/event1",
  ],
  [
    "an input device passed through",
    device("<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>"),
    "host:device",
    "/dev/input/event1",
  ],
  [
    "a device as a source of entropy",
    device("<rng model='virtio'><backend model='random'>/dev/sda</backend></rng>"),
    "host:device",
    "/dev/sda",
  ],
  [
    "a serial port on a device",
    device("<serial type='dev'><source path='/dev/ttyS0'/></serial>"),
    "host:device",
    "/dev/ttyS0",
  ],
  [
    "a serial port that writes a file",
    device("<serial type='file'><source path='/etc/cron.d/x'/></serial>"),
    "host:path",
    "/etc/cron.d/x",
  ],
  [
    "a console on a pipe",
    device("<console type='pipe'><source path='/run/x'/></console>"),
    "host:path",
    "/run/x",
  ],
  [
    "a terminal of somebody else's",
    device("<console type='pty'><source path='/dev/pts/0'/></console>"),
    "host:device",
    "/dev/pts/0",
  ],
  [
    "a channel on a socket",
    device(
      "<channel type='unix'><source mode='connect' path='/run/docker.sock'/><target type='virtio' name='x'/></channel>",
    ),
    "host:socket",
    "/run/docker.sock",
  ],
  [
    "a serial port on the network",
    device("<serial type='tcp'><source mode='connect' host='127.0.0.1' service='22'/></serial>"),
    "host:network",
    "tcp://127.0.0.1:22",
  ],
  [
    "a log of a serial port",
    device("<serial type='pty'><log file='/etc/cron.d/x'/></serial>"),
    "host:path",
    "/etc/cron.d/x",
  ],
  [
    "a path in a type that has none",
    device("<serial type='null'><source path='/dev/sda'/></serial>"),
    "host:path",
    "/dev/sda",
  ],
  [
    "an interface of the host",
    device("<interface type='direct'><source dev='eth0' mode='bridge'/></interface>"),
    "host:network",
    "eth0",
  ],
  [
    "a bridge of the host",
    device("<interface type='bridge'><source bridge='br0'/></interface>"),
    "host:network",
    "br0",
  ],
  [
    "a network device made by hand",
    device("<interface type='ethernet'><target dev='tap0'/></interface>"),
    "host:network",
    "ethernet:tap0",
  ],
  [
    "a network card of the host",
    device(
      "<interface type='hostdev'><source><address type='pci' domain='0' bus='1' slot='2' function='0'/></source></interface>",
    ),
    "host:device",
    "pci:0000:01:02.0",
  ],
  [
    "a vhost-user interface",
    device("<interface type='vhostuser'><source type='unix' path='/run/ovs' mode='client'/></interface>"),
    "host:socket",
    "/run/ovs",
  ],
  [
    "passt",
    device("<interface type='user'><backend type='passt'/></interface>"),
    "host:network",
    "passt",
  ],
  [
    "ports of the host",
    device("<interface type='user'><portForward proto='tcp'><range start='22'/></portForward></interface>"),
    "host:network",
    "tcp://",
  ],
  [
    "a script for an interface",
    device("<interface type='network'><source network='default'/><script path='/tmp/evil'/></interface>"),
    "host:script",
    "/tmp/evil",
  ],
  [
    "a script for an interface's end",
    device("<interface type='network'><source network='default'/><downscript path='evil'/></interface>"),
    "host:script",
    "evil",
  ],
  [
    "another device for an interface's traffic",
    device("<interface type='network'><source network='d'/><backend tap='/dev/mem'/></interface>"),
    "host:device",
    "/dev/mem",
  ],
  [
    "an image for an interface to boot from",
    device("<interface type='network'><source network='d'/><rom file='/etc/shadow'/></interface>"),
    "host:path",
    "/etc/shadow",
  ],
  ["a screen on a socket", device("<graphics type='vnc' socket='/tmp/x'/>"), "host:socket", "/tmp/x"],
  [
    "a screen on a socket within",
    device("<graphics type='spice'><listen type='socket' socket='/tmp/x'/></graphics>"),
    "host:socket",
    "/tmp/x",
  ],
  [
    "a screen for everybody",
    device("<graphics type='vnc' port='5900'><listen type='address' address='0.0.0.0'/></graphics>"),
    "host:network",
    "vnc://0.0.0.0",
  ],
  ["the host's own screen", device("<graphics type='sdl' display=':0'/>"), "host:device", "display::0"],
  [
    "a graphics card of the host",
    device("<graphics type='spice'><gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>"),
    "host:device",
    "/dev/dri/renderD128",
  ],
  ["the host's microphone", device("<audio id='1' type='alsa'/>"), "host:device", "audio:alsa"],
  [
    "shared memory",
    device("<shmem name='x'><model type='ivshmem-plain'/></shmem>"),
    "host:path",
    "/dev/shm/x",
  ],
  [
    "a file as memory",
    device("<memory model='nvdimm'><source><path>/dev/pmem0</path></source><target/></memory>"),
    "host:path",
    "/dev/pmem0",
  ],
  [
    "memory in files of the host",
    domain("<memoryBacking><source type='file'/></memoryBacking>"),
    "host:path",
    "memory-backing",
  ],
  [
    "a limit on a device of the host",
    domain("<blkiotune><device><path>/dev/sda</path><weight>1</weight></device></blkiotune>"),
    "host:device",
    "/dev/sda",
  ],
  [
    "an encrypted start",
    domain("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"),
    "host:security",
    "launch:sev",
  ],
  ["no confinement", domain("<seclabel type='none'/>"), "host:security", ":none"],
  [
    "a user of one's choice",
    domain("<seclabel type='static' model='dac'><label>+0:+0</label></seclabel>"),
    "host:security",
    "dac:static:+0:+0",
  ],
  [
    "a place among the host's own groups",
    domain("<resource><partition>/system</partition></resource>"),
    "host:security",
    "partition:/system",
  ],
  [
    "the capabilities of the host's root",
    domain("<features><capabilities policy='allow'/></features>", "type='lxc'"),
    "host:security",
    "capabilities=allow",
  ],
  ["a container in the host's root", domain("", "type='lxc'"), "host:path", "/"],
  [
    "a container whose root is elsewhere",
    domain(
      "<devices><filesystem type='mount'><source dir='/srv/c'/><target dir='/mnt'/></filesystem></devices>",
      "type='lxc'",
    ),
    "host:path",
    "/",
  ],
  ["a hypervisor that nobody knows", domain("", "type='teleport'"), "host:unknown", "/domain/@type"],
  [
    "a lease on a file",
    device("<lease><lockspace>x</lockspace><key>k</key><target path='/root/x'/></lease>"),
    "host:path",
    "/root/x",
  ],
  [
    "a store for crashes",
    device("<pstore backend='acpi-erst'><path>/root/x</path></pstore>"),
    "host:path",
    "/root/x",
  ],
];

for (const [what, xml, permission, reached] of domainAttacks) {
  Deno.test(`${what} reaches`, () => {
    const found = reaches(xml, "domain").map((finding) => `${finding.permission}@${finding.reached}`);
    assert.ok(found.includes(`${permission}@${reached}`), `found: ${found.join(" ")}`);
  });
}
