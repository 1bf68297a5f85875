import assert from "node:assert/strict";
import { type DocumentContext, type Snapshot, snapshot } from "../../../model/documents/mod.ts";
import { DocumentError, normalise, parseDocument, writeDocument } from "../../../model/xml/mod.ts";
import { testConformance } from "./conformance.ts";

/** What libvirt's test supplied: read off the outputs. */
const supplied: Readonly<Record<string, DocumentContext>> = {
  "empty.xml": { now: 1386166249, domainUuid: "9d37b878-a7cc-9f9a-b78f-49b3abad25a8" },
  "external_vm.xml": { now: 1555419243 },
  "disk_driver_name_null.xml": { now: 1555419243 },
  "disk_snapshot.xml": { now: 1555419243 },
  "disk-seclabel.xml": { now: 581484660, domainUuid: "9d37b878-a7cc-9f9a-b78f-49b3abad25a8" },
  "qcow2-metadata-cache.xml": { now: 1386166249, domainUuid: "9d37b878-a7cc-9f9a-b78f-49b3abad25a8" },
};

testConformance({
  set: "snapshot",
  inputs: "qemudomainsnapshotxml2xmlin",
  outputs: "qemudomainsnapshotxml2xmlout",
  description: snapshot,
  context: (name) => ({ redefine: false, ...supplied[name] }),
  refused: {
    "disk-invalid.xml": /@startupPolicy\): The image of a snapshot has no policy/,
    "disk-network-seclabel-invalid.xml": /An image on a server has no security label/,
  },
  ignored: {
    "/domainsnapshot/state": "libvirt takes notice of the state only of a snapshot that exists",
    "/domainsnapshot/parent/name": "a snapshot that is taken has the current one as its parent",
  },
});

const redefined = ["all_parameters.xml", "metadata.xml", "external_vm_redefine.xml"];

testConformance({
  set: "snapshot",
  inputs: "qemudomainsnapshotxml2xmlout",
  description: snapshot,
  only: (name) => redefined.includes(name),
  context: () => ({ redefine: true, arch: "x86_64" }),
});

testConformance({
  set: "snapshot",
  inputs: "qemudomainsnapshotxml2xmlout",
  description: snapshot,
  only: (name) => !redefined.includes(name),
});

const domainText = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>";

function read(inner: string, context: DocumentContext = {}): ReturnType<typeof parseDocument<Snapshot>> {
  return parseDocument(snapshot, `<domainsnapshot>${inner}</domainsnapshot>`, { context });
}

function refused(inner: string, context: DocumentContext = {}): string {
  try {
    read(inner, context);
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
  return "not refused";
}

Deno.test("a snapshot that exists says which domain it is of, by its UUID or all of it", () => {
  const uuid = "9d37b878-a7cc-9f9a-b78f-49b3abad25a8";
  const short = read(`<creationTime>1</creationTime><domain><uuid>${uuid}</uuid></domain>`).value.domain;
  assert.deepEqual(short, { uuid });
  const whole = read(`<creationTime>1</creationTime>${domainText}`).value.domain;
  assert.ok(whole !== undefined && "type" in whole && whole.type !== undefined);
  assert.equal(whole.name, "a");
  assert.match(
    refused("<creationTime>1</creationTime><domain/>"),
    /\/domain\): The element <uuid> is missing/,
  );
  assert.match(
    refused("<creationTime>1</creationTime><domain type='x'><name>a</name></domain>"),
    /\/domain\/@type\): Found "x", expected one of "none"/,
  );
});

Deno.test("marks of reverting and deleting, the stored definition and the cookie come out again", () => {
  const { value, unknown } = read(`
    <name>s</name><state>running</state><creationTime>1</creationTime>
    <disks><disk name='vda'><source file='/a'/><snapshotDeleteInProgress/></disk></disks>
    <revertDisks><disk name='vda' snapshot='external'><source file='/b'/></disk></revertDisks>
    ${domainText}${domainText.replaceAll("domain ", "inactiveDomain ").replace("/domain", "/inactiveDomain")}
    <cookie><slirpHelper/><cpu mode='custom' match='exact'><model fallback='forbid'>q</model></cpu></cookie>
    <active>0</active>`);
  assert.deepEqual(unknown.paths, []);
  assert.equal(value.disks?.disks[0]?.snapshotDeleteInProgress, true);
  assert.equal(value.inactiveDomain?.name, "a");
  assert.equal(value.active, false);
  const text = writeDocument(snapshot, value, { form: "normal" });
  const places = ["<name>s", "<state>", "<creationTime>", "<memory snapshot='internal'/>", "<disks>"];
  const rest = ["<revertDisks>", "<domain ", "<inactiveDomain ", "<cookie>", "<slirpHelper/>", "<active>0<"];
  const found = [...places, ...rest].map((each) => text.indexOf(each));
  assert.deepEqual(found, found.toSorted((a, b) => a - b));
  assert.ok(!found.includes(-1), text);
  assert.equal(normalise(text), text);
});

Deno.test("a snapshot to be taken has no past", () => {
  const asked = read(
    `<name>s</name><state>running</state><creationTime>1</creationTime><parent><name>p</name></parent>
     <disks><disk name='vda'><snapshotDeleteInProgress/></disk></disks>
     <revertDisks><disk name='vda'/></revertDisks>${domainText}`,
    { redefine: false, now: 7 },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(asked.value)), {
    name: "s",
    creationTime: 7,
    disks: { disks: [{ name: "vda" }] },
  });
});

Deno.test("what libvirt refuses of snapshots is refused where it stands", () => {
  const disks = (inner: string): string => refused(`<disks>${inner}</disks>`);
  assert.match(refused("<memory snapshot='manual'/>"), /memory\/@snapshot\): Found "manual"/);
  assert.match(refused("<memory snapshot='external'/>"), /@snapshot\): .*expected the attribute "file"/);
  assert.match(refused("<memory snapshot='internal' file='/a'/>"), /@file\): .*this one is "internal"/);
  assert.match(refused("<memory file='a'/>"), /@file\): Found "a", expected an absolute path/);
  assert.match(
    refused("<state>shutoff</state><creationTime>1</creationTime><memory snapshot='internal'/>"),
    /memory\): A snapshot in the state "shutoff" keeps no memory/,
  );
  assert.match(disks("<disk/>"), /"name" is missing/);
  assert.match(disks("<disk name='a' snapshot='none'/>"), /@snapshot\): Found "none"/);
  assert.match(disks("<disk name='a' type='volume'/>"), /@type\): Found "volume"/);
  assert.match(disks("<disk name='a'><driver type='x'/></disk>"), /driver\/@type\): Found "x"/);
  assert.match(disks("<disk name='a'><source file='b'/></disk>"), /@file\): Found "b".*absolute/);
  assert.match(disks("<disk name='a' type='block'><source dev='b'/></disk>"), /@dev\): Found "b"/);
  assert.match(
    disks("<disk name='a' snapshot='internal'><source file='/b'/></disk>"),
    /source\): Only an external snapshot has an image of its own/,
  );
  for (const lacking of ["name", "state", "creation time"]) {
    const parts = new Map([
      ["name", "<name>n</name>"],
      ["state", "<state>paused</state>"],
      ["creation time", "<creationTime>1</creationTime>"],
    ]);
    parts.delete(lacking);
    assert.match(
      refused([...parts.values()].join(""), { redefine: true }),
      new RegExp(`lacks its ${lacking}`),
    );
  }
});
