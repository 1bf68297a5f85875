import { dismiss } from "../../../drivers/test/mod.ts";
import { Bench } from "../bench.ts";
import { deviceContract } from "../contract/device.ts";
import { domainContract } from "../contract/domain.ts";
import { type ContractHost, testXml } from "../contract/host.ts";
import { networkContract } from "../contract/network.ts";
import { snapshotContract } from "../contract/snapshot.ts";
import { storageContract } from "../contract/storage.ts";

const inMemory: ContractHost = {
  name: "test:///default",
  open: (): Promise<Bench> => Bench.open(),
  xml: testXml,
};

const inDirectory: ContractHost = {
  name: "test:///default?state=",
  async open(): Promise<Bench> {
    const directory = await Deno.makeTempDir({ prefix: "drover-contract-" });
    const bench = await Bench.open(`test:///default?state=${directory}`);
    bench.defer(async () => {
      await dismiss(directory);
      await Deno.remove(directory, { recursive: true });
    });
    return bench;
  },
  xml: testXml,
};

for (const host of [inMemory, inDirectory]) {
  domainContract(host);
  snapshotContract(host);
  networkContract(host);
  storageContract(host);
  deviceContract(host);
}
