/**
 * What the contract suite has to know of a driver.
 *
 * @module
 */
import { Bench } from "../bench.ts";

/** A host that the suite runs on. Each test opens it anew and finds it as it was left. */
export interface ContractHost {
  /** For the names of tests. */
  readonly name: string;
  /** Opens a connection to a host; tests clean up what they make on it. */
  open(): Promise<Bench & AsyncDisposable>;
  /** Tests that cannot hold there, by name, and why. */
  readonly except?: Readonly<Record<string, string>>;
  /** Others write to the file system that its pools are on, so that its room changes by itself. @default false */
  readonly sharesRoom?: boolean;
  /** Definitions that the driver takes. */
  readonly xml: {
    domain(name: string): string;
    network(name: string): string;
    pool(name: string): string;
    volume(name: string, bytes: number): string;
    interface(name: string): string;
    device(): string;
    secret(usage: string): string;
  };
}

/** The documents of simulated hosts. */
export const testXml: ContractHost["xml"] = {
  domain: (name) =>
    `<domain type='test'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='/images/${name}.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <target dev='net-${name}'/>
    </interface>
  </devices>
</domain>`,
  network: (name) =>
    `<network>
  <name>${name}</name>
  <bridge name='br-${name}'/>
  <ip address='10.7.0.1' netmask='255.255.255.0'>
    <dhcp><range start='10.7.0.10' end='10.7.0.99'/></dhcp>
  </ip>
</network>`,
  pool: (name) => `<pool type='dir'><name>${name}</name><target><path>/pools/${name}</path></target></pool>`,
  volume: (name, bytes) =>
    `<volume><name>${name}</name><capacity>${bytes}</capacity><allocation>0</allocation></volume>`,
  interface: (name) => `<interface type='ethernet' name='${name}'><start mode='none'/></interface>`,
  device: () =>
    `<device>
  <parent>scsi_host1</parent>
  <capability type='scsi_host'>
    <capability type='fc_host'><wwnn>2000000012340001</wwnn><wwpn>1000000012340001</wwpn></capability>
  </capability>
</device>`,
  secret: (usage) => `<secret><usage type='volume'><volume>${usage}</volume></usage></secret>`,
};
