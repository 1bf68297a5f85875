import { dismiss } from "../../../drivers/test/mod.ts";
import { Bench } from "../bench.ts";
import { domainContract } from "../contract/domain.ts";
import { type ContractHost, testXml } from "../contract/host.ts";

const inMemory: ContractHost = {
  name: "test:///default",
  open: () => Bench.open(),
  xml: testXml,
};

const inDirectory: ContractHost = {
  name: "test:///default?state=",
  async open() {
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
}
