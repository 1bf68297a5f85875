/**
 * Where the bytes of a disk are. Facts: libvirt formatdomain, "Hard drives, floppy disks, CDROMs", `<source>`.
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  integer,
  lazy,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { storageEncryption } from "../storage_encryption.ts";
import { pciAddress } from "./address.ts";
import { type DiskFormat, diskFormat } from "./disk_format.ts";
import {
  checkHosts,
  diskNetworkFields,
  type DiskNetworkSource,
  withDefaultPorts,
} from "./disk_source_network.ts";
import { deviceSecurityLabel, withoutSkipped } from "./seclabel.ts";
import { reconnect } from "./socket.ts";

/** Left out of the normal form: numbers that a running domain gives to the layers of its disks. */
const index = attribute(integer({ min: 1, max: 2 ** 32 - 1 })).optional();

const seclabels = elements("seclabel", deviceSecurityLabel);

const startupPolicy = attribute(enumeration("mandatory", "requisite", "optional")).optional();

const slices = element({
  slices: elements("slice", {
    type: attribute(enumeration("storage")),
    offset: attribute(integer()),
    size: attribute(integer({ min: 1 })),
  }).atLeast(1),
}).optional();

const reservationsShape = shape({
  managed: attribute(yesNo()).optional(),
  source: element({
    type: attribute(enumeration("unix")),
    path: attribute(text()),
    mode: attribute(enumeration("client")),
    reconnect: element(reconnect).optional(),
  }).optional(),
}).check((reservations, { refuse }) => {
  if (reservations.managed !== true && reservations.source === undefined) {
    refuse("", "Reservations that are not managed are made over a socket", {
      expected: "<source> in <reservations>",
    });
  }
});

/** Where bytes are that a qcow2 file only describes. */
const dataStore = element(lazy((): Shape<DataStore> => dataStoreShape)).optional();

const common = { startupPolicy, index };

const layers = { slices, seclabels, encryption: element(storageEncryption).optional() };

const reservations = element(reservationsShape).optional();

const fileShape = shape({
  ...common,
  file: attribute(text()).optional(),
  fdgroup: attribute(text()).optional(),
  ...layers,
  dataStore,
});

/** A file of the host. */
export interface DiskFileSource extends ValueOf<typeof fileShape> {}
const file: Shape<DiskFileSource> = fileShape.stored(withoutSkipped);

const blockShape = shape({
  ...common,
  dev: attribute(text()).optional(),
  ...layers,
  reservations,
  dataStore,
});

/** A block device of the host. */
export interface DiskBlockSource extends ValueOf<typeof blockShape> {}
const block: Shape<DiskBlockSource> = blockShape.stored(withoutSkipped);

const volumeShape = shape({
  ...common,
  pool: attribute(text()),
  volume: attribute(text()),
  mode: attribute(enumeration("host", "direct")).optional(),
  ...layers,
  reservations,
  dataStore,
});

/** A volume of a storage pool. */
export interface DiskVolumeSource extends ValueOf<typeof volumeShape> {}
const volume: Shape<DiskVolumeSource> = volumeShape.stored(withoutSkipped);

const networkShape = shape({
  ...common,
  ...diskNetworkFields,
  slices,
  seclabels,
  auth: element(lazy((): Shape<DiskAuth> => diskAuth)).optional(),
  encryption: element(storageEncryption).optional(),
  reservations,
  initiator: element({ iqn: element({ name: attribute(text()) }) }).optional(),
  dataStore,
});

/** A disk on a server. */
export interface DiskServerSource extends ValueOf<typeof networkShape> {}
const network: Shape<DiskServerSource> = networkShape.check(checkHosts).normalise(withDefaultPorts).stored(
  withoutSkipped,
);

export type { DiskNetworkSource };

const secretShape = shape({
  type: attribute(enumeration("ceph", "iscsi", "volume", "tls", "vtpm", "none")),
  usage: attribute(text()).optional(),
  uuid: attribute(uuid()).optional(),
}).check((secret, { refuse }) => {
  if ((secret.uuid === undefined) === (secret.usage === undefined)) {
    refuse("", "A secret is named by its UUID or by its usage", { expected: "one of the two" });
  }
});

const authShape = shape({
  username: attribute(text({ pattern: /^.+$/, expected: "a name" })),
  secret: element(secretShape),
});

/** As whom a server is asked for a disk. */
export interface DiskAuth extends ValueOf<typeof authShape> {}

/** `<auth>` of a disk. */
export const diskAuth: Shape<DiskAuth> = authShape;

const directoryShape = shape({
  ...common,
  dir: attribute(text()).optional(),
  slices,
  encryption: element(storageEncryption).optional(),
});

/** A directory of the host that the guest sees as a file system. */
export interface DiskDirectorySource extends ValueOf<typeof directoryShape> {}
const directory: Shape<DiskDirectorySource> = directoryShape;

