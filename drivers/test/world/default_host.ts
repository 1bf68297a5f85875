/**
 * What `test:///default` consists of. The content is libvirt's test driver's (measured on libvirt 9.0.0).
 *
 * @module
 */
import type { Change, HostRecord } from "./record.ts";

const gibibyte = 1024 ** 3;

const testDomain = `<domain type='test'>
  <name>test</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <memory unit='KiB'>8388608</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='i686'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <source file='/guest/diskimage1'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </disk>
    <interface type='network'>
      <mac address='aa:bb:cc:dd:ee:ff'/>
      <source network='default'/>
      <target dev='testnet0'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>
    </interface>
    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </memballoon>
  </devices>
</domain>
`;

const defaultNetwork = `<network>
  <name>default</name>
  <uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.122.2' end='192.168.122.254'/>
    </dhcp>
  </ip>
</network>
`;

const defaultPool = `<pool type='dir'>
  <name>default-pool</name>
  <uuid>dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566</uuid>
  <source>
  </source>
  <target>
    <path>/default-pool</path>
  </target>
</pool>
`;

const firstInterface = `<interface type='ethernet' name='eth1'>
  <start mode='onboot'/>
  <mtu size='1492'/>
  <protocol family='ipv4'>
    <ip address='192.168.0.5' prefix='24'/>
    <route gateway='192.168.0.1'/>
  </protocol>
  <mac address='aa:bb:cc:dd:ee:ff'/>
</interface>
`;

const computer = `<device>
  <name>computer</name>
  <capability type='system'>
    <hardware>
      <vendor>Libvirt</vendor>
      <version>Test driver</version>
      <serial>123456</serial>
      <uuid>11111111-2222-3333-4444-555555555555</uuid>
    </hardware>
    <firmware>
      <vendor>Libvirt</vendor>
      <version>Test Driver</version>
      <release_date>01/22/2007</release_date>
    </firmware>
  </capability>
</device>
`;

/** A Fibre Channel adapter, as a node device. */
export interface Adapter {
  readonly name: string;
  readonly parent: string;
  readonly host: number;
  readonly uniqueId: number;
  readonly wwnn: string;
  readonly wwpn: string;
  readonly fabricWwn: string;
  /** Whether virtual ports can be made on it. */
  readonly ports: boolean;
}

/** The definition of a Fibre Channel adapter. */
export function adapterXml(adapter: Adapter): string {
  const ports = `    <capability type='vport_ops'>
      <max_vports>0</max_vports>
      <vports>0</vports>
    </capability>
`;
  return `<device>
  <name>${adapter.name}</name>
  <parent>${adapter.parent}</parent>
  <capability type='scsi_host'>
    <host>${adapter.host}</host>
    <unique_id>${adapter.uniqueId}</unique_id>
    <capability type='fc_host'>
      <wwnn>${adapter.wwnn}</wwnn>
      <wwpn>${adapter.wwpn}</wwpn>
      <fabric_wwn>${adapter.fabricWwn}</fabric_wwn>
    </capability>
${adapter.ports ? ports : ""}  </capability>
</device>
`;
}

const adapters: readonly Adapter[] = [
  {
    name: "scsi_host1",
    parent: "computer",
    host: 1,
    uniqueId: 0,
    wwnn: "2000000012341234",
    wwpn: "1000000012341234",
    fabricWwn: "2000000043214321",
    ports: true,
  },
  {
    name: "scsi_host2",
    parent: "computer",
    host: 2,
    uniqueId: 1,
    wwnn: "2000000056785678",
    wwpn: "1000000056785678",
    fabricWwn: "2000000087658765",
    ports: true,
  },
  {
    name: "scsi_host11",
    parent: "scsi_host1",
    host: 11,
    uniqueId: 10,
    wwnn: "2000000034563456",
    wwpn: "1000000034563456",
    fabricWwn: "2000000043214321",
    ports: false,
  },
];

/** A host without anything on it. */
export function bareHost(uuid: string): HostRecord {
  return {
    id: "host",
    revision: 1,
    uuid,
    nextGuestId: 1,
    nextDevice: 12,
    cpus: 16,
    mhz: 1400,
    nodes: 2,
    sockets: 2,
    cores: 2,
    threads: 2,
    memoryKib: 3_145_728,
    cpuModel: "i686",
    fences: {},
  };
}

/** Everything on `test:///default`. `now` is when its guest was started, in milliseconds since 1970. */
export function defaultHost(uuid: string, now: number): readonly Change[] {
  const domain = "6695eb01-f6a4-8304-79aa-97f2502e193f";
  const network = "dd8fe884-6c02-601e-7551-cca97df1c5df";
  const pool = "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566";
  return [
    { kind: "host", id: "host", revision: 1, record: { ...bareHost(uuid), nextGuestId: 2 } },
    {
      kind: "domain",
      id: domain,
      revision: 1,
      record: {
        id: domain,
        revision: 1,
        name: "test",
        config: testDomain,
        guest: {
          id: 1,
          xml: testDomain,
          state: "running",
          reason: "booted",
          since: now,
          startedAt: now,
          frozen: [],
          clockOffsetS: 0,
        },
        autostart: false,
        parameters: {},
      },
    },
    {
      kind: "network",
      id: network,
      revision: 1,
      record: {
        id: network,
        revision: 1,
        name: "default",
        config: defaultNetwork,
        bridge: { xml: defaultNetwork, name: "virbr0" },
        autostart: false,
      },
    },
    {
      kind: "pool",
      id: pool,
      revision: 1,
      record: {
        id: pool,
        revision: 1,
        name: "default-pool",
        config: defaultPool,
        started: { xml: defaultPool },
        autostart: false,
        built: true,
        capacity: 100 * gibibyte,
      },
    },
    {
      kind: "interface",
      id: "eth1",
      revision: 1,
      record: {
        id: "eth1",
        revision: 1,
        name: "eth1",
        mac: "aa:bb:cc:dd:ee:ff",
        config: firstInterface,
        up: true,
      },
    },
    nodeDevice("computer", undefined, computer),
    ...adapters.map((adapter) => nodeDevice(adapter.name, adapter.parent, adapterXml(adapter))),
  ];
}

function nodeDevice(name: string, parent: string | undefined, config: string): Change {
  return {
    kind: "nodeDevice",
    id: name,
    revision: 1,
    record: {
      id: name,
      revision: 1,
      name,
      ...(parent === undefined ? {} : { parent }),
      config,
      present: true,
      defined: false,
      autostart: false,
    },
  };
}
