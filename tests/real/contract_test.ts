/**
 * The contract that every driver keeps, on hypervisors behind a real libvirtd.
 *
 * @module
 */
import { remoteDriver } from "../../drivers/remote/mod.ts";
import { Bench } from "../drivers/bench.ts";
import { deviceContract } from "../drivers/contract/device.ts";
import { domainContract } from "../drivers/contract/domain.ts";
import { type ContractHost, testXml } from "../drivers/contract/host.ts";
import { networkContract } from "../drivers/contract/network.ts";
import { snapshotContract } from "../drivers/contract/snapshot.ts";
import { storageContract } from "../drivers/contract/storage.ts";
import { qemuExceptions, testExceptions } from "./contract_exceptions.ts";
import { realTests } from "./kit/real_test.ts";
import { unavailable } from "./kit/requirements.ts";

const real = realTests();

/** A disk image that a domain of this name may have, and that can hold snapshots. */
function image(name: string): string {
  const folder = `${real.host.directory}/images`;
  Deno.mkdirSync(folder, { recursive: true });
  const path = `${folder}/${name}.qcow2`;
  const args = ["create", "-q", "-f", "qcow2", path, "1M"];
  if (new Deno.Command("qemu-img", { args }).outputSync().code !== 0) {
    throw new Error(`Cannot make "${path}"`);
  }
  return path;
}

const hosts: readonly ContractHost[] = [
  {
    name: "test+unix:///default",
    open: (): Promise<Bench> => Bench.open(real.host.uri("test"), { drivers: [remoteDriver] }),
    xml: testXml,
    except: testExceptions,
  },
  {
    name: "qemu+unix:///system",
    sharesRoom: true,
    open: (): Promise<Bench> => Bench.open(real.host.uri("qemu"), { drivers: [remoteDriver] }),
    xml: {
      ...testXml,
      domain: (name) =>
        `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='${image(name)}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>`,
      pool: (name) => {
        const path = `${real.host.directory}/pools/${name}`;
        return `<pool type='dir'><name>${name}</name><target><path>${path}</path></target></pool>`;
      },
    },
    except: qemuExceptions,
  },
];

const reason = unavailable();
if (reason === undefined) {
  for (const host of hosts) {
    domainContract(host);
    snapshotContract(host);
    networkContract(host);
    storageContract(host);
    deviceContract(host);
  }
} else {
  Deno.test({ name: `the contract on a real libvirtd (skipped: ${reason})`, ignore: true, fn: () => {} });
}
