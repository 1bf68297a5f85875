/**
 * Arguments for any procedure, about objects that the test driver's host has once {@linkcode furnish} has been there: made
 * from the table's own descriptions, so that a procedure that comes to the table has some too.
 *
 * @module
 */
import { dispatchTable } from "../../../daemon/dispatch/table.ts";
import {
  type ArgumentsOf,
  type Procedure,
  type ProcedureName,
  procedureRow,
} from "../../../protocol/procedures/mod.ts";
import type { Xdr } from "../../../protocol/xdr/mod.ts";
import type { RpcConnection } from "../../../protocol/connection.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
const network = { name: "default", uuid: "dd8fe884-6c02-601e-7551-cca97df1c5df" };
const pool = { name: "default-pool", uuid: "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566" };
const vol = { pool: pool.name, name: "sample", key: "/default-pool/sample" };
const secret = { uuid: "11111111-2222-4333-8444-555555555555", usageType: 1, usageID: "/sample" };
const moment = { name: "sample", dom };

/** What a field is called, and what it holds whatever the procedure is. */
const objects: Readonly<Record<string, unknown>> = {
  dom,
  net: network,
  network,
  pool,
  vol,
  clonevol: vol,
  snap: moment,
  snapshot: moment,
  checkpoint: moment,
  secret,
  iface: { name: "eth1", mac: "aa:bb:cc:dd:ee:ff" },
  id: dom.id,
};

const domainXml = (name: string): string =>
  `<domain type='test'><name>${name}</name><memory>65536</memory><os><type>hvm</type></os></domain>`;

/** Documents that define something new, by how the procedures begin that take them. */
const documents: readonly (readonly [start: RegExp, xml: string])[] = [
  [/^domainSnapshot/, "<domainsnapshot><name>made</name></domainsnapshot>"],
  [/^domainCheckpoint/, "<domaincheckpoint><name>made</name></domaincheckpoint>"],
  [/^domain(Attach|Update|Detach)/, "<controller type='usb' index='7'/>"],
  [/^domain/, domainXml("made")],
  [/^networkUpdate/, "<host mac='52:54:00:00:00:07' name='made' ip='192.168.122.7'/>"],
  [
    /^network(?!Port)/,
    "<network><name>made</name><ip address='10.7.7.1' netmask='255.255.255.0'/></network>",
  ],
  [/^storagePool/, "<pool type='dir'><name>made</name><target><path>/made</path></target></pool>"],
  [/^storageVol/, "<volume><name>made</name><capacity>1048576</capacity></volume>"],
  [/^interface/, "<interface type='ethernet' name='made'><start mode='none'/></interface>"],
  [/^secret/, "<secret><usage type='volume'><volume>/made</volume></usage></secret>"],
  [
    /^nwfilterBinding/,
    "<filterbinding><portdev name='made'/><filterref filter='clean-traffic'/></filterbinding>",
  ],
  [/^nwfilter/, "<filter name='made' chain='root'/>"],
  [
    /^nodeDevice/,
    "<device><name>made</name><parent>scsi_host1</parent><capability type='scsi_host'>" +
    "<capability type='fc_host'><wwnn>2000000000000007</wwnn><wwpn>2000000000000008</wwpn></capability>" +
    "</capability></device>",
  ],
];

/** What a name or a UUID means, by how the procedure begins. */
const names:
  readonly (readonly [start: RegExp, called: { readonly name: string; readonly uuid?: string }])[] = [
    [/^domain(Snapshot|Checkpoint)/, { name: "sample" }],
    [/^domain/, dom],
    [/^network/, network],
    [/^storagePool/, pool],
    [/^storageVol/, vol],
    [/^interface/, { name: "eth1" }],
    [/^nodeDevice/, { name: "scsi_host1" }],
    [/^secret/, { name: secret.usageID, uuid: secret.uuid }],
  ];

