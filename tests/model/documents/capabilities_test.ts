import assert from "node:assert/strict";
import { capabilities } from "../../../model/documents/mod.ts";
import { parseDocument } from "../../../model/xml/mod.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

const host = `
  <host>
    <uuid>44454c4c-3300-1042-8031-b4c04f4d4831</uuid>
    <cpu>
      <arch>x86_64</arch>
      <features><pae/><nonpae/><vmx/><svm/></features>
      <model>Icelake-Server</model>
      <vendor>Intel</vendor>
      <microcode version='218104752'/>
      <signature family='6' model='106' stepping='0'/>
      <counter name='tsc' frequency='2394374000' scaling='no'/>
      <topology sockets='1' dies='1' clusters='1' cores='16' threads='2'/>
      <maxphysaddr mode='emulate' bits='46'/>
      <feature name='ds'/>
      <feature name='hle.x_1-2'/>
      <pages unit='KiB' size='4'/>
      <pages unit='KiB' size='2048'/>
    </cpu>
    <power_management><suspend_mem/><suspend_disk/><suspend_hybrid/></power_management>
    <iommu support='yes'/>
    <migration_features>
      <live/>
      <uri_transports><uri_transport>tcp</uri_transport><uri_transport>rdma</uri_transport></uri_transports>
    </migration_features>
    <netprefix>vif</netprefix>
    <topology>
      <cells num='2'>
        <cell id='0'>
          <memory unit='KiB'>65536000</memory>
          <pages unit='KiB' size='4'>16000000</pages>
          <pages unit='KiB' size='1048576'>3</pages>
          <distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances>
          <cache level='1' associativity='direct' policy='writeback'>
            <size value='10' unit='KiB'/>
            <line value='8' unit='B'/>
          </cache>
          <cpus num='2'>
            <cpu id='0' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0,16'/>
            <cpu id='16' socket_id='-1' die_id='0' cluster_id='0' core_id='0' siblings=''/>
          </cpus>
        </cell>
        <cell id='4'><cpus num='1'><cpu id='1'/></cpus></cell>
        <cell id='5'/>
      </cells>
      <interconnects>
        <latency initiator='0' target='0' type='access' value='5'/>
        <latency initiator='0' target='1' cache='1' type='read' value='7'/>
        <bandwidth initiator='0' target='1' type='write' value='204800' unit='KiB'/>
      </interconnects>
    </topology>
    <cache>
      <bank id='0' level='3' type='both' size='15' unit='MiB' cpus='0-5'>
        <control granularity='768' min='1536' unit='KiB' type='code' maxAllocs='8'/>
        <control granularity='768' unit='KiB' type='data' maxAllocs='8'/>
      </bank>
      <monitor level='3' reuseThreshold='270336' maxMonitors='176'><feature name='llc_occupancy'/></monitor>
    </cache>
    <memory_bandwidth>
      <node id='0' cpus='0-5'><control granularity='10' min='10' maxAllocs='4'/></node>
      <monitor maxMonitors='176'><feature name='mbm_total_bytes'/><feature name='mbm_local_bytes'/></monitor>
    </memory_bandwidth>
    <secmodel>
      <model>selinux</model>
      <doi>0</doi>
      <baselabel type='kvm'>system_u:system_r:svirt_t:s0</baselabel>
      <baselabel type='qemu'>system_u:system_r:svirt_tcg_t:s0</baselabel>
    </secmodel>
    <secmodel><model>dac</model><doi></doi></secmodel>
  </host>`;

const guests = `
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <loader>/usr/lib/loader</loader>
      <machine maxCpus='255' deprecated='yes'>pc-i440fx-7.2</machine>
      <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>
      <domain type='qemu'/>
      <domain type='kvm'>
        <emulator>/usr/bin/qemu-kvm</emulator>
        <loader>/usr/lib/other</loader>
        <machine>q35</machine>
      </domain>
    </arch>
    <features>
      <pae/><nonpae/><ia64_be/>
      <acpi default='on' toggle='yes'/>
      <apic default='on' toggle='no'/>
      <cpuselection/><deviceboot/>
      <disksnapshot default='on' toggle='no'/>
      <hap default='off' toggle='yes'/>
      <externalSnapshot/>
    </features>
  </guest>
  <guest>
    <os_type>exe</os_type>
    <arch name='riscv64'><wordsize>64</wordsize><domain type='lxc'/></arch>
  </guest>`;

testRoundTrip("capabilities of a host with all that there can be", {
  description: capabilities,
  text: `<capabilities>${host}${guests}</capabilities>`,
});

testRoundTrip("capabilities of a host that can do little", {
  description: capabilities,
  text: `<capabilities>
    <host><cpu><arch>s390x</arch></cpu><power_management/><iommu support='no'/>
      <topology><cells num='1'><cell id='0'/></cells></topology></host>
  </capabilities>`,
});

testRoundTrip("capabilities of a connection for storage", {
  description: capabilities,
  text: `<capabilities>
    <pool><enum name='type'><value>dir</value><value>fs</value></enum></pool>
  </capabilities>`,
});

const virsh = await outputOf("virsh", ["--connect", "test:///default", "capabilities"]);

if (virsh === undefined) {
  Deno.test({ name: "libvirt's test driver: there is no virsh here", ignore: true, fn: () => {} });
} else testRoundTrip("capabilities of libvirt's test driver", { description: capabilities, text: virsh });

async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: [...args] }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

Deno.test("capabilities are values to look things up in", () => {
  const { value } = parseDocument(capabilities, `<capabilities>${host}${guests}</capabilities>`);
  assert.equal(value.host?.topology?.cells.cells[0]?.memory, 65536000);
  assert.equal(value.host?.cache?.banks[0]?.size, 15 * 1024 ** 2);
  assert.deepEqual(value.host?.powerManagement, { suspendMem: true, suspendDisk: true, suspendHybrid: true });
  const kvm = value.guests.find(({ arch }) => arch.domains.some(({ type }) => type === "kvm"));
  assert.deepEqual(
    kvm?.arch.machines.filter(({ canonical }) => canonical !== undefined).map(({ name }) => name),
    [
      "pc",
    ],
  );
});

Deno.test("capabilities that cannot be are refused where they stand", () => {
  const refused = (inner: string): string => refusal(capabilities, `<capabilities>${inner}</capabilities>`);
  const inHost = (inner: string): string => refused(`<host><cpu/>${inner}</host>`);
  assert.match(refused("<host/>"), /capabilities\/host\): The element <cpu> is missing/);
  assert.match(inHost("<iommu support='maybe'/>"), /iommu\/@support\): Found "maybe", expected one of "yes"/);
  assert.match(inHost("<topology/>"), /<cells> is missing/);
  assert.match(
    inHost("<cache><bank id='0' level='3' type='all' size='1' cpus='0'/></cache>"),
    /bank\/@type\): Found "all", expected one of "both", "code" or "data"/,
  );
  assert.match(
    inHost("<memory_bandwidth><node id='0' cpus='x'/></memory_bandwidth>"),
    /node\/@cpus\): Found "x", expected a set of numbers/,
  );
  assert.match(inHost("<cache><monitor maxMonitors='1'/></cache>"), /<feature> is missing/);
  assert.match(
    refused("<guest><os_type>hvm</os_type><arch name='x'><wordsize>16</wordsize></arch></guest>"),
    /wordsize\): Found "16", expected one of "31", "32" or "64"/,
  );
  assert.match(refused("<guest><os_type>dos</os_type></guest>"), /os_type\): Found "dos"/);
});
