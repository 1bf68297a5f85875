import assert from "node:assert/strict";
import type { RemoteDomain } from "../../../protocol/procedures/mod.ts";
import { answeringDriver } from "../kit/answering_driver.ts";
import { errorOf, MemoryDaemon } from "../kit/memory_daemon.ts";

const dom: RemoteDomain = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const backupXml = "<domainbackup/>";

Deno.test("a backup is begun, with the checkpoint that is set together with it, and shown", async () => {
  const { driver, asked } = answeringDriver({
    "domain.beginBackup": {},
    "domain.backupXml": "<domainbackup/>",
  });
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  const client = await daemon.connect();
  await client.call("domainBackupBegin", { dom, backupXml, checkpointXml: undefined, flags: 1 });
  const checkpointXml = "<domaincheckpoint><name>monday</name></domaincheckpoint>";
  await client.call("domainBackupBegin", { dom, backupXml, checkpointXml, flags: 0 });
  assert.deepEqual(asked.map(({ input }) => input), [
    { xml: backupXml, reuseFiles: true },
    { xml: backupXml, reuseFiles: false, checkpoint: "monday" },
  ]);
  assert.deepEqual(await client.call("domainBackupGetXmlDesc", { dom, flags: 0 }), {
    xml: "<domainbackup/>",
  });
});

Deno.test("a checkpoint that says more than its name is refused, and nothing is begun", async () => {
  const { driver, asked } = answeringDriver({ "domain.beginBackup": {} });
  await using daemon = new MemoryDaemon({ drivers: [driver] });
  const client = await daemon.connect();
  for (
    const [checkpointXml, code] of [
      ["<domaincheckpoint><name>x</name><disks/></domaincheckpoint>", "VIR_ERR_CONFIG_UNSUPPORTED"],
      ["<domaincheckpoint/>", "VIR_ERR_XML_ERROR"],
      ["<domain/>", "VIR_ERR_XML_ERROR"],
      ["nonsense", "VIR_ERR_XML_ERROR"],
    ] as const
  ) {
    const call = client.call("domainBackupBegin", { dom, backupXml, checkpointXml, flags: 0 });
    assert.equal((await errorOf(call)).remoteCode, code);
  }
  assert.deepEqual(asked, []);
});
