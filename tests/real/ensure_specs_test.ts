/**
 * Desired states of every sort on a real hypervisor: what has been made so is never planned again.
 */
import assert from "node:assert/strict";
import { type DesiredDomain, domain, type Host, recipe } from "../../mod.ts";
import { realTests } from "./kit/real_test.ts";
import { RecipeRuns } from "./kit/recipe_run.ts";

const { test } = realTests();

async function onHost<T>(uri: string, run: (host: Host) => Promise<T>): Promise<T> {
  await using runs = new RecipeRuns();
  const needs = ["connect:*", "domain:*", "host:*"] as const;
  const body = recipe({ summary: "Ensure", needs, run: async ({ host }) => await run(host) });
  // What the recipe answers crossed the channel as it is.
  return await runs.result(body, { hosts: { host: uri }, grants: ["all", "host"] }) as T;
}

type Spec = Omit<DesiredDomain, "name">;
const devices = (xml: string): Spec => ({ xml: `<domain><devices>${xml}</devices></domain>` });
const raw = (xml: string): Spec => ({ xml: `<domain>${xml}</domain>` });

const specs: Readonly<Record<string, Spec>> = {
  nothing: {},
  "every field": {
    title: "T & <t>",
    description: "Lines\nof 'text'",
    type: "qemu",
    arch: "x86_64",
    machine: "q35",
    memory: "1.5GiB",
    maxMemory: "2GB",
    vcpus: 2,
    maxVcpus: 4,
    cpu: { model: "qemu64" },
    boot: ["network", "hd"],
    disks: ["/a.qcow2", {
      file: "/b.img",
      bus: "scsi",
      cache: "none",
      discard: "unmap",
      limits: { total_iops_sec: 100 },
    }],
    interfaces: ["default", { bridge: "virbr9", model: "e1000", link: "down" }, {
      direct: "eth0",
      mac: "52:54:00:AA:BB:CC",
    }],
    graphics: "vnc",
    agent: true,
    autostart: false,
  },
  uuid: { uuid: "11111111-2222-4333-8444-555555555555" },
  "uuid upper": { uuid: "AAAAAAAA-2222-4333-8444-BBBBBBBBBBBB" },
  "memory odd bytes": { memory: "1000001B" },
  "memory MB": { memory: "1000MB" },
  "memory spaces": { memory: "2 GiB" },
  "max memory only": { maxMemory: "3GiB" },
  "max vcpus only": { maxVcpus: 3 },
  pc: { machine: "pc" },
  "pc version": { machine: "pc-i440fx-7.2" },
  i686: { arch: "i686" },
  efi: { firmware: "efi" },
  bios: { firmware: "bios" },
  "cpu maximum": { cpu: "maximum" },
  "cpu model": { cpu: { model: "Nehalem" } },
  "kernel": { kernel: { path: "/k", initrd: "/i", arguments: "console=ttyS0 a='b'" } },
  "cdrom": { disks: [{ file: "/x.iso", device: "cdrom" }, { device: "cdrom" }] },
  "empty cdrom": { disks: [{ device: "cdrom", bus: "ide" }], machine: "pc" },
  floppy: { disks: [{ device: "floppy", file: "/f.img" }], machine: "pc" },
  "floppy empty": { disks: [{ device: "floppy" }] },
  block: { disks: [{ block: "/dev/sdz" }] },
  lun: { disks: [{ block: "/dev/sdz", device: "lun", bus: "scsi" }] },
  volume: { disks: [{ volume: { pool: "p", name: "v.qcow2" } }] },
  "readonly": { disks: [{ file: "/a.img", readonly: true }, { file: "/b.img", readonly: false }] },
  "cdrom rw": { disks: [{ device: "cdrom", readonly: false }] },
  "usb sata": {
    disks: [{ file: "/a.img", bus: "usb" }, { file: "/b.img", bus: "sata" }, { file: "/c.img", bus: "ide" }],
    machine: "pc",
  },
  "many disks": { disks: Array.from({ length: 30 }, (_, i) => `/d${i}.img`) },
  "no disks": { disks: [], interfaces: [] },
  "same nets": { interfaces: ["default", "default", "default"] },
  "nic filter": { interfaces: [{ network: "default", filter: "clean-traffic" }] },
  "spice": { graphics: "spice" },
  "vnc": { graphics: "vnc" },
  "no graphics": { graphics: "none" },
  "no agent": { agent: false },
  "boot": { boot: ["cdrom", "hd"] },
  "raw memory": raw("<memory unit='GiB'>1</memory><currentMemory unit='MB'>600</currentMemory>"),
  "raw mb": raw("<memory unit='MB'>600</memory>"),
  "raw vcpu placement": raw("<vcpu placement='static' cpuset='0-1'>2</vcpu>"),
  "raw vcpus": raw(
    "<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/><vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus>",
  ),
  "raw iothreads": raw("<iothreads>2</iothreads>"),
  "raw iothreadids": raw(
    "<iothreads>2</iothreads><iothreadids><iothread id='5'/><iothread id='7'/></iothreadids>",
  ),
  "raw cputune": raw(
    "<vcpu>2</vcpu><cputune><shares>2048</shares><period>100000</period><quota>-1</quota><vcpupin vcpu='0' cpuset='0,1'/><emulatorpin cpuset='0-1'/></cputune>",
  ),
  "raw cpu topology": raw(
    "<vcpu>4</vcpu><cpu mode='custom' match='exact'><model>qemu64</model><topology sockets='1' cores='2' threads='2'/><feature policy='disable' name='svm'/></cpu>",
  ),
  "raw cpu host": raw("<cpu mode='host-model'><feature policy='require' name='vmx'/></cpu>"),
  "raw numa": raw(
    "<memory unit='MiB'>1024</memory><vcpu>2</vcpu><cpu><numa><cell id='0' cpus='0' memory='512' unit='MiB'/><cell id='1' cpus='1' memory='524288'/></numa></cpu>",
  ),
  "raw features": raw(
    "<features><acpi/><apic/><pae/><hyperv mode='custom'><relaxed state='on'/><spinlocks state='on' retries='8191'/></hyperv><kvm><hidden state='on'/></kvm><vmport state='off'/></features>",
  ),
  "raw clock": raw(
    "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>",
  ),
  "raw clock2": raw("<clock offset='variable' adjustment='3600' basis='utc'/>"),
  "raw events": raw(
    "<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>preserve</on_crash><pm><suspend-to-mem enabled='no'/></pm>",
  ),
  "raw sysinfo": raw(
    "<os><smbios mode='sysinfo'/></os><sysinfo type='smbios'><bios><entry name='vendor'>ACME</entry></bios><system><entry name='serial'>1</entry><entry name='sku'>2</entry></system><oemStrings><entry>a</entry><entry>b</entry></oemStrings></sysinfo>",
  ),
  "raw hugepages": raw(
    "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages><nosharepages/><locked/></memoryBacking>",
  ),
  "raw memtune": raw(
    "<memtune><hard_limit unit='GiB'>4</hard_limit><soft_limit unit='MB'>2000</soft_limit></memtune>",
  ),
  "raw blkiotune": raw(
    "<blkiotune><weight>800</weight><device><path>/dev/sda</path><weight>500</weight></device></blkiotune>",
  ),
  "raw metadata": raw("<metadata><a:b xmlns:a='urn:a'><a:c>d</a:c></a:b></metadata>"),
  "raw qemu args": {
    xml:
      "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline><qemu:arg value='-name'/><qemu:arg value='x'/><qemu:env name='A' value='b'/></qemu:commandline></domain>",
  },
  "raw seclabel": raw("<seclabel type='none'/>"),
  "raw nvram": raw(
    "<os><loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram>/var/lib/libvirt/qemu/nvram/spec.fd</nvram></os>",
  ),
  "raw bootmenu": raw(
    "<os><bootmenu enable='yes' timeout='3000'/><bios useserial='yes' rebootTimeout='0'/></os>",
  ),
  "raw serial": devices(
    "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='4555'/><protocol type='telnet'/><target port='1'/></serial>",
  ),
  "raw serial file": devices("<serial type='file'><source path='/tmp/log'/><target port='0'/></serial>"),
  "raw console": devices("<console type='pty'><target type='virtio' port='1'/></console>"),
  "raw parallel": devices("<parallel type='pty'><target port='0'/></parallel>"),
  "raw channel": devices(
    "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel><graphics type='spice' autoport='yes'/>",
  ),
  "raw input": devices("<input type='tablet' bus='usb'/><input type='keyboard' bus='virtio'/>"),
  "raw video": devices("<video><model type='virtio' heads='1'/></video>"),
  "raw video qxl": devices(
    "<video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'/></video>",
  ),
  "raw sound": devices("<sound model='ich9'/>"),
  "raw watchdog": devices("<watchdog model='i6300esb' action='reset'/>"),
  "raw rng": devices(
    "<rng model='virtio'><rate bytes='1024' period='1000'/><backend model='random'>/dev/urandom</backend></rng>",
  ),
  "raw balloon": devices("<memballoon model='virtio'><stats period='10'/></memballoon>"),
  "raw no balloon": devices("<memballoon model='none'/>"),
  "raw tpm": devices("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"),
  "raw hostdev pci": devices(
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='1' slot='0' function='0'/></source></hostdev>",
  ),
  "raw hostdev pci hex": devices(
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></hostdev>",
  ),
  "raw hostdev usb": devices(
    "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>",
  ),
  "raw filesystem": devices(
    "<filesystem type='mount' accessmode='mapped'><source dir='/srv'/><target dir='share'/></filesystem>",
  ),
  "raw virtiofs": {
    memory: "512MiB",
    xml:
      "<domain><memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking><devices><filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='share'/></filesystem></devices></domain>",
  },
  "raw controllers": devices(
    "<controller type='scsi' index='0' model='virtio-scsi'/><controller type='usb' model='qemu-xhci' ports='15'/>",
  ),
  "raw usb controller": devices("<controller type='usb' index='0' model='none'/>"),
  "raw panic": devices("<panic model='isa'/>"),
  "raw vsock": devices("<vsock model='virtio'><cid auto='no' address='3'/></vsock>"),
  "raw vsock auto": devices("<vsock model='virtio'><cid auto='yes'/></vsock>"),
  "raw shmem": devices("<shmem name='my'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"),
  "raw iommu": { machine: "q35", xml: "<domain><devices><iommu model='intel'/></devices></domain>" },
  "raw redirdev": devices(
    "<redirdev bus='usb' type='tcp'><source mode='connect' host='localhost' service='4000'/></redirdev>",
  ),
  "raw smartcard": devices("<smartcard mode='passthrough' type='spicevmc'/><graphics type='spice'/>"),
  "raw disk": devices(
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' io='native'/><source file='/r.qcow2'/><target dev='vdc' bus='virtio'/><serial>abc</serial><boot order='1'/></disk>",
  ),
  "raw disk no target": devices("<disk type='file'><source file='/r.qcow2'/></disk>"),
  "raw network disk": devices(
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='x'><host name='h' port='10809'/></source><target dev='vdd' bus='virtio'/></disk>",
  ),
  "raw rbd": devices(
    "<disk type='network'><source protocol='rbd' name='pool/img'><host name='a' port='6789'/><host name='b' port='6789'/></source><auth username='u'><secret type='ceph' usage='x'/></auth><target dev='vde'/></disk>",
  ),
  "raw disk iotune": devices(
    "<disk type='file'><source file='/r.img'/><target dev='vdc'/><iotune><total_bytes_sec>1000</total_bytes_sec></iotune></disk>",
  ),
  "raw disk geometry": devices(
    "<disk type='file'><source file='/r.img'/><target dev='vdc'/><blockio logical_block_size='512' physical_block_size='4096'/></disk>",
  ),
  "raw backing": devices(
    "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/r.qcow2'/><backingStore type='file'><format type='raw'/><source file='/base.img'/></backingStore><target dev='vdc'/></disk>",
  ),
  "raw nic": devices(
    "<interface type='user'><mac address='52:54:00:11:22:33'/><model type='rtl8139'/></interface>",
  ),
  "raw nic no mac": devices("<interface type='user'/>"),
  "raw nic bw": devices(
    "<interface type='network'><source network='default' portgroup='x'/><bandwidth><inbound average='1000' peak='5000' burst='1024'/><outbound average='128'/></bandwidth><mtu size='9000'/></interface>",
  ),
  "raw nic vlan": devices(
    "<interface type='bridge'><source bridge='ovsbr0'/><virtualport type='openvswitch'/><vlan><tag id='42'/></vlan></interface>",
  ),
  "raw nic filter params": devices(
    "<interface type='network'><source network='default'/><filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/></filterref></interface>",
  ),
  "raw nic ip": devices(
    "<interface type='user'><ip address='172.17.2.0' family='ipv4' prefix='24'/></interface>",
  ),
  "raw vnc": devices("<graphics type='vnc' port='5901' listen='127.0.0.1'/>"),
  "raw vnc listen": devices(
    "<graphics type='vnc' autoport='yes'><listen type='address' address='0.0.0.0'/></graphics>",
  ),
  "raw vnc socket": devices("<graphics type='vnc' socket='/tmp/vnc.sock'/>"),
  "raw spice": devices(
    "<graphics type='spice' autoport='no' port='5900'><image compression='off'/><streaming mode='off'/></graphics>",
  ),
  "raw dimm": {
    memory: "1GiB",
    xml:
      "<domain><maxMemory slots='4' unit='GiB'>4</maxMemory><vcpu>1</vcpu><cpu><numa><cell id='0' cpus='0' memory='512' unit='MiB'/></numa></cpu><devices><memory model='dimm'><target><size unit='MiB'>512</size><node>0</node></target></memory></devices></domain>",
  },
  "raw launch": raw(
    "<resource><partition>/machine</partition></resource><perf><event name='cmt' enabled='no'/></perf>",
  ),
  "raw numatune": raw("<numatune><memory mode='strict' nodeset='0'/></numatune>"),
  "raw comments": raw("<!-- a comment --><description>\n  padded\n </description>"),
  "raw audio": devices("<audio id='1' type='none'/><sound model='ich6'><audio id='1'/></sound>"),
  "raw crypto": devices("<emulator>/usr/bin/qemu-system-x86_64</emulator>"),
  "raw genid": raw("<genid>11111111-2222-4333-8444-555555555556</genid>"),
  "raw idmap os": raw("<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>"),
  "raw keywrap": raw("<features><smm state='on'/><ioapic driver='kvm'/></features>"),
};

test("what a domain has been made so is not planned again, and neither after libvirtd has read it anew", async (real) => {
  const wanted = Object.entries(specs).map(([what, spec], number) => ({
    what,
    name: `spec-${number}`,
    spec,
  }));
  const bodies = wanted.map(({ what, name, spec }) => ({ what, desired: domain({ name, ...spec }) }));
  const left = async (host: Host): Promise<readonly string[]> => {
    const plans = await Promise.all(
      bodies.map(async ({ what, desired }) => ({ what, plan: await host.plan(desired) })),
    );
    return plans.filter(({ plan }) => plan.changed || plan.pending.length > 0)
      .map(({ what, plan }) => `${what}: ${plan}`);
  };
  const first = await onHost(real.uri(), async (host) => {
    for (const { desired } of bodies) await host.ensure(desired);
    return await left(host);
  });
  assert.deepEqual(first, []);
  await real.restart();
  const later = await onHost(real.uri(), async (host) => {
    const planned = await left(host);
    await Promise.all(
      wanted.map(({ name }) => host.ensure(domain({ name, state: "absent" }))),
    );
    return planned;
  });
  assert.deepEqual(later, []);
});