/** What single fields hold, where nothing would not do. */
const fields: { readonly [P in ProcedureName]?: Partial<ArgumentsOf<P>> } = {
  connectOpen: { name: "test:///default" },
  interfaceLookupByMacString: { mac: "aa:bb:cc:dd:ee:ff" },
  nodeDeviceLookupScsiHostByWwn: { wwnn: "2000000012341234", wwpn: "1000000012341234" },
  secretLookupByUsage: { usageType: secret.usageType, usageID: secret.usageID },
  storageVolLookupByKey: { key: vol.key },
  storageVolLookupByPath: { path: vol.key },
  storagePoolLookupByTargetPath: { path: "/default-pool" },
  domainRename: { newName: "renamed" },
  domainBlockStats: { path: "vda" },
  domainGetBlockInfo: { path: "vda" },
  domainBlockResize: { disk: "vda", size: 1n },
  domainGetBlockIoTune: { disk: "vda" },
  domainSetBlockIoTune: { disk: "vda" },
  domainInterfaceStats: { device: "aa:bb:cc:dd:ee:ff" },
  domainGetInterfaceParameters: { device: "aa:bb:cc:dd:ee:ff" },
  domainSetInterfaceParameters: { device: "aa:bb:cc:dd:ee:ff" },
  domainSave: { to: "/sample" },
  domainSaveFlags: { to: "/sample" },
  domainCoreDump: { to: "/sample" },
  domainCoreDumpWithFormat: { to: "/sample" },
  domainRestore: { from: "/sample" },
  domainRestoreFlags: { from: "/sample" },
  domainSaveImageGetXmlDesc: { file: "/sample" },
  domainSaveImageDefineXml: { file: "/sample", dxml: domainXml("saved") },
  domainManagedSaveDefineXml: { dxml: domainXml("test") },
  domainSetVcpus: { nvcpus: 1 },
  domainSetVcpusFlags: { nvcpus: 1, flags: 1 },
  domainGetVcpusFlags: { flags: 1 },
  domainSetMemory: { memory: 65_536n },
  domainSetMemoryFlags: { memory: 65_536n, flags: 1 },
  domainSetMaxMemory: { memory: 65_536n },
  domainPinVcpu: { cpumap: new Uint8Array([1]) },
  domainPinVcpuFlags: { cpumap: new Uint8Array([1]) },
  domainPinEmulator: { cpumap: new Uint8Array([1]) },
  domainAddIothread: { iothreadId: 7, flags: 1 },
  domainSetUserPassword: { user: "root", password: "x" },
  domainAuthorizedSshKeysGet: { user: "root" },
  domainAuthorizedSshKeysSet: { user: "root", keys: ["ssh-ed25519 AAAA"] },
  domainSendKey: { keycodes: [30] },
  domainSetMetadata: { metadata: "title" },
  domainDetachDeviceAlias: { alias: "x" },
  domainSetMemoryStatsPeriod: { period: 1 },
  domainSetGuestVcpus: { cpumap: "0", state: 1 },
  domainSetVcpu: { cpumap: "0", state: 1 },
  domainSendProcessSignal: { pidValue: 1n, signum: 9 },
  domainPmSuspendForDuration: { target: 0 },
  connectCompareCpu: { xml: "<cpu><arch>i686</arch></cpu>" },
  connectBaselineCpu: { xmlCPUs: ["<cpu><arch>i686</arch><model>pentium</model></cpu>"] },
  connectGetCpuModelNames: { arch: "x86_64" },
  nodeGetCellsFreeMemory: { maxcells: 1 },
  nodeGetCpuStats: { cpuNum: -1 },
  storageVolResize: { capacity: 2_097_152n },
  networkUpdate: { command: 3, section: 4, flags: 1 },
};

/** Arguments with which a procedure can be called. */
export function sampleArguments<P extends ProcedureName>(procedure: P): ArgumentsOf<P> {
  const row = procedureRow(procedure) as Procedure;
  const value = valueOf(row.args, { procedure, field: "" });
  const own: unknown = fields[procedure];
  // The description of the row is what the value was made from.
  return (typeof value === "object" && value !== null ? { ...value, ...Object(own) } : value) as ArgumentsOf<
    P
  >;
}

/** Makes what the samples are about and the host does not have yet. */
export async function furnish(client: RpcConnection): Promise<void> {
  const xml = "<volume><name>sample</name><capacity>1048576</capacity></volume>";
  await client.call("storageVolCreateXml", { pool, xml, flags: 0 });
  if (dispatchTable.has("domainSnapshotCreateXml")) {
    const snapshot = "<domainsnapshot><name>sample</name></domainsnapshot>";
    await client.call("domainSnapshotCreateXml", { dom, xmlDesc: snapshot, flags: 0 });
  }
  await client.call("domainDefineXml", { xml: domainXml("inactive") });
  const saved = await client.call("domainCreateXml", { xmlDesc: domainXml("saved"), flags: 0 });
  await client.call("domainSave", { dom: saved.dom, to: "/sample" });
  await client.call("secretDefineXml", {
    xml:
      `<secret><uuid>${secret.uuid}</uuid><usage type='volume'><volume>${secret.usageID}</volume></usage></secret>`,
    flags: 0,
  });
  await client.call("networkDefineXml", { xml: "<network><name>inactive</name></network>" });
  await client.call("storagePoolDefineXml", {
    xml: "<pool type='dir'><name>inactive</name><target><path>/inactive</path></target></pool>",
    flags: 0,
  });
}

interface Place {
  readonly procedure: ProcedureName;
  readonly field: string;
}

function valueOf(description: Xdr<unknown>, place: Place): unknown {
  const { procedure, field } = place;
  if (Object.hasOwn(objects, field)) return objects[field];
  const { shape } = description;
  switch (shape.kind) {
    case "struct":
      return Object.fromEntries(
        Object.entries(shape.fields).map(([name, of]) => [name, valueOf(of, { procedure, field: name })]),
      );
    case "string":
      return textFor(place);
    case "uuid":
      return calledBy(procedure)?.uuid ?? "00000000-0000-0000-0000-000000000007";
    case "hyper":
    case "uhyper":
      return 0n;
    case "bool":
      return false;
    case "list":
      return [];
    case "fixedList":
      return Array.from({ length: shape.length }, () => valueOf(shape.of, { procedure, field: "" }));
    case "bytes":
    case "chars":
      return new Uint8Array();
    case "opaque":
    case "fixedChars":
      return new Uint8Array(shape.length);
    case "enumeration":
      return Object.keys(shape.names)[0];
    case "optional":
    case "nothing":
      return undefined;
    case "union":
      return { kind: 1, value: 0 };
    default:
      return 0;
  }
}

function textFor({ procedure, field }: Place): string {
  if (/^(xml|xmlDesc|domXml|backupXml)$/.test(field)) {
    return documents.find(([start]) => start.test(procedure))?.[1] ?? "";
  }
  return field === "name" ? calledBy(procedure)?.name ?? "sample" : "";
}

function calledBy(procedure: ProcedureName): { readonly name: string; readonly uuid?: string } | undefined {
  return names.find(([start]) => start.test(procedure))?.[1];
}
