import assert from "node:assert/strict";
import { checkpoint, type DocumentContext } from "../../../model/documents/mod.ts";
import { parseDocument } from "../../../model/xml/mod.ts";
import { testConformance } from "./conformance.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

/** What libvirt's test supplied: read off the outputs. */
const supplied: Readonly<Record<string, DocumentContext>> = {
  "empty.xml": { now: 1525889631, domainDisks: [{ name: "vda" }] },
  "sample.xml": { now: 1525889631, currentCheckpoint: "1525111885" },
  "size.xml": { now: 1553648510, currentCheckpoint: "1525111885", domainDisks: [{ name: "vda" }] },
};

testConformance({
  set: "checkpoint",
  inputs: "qemudomaincheckpointxml2xmlin",
  outputs: "qemudomaincheckpointxml2xmlout",
  description: checkpoint,
  context: (name) => ({ redefine: false, ...supplied[name] }),
  withoutOutput: "read",
  refused: {
    "disk-invalid.xml": /disk\): The attribute "name" is missing/,
    "name-invalid.xml": /name\): Found "..\/escape", expected letters, digits/,
  },
  stale: { "size.xml": "holds how much has changed, which the host measures" },
});

testConformance({
  set: "checkpoint",
  inputs: "qemudomaincheckpointxml2xmlout",
  description: checkpoint,
  refused: { "internal-active-invalid.xml": /"active" is not a known part of a checkpoint/ },
});

testRoundTrip("a checkpoint that exists, with its domain", {
  description: checkpoint,
  text: `<domaincheckpoint>
    <name>a.b-c_1</name><description>d</description><parent><name>p</name></parent>
    <creationTime>1525889631</creationTime>
    <disks><disk name='vda' checkpoint='bitmap' bitmap='b' size='1'/><disk name='/a' checkpoint='no'/></disks>
    <domain type='test'><name>a</name><uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
      <memory unit='KiB'>1024</memory><currentMemory unit='KiB'>1024</currentMemory>
      <vcpu placement='static'>1</vcpu><os><type arch='x86_64'>hvm</type><boot dev='hd'/></os>
      <clock offset='utc'/><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot>
      <on_crash>destroy</on_crash><devices/></domain>
  </domaincheckpoint>`,
});

Deno.test("a checkpoint to be taken has no past, and all disks of its domain", () => {
  const { value } = parseDocument(
    checkpoint,
    `<domaincheckpoint><name>n</name><creationTime>1</creationTime><parent><name>p</name></parent>
      <disks><disk name='vdb'/></disks></domaincheckpoint>`,
    { context: { redefine: false, now: 7, domainDisks: [{ name: "vda" }, { name: "vdb" }] } },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(value)), {
    name: "n",
    creationTime: 7,
    disks: { disks: [{ name: "vda", checkpoint: "no" }, { name: "vdb", checkpoint: "bitmap", bitmap: "n" }] },
  });
});

Deno.test("what libvirt refuses of checkpoints is refused where it stands", () => {
  const refused = (inner: string, context: DocumentContext = {}): string =>
    refusal(checkpoint, `<domaincheckpoint>${inner}</domaincheckpoint>`, context);
  assert.match(refused("<name>.a</name>"), /name\): Found ".a", expected letters, digits/);
  assert.match(refused("<parent><name>a/b</name></parent>"), /parent\/name\): Found "a\/b"/);
  assert.match(refused("<disks/>"), /disks\): The element <disk> is missing/);
  assert.match(
    refused("<disks><disk name='a' checkpoint='no' bitmap='b'/></disks>"),
    /@bitmap\): A disk that is left out has no bitmap, expected checkpoint="bitmap"/,
  );
  assert.match(refused("<memory/>"), /memory\): "memory" is not a known part of a checkpoint/);
  const disks = "<disks><disk name='vda'/><disk name='vda'/></disks>";
  assert.match(refused(disks, { domainDisks: [{ name: "vda" }] }), /disk\[2\]\/@name\).*listed twice/);
  assert.match(refused(disks, { domainDisks: [{ name: "vdb" }] }), /@name\).*The domain has no disk "vda"/);
  assert.match(
    refused("<name>a</name>", { redefine: true }),
    /lacks its creation time, expected <creationTime>/,
  );
  assert.match(
    refused("<name>a</name><creationTime>1</creationTime>", { redefine: true }),
    /lacks its domain, expected <domain>/,
  );
});