const nvmeShape = shape({
  ...common,
  type: attribute(enumeration("pci")),
  managed: attribute(yesNo()).optional(),
  namespace: attribute(integer({ min: 1 })),
  address: element(pciAddress),
  ...layers,
});

/** A namespace of an NVMe controller of the host. */
export interface DiskNvmeSource extends ValueOf<typeof nvmeShape> {}
const nvme: Shape<DiskNvmeSource> = nvmeShape;

const vhostUserShape = shape({
  index,
  type: attribute(enumeration("unix")),
  path: attribute(text()),
  reconnect: element(reconnect).optional(),
});

/** A program of the host that does the disk's work. */
export interface DiskVhostUserSource extends ValueOf<typeof vhostUserShape> {}
const vhostUser: Shape<DiskVhostUserSource> = vhostUserShape;

const devShape = shape({ index, dev: attribute(text()) });

/** A vDPA device of the host, or a FreeBSD CAM target. */
export interface DiskDevSource extends ValueOf<typeof devShape> {}
const dev: Shape<DiskDevSource> = devShape;

/** What `<source>` holds, by the type of the element that it stands in. */
export const diskSources = {
  file: { source: element(file).optional() },
  block: { source: element(block).optional() },
  dir: { source: element(directory).optional() },
  network: { source: element(network) },
  volume: { source: element(volume).optional() },
  nvme: { source: element(nvme) },
  vhostuser: { source: element(vhostUser) },
  vhostvdpa: { source: element(dev) },
  ctl: { source: element(dev) },
};

/** The same where firmware keeps its variables. */
export const firmwareSources = {
  file: diskSources.file,
  block: diskSources.block,
  dir: diskSources.dir,
  network: diskSources.network,
  volume: diskSources.volume,
  nvme: diskSources.nvme,
  vhostuser: diskSources.vhostuser,
  vhostvdpa: diskSources.vhostvdpa,
};

const dataStoreShape: Shape<DataStore> = shape({ format: element(diskFormat) }).by("type", {
  file: diskSources.file,
  block: diskSources.block,
  network: diskSources.network,
  volume: diskSources.volume,
  nvme: diskSources.nvme,
}, { default: "file" });

/** Where bytes are that a qcow2 file only describes. */
export type DataStore =
  & { readonly format: DiskFormat }
  & (
    | { readonly type: "file"; readonly source?: DiskFileSource }
    | { readonly type: "block"; readonly source?: DiskBlockSource }
    | { readonly type: "network"; readonly source: DiskServerSource }
    | { readonly type: "volume"; readonly source?: DiskVolumeSource }
    | { readonly type: "nvme"; readonly source: DiskNvmeSource }
  );

/** One of a disk's layers. */
export type BackingStore =
  & { readonly index?: number; readonly format?: DiskFormat; readonly backingStore?: BackingStore }
  & (
    | { readonly type?: undefined }
    | { readonly type: "file"; readonly source?: DiskFileSource }
    | { readonly type: "block"; readonly source?: DiskBlockSource }
    | { readonly type: "dir"; readonly source?: DiskDirectorySource }
    | { readonly type: "network"; readonly source: DiskServerSource }
    | { readonly type: "volume"; readonly source?: DiskVolumeSource }
    | { readonly type: "nvme"; readonly source: DiskNvmeSource }
    | { readonly type: "vhostuser"; readonly source: DiskVhostUserSource }
    | { readonly type: "vhostvdpa"; readonly source: DiskDevSource }
    | { readonly type: "ctl"; readonly source: DiskDevSource }
  );

const backingShape: Shape<BackingStore> = shape({
  index: attribute(integer({ min: 1, max: 2 ** 32 - 1 })).optional(),
  format: element(diskFormat).optional(),
  backingStore: element(lazy((): Shape<BackingStore> => backingShape)).optional(),
}).by("type", diskSources, { after: "format", otherwise: shape({}).ignoring("source") });

/** `<backingStore>`; without a type it ends the chain. */
export const backingStore: Shape<BackingStore> = backingShape;

const mirrorShape = shape({
  job: attribute(enumeration("copy", "commit", "active-commit", "pull")).optional(),
  ready: attribute(enumeration("yes", "abort", "pivot", "no")).optional(),
  file: attribute(text()).optional(),
  formatName: attribute("format", text()).optional(),
  format: element(diskFormat).optional(),
  backingStore: element(backingStore).optional(),
}).by("type", diskSources, { after: "format", otherwise: { source: element(file).optional() } });

/** What a running job copies a disk to. */
export type DiskMirror = ValueOf<typeof mirrorShape>;

/** `<mirror>`; only running domains have one. */
export const diskMirror: Shape<DiskMirror> = mirrorShape;
