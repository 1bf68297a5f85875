/**
 * The storage pool document. Facts: libvirt formatstorage, "Storage pool XML".
 *
 * @module
 */
import {
  attribute,
  bytes,
  document,
  element,
  elements,
  enumeration,
  hexadecimalInteger,
  integer,
  namespace,
  shape,
  text,
  truth,
  uuid,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description } from "./language/mod.ts";
import { storagePermissions } from "./storage_permissions.ts";

const fileSystem = namespace("fs", "http://libvirt.org/schemas/storagepool/fs/1.0");
const rbd = namespace("rbd", "http://libvirt.org/schemas/storagepool/rbd/1.0");

const worldWideName = text({ pattern: /^(0x)?[0-9a-fA-F]{16}$/, expected: "sixteen hexadecimal digits" });

const hostShape = shape({
  name: attribute(text()),
  port: attribute(integer({ max: 65535 })).omitting(0),
});

const deviceShape = shape({
  path: attribute(text()),
  partSeparator: attribute("part_separator", yesNo()).optional(),
  freeExtents: elements("freeExtent", { start: attribute(integer()), end: attribute(integer()) }),
});

const adapterShape = shape({
  name: attribute(text()).optional(),
  parent: attribute(text()).optional(),
  managed: attribute(yesNo()).optional(),
  parentWwnn: attribute("parent_wwnn", worldWideName).optional(),
  parentWwpn: attribute("parent_wwpn", worldWideName).optional(),
  parentFabricWwn: attribute("parent_fabric_wwn", worldWideName).optional(),
  wwnn: attribute(worldWideName).optional(),
  wwpn: attribute(worldWideName).optional(),
  parentAddress: element(
    "parentaddr",
    shape({
      uniqueId: attribute("unique_id", integer()).optional(),
      address: element({
        domain: attribute(hexadecimalInteger({ digits: 4, max: 0xffff })).default(0),
        bus: attribute(hexadecimalInteger({ digits: 2, max: 0xff })),
        slot: attribute(hexadecimalInteger({ digits: 2, max: 0x1f })),
        function: attribute(hexadecimalInteger({ digits: 1, max: 7 })),
      }),
    }),
  ).optional(),
  type: attribute(enumeration("scsi_host", "fc_host")).optional(),
}).normalise((adapter) => adapter.type === undefined ? { ...adapter, type: "scsi_host" as const } : adapter)
  .check((adapter, { refuse }) => {
    if (adapter.type !== "fc_host") {
      if (adapter.name === undefined && adapter.parentAddress === undefined) {
        refuse("", "A SCSI host adapter needs a name or the address of its parent", {
          expected: "name or <parentaddr>",
        });
      }
      return;
    }
    if (adapter.wwnn === undefined || adapter.wwpn === undefined) {
      refuse("", "A fibre channel adapter needs both world wide names", { expected: "wwnn and wwpn" });
    }
  });

const authShape = shape({
  type: attribute(enumeration("chap", "ceph", "iscsi")),
  username: attribute(text()),
  secret: element(
    shape({ uuid: attribute(uuid()).optional(), usage: attribute(text()).optional() }).check(
      (secret, { refuse }) => {
        if ((secret.uuid === undefined) === (secret.usage === undefined)) {
          refuse("", "A secret is named by its UUID or by its usage", { expected: "either uuid or usage" });
        }
      },
    ),
  ),
});

/** Formats of file systems, network file systems, partition tables and volume groups; the pool's type decides. */
const formatShape = shape({
  type: attribute(enumeration(
    ...[
      "auto",
      "ext2",
      "ext3",
      "ext4",
      "ufs",
      "iso9660",
      "udf",
      "gfs",
      "gfs2",
      "vfat",
      "hfs+",
      "xfs",
    ] as const,
    ...["ocfs2", "vmfs", "nfs", "glusterfs", "cifs"] as const,
    ...["unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"] as const,
  )),
});

type Format = ValueOf<typeof formatShape>["type"];

const sourceShape = shape({
  hosts: elements("host", hostShape),
  devices: elements("device", deviceShape),
  dir: element({ path: attribute(text()) }).optional(),
  adapter: element(adapterShape).optional(),
  name: element(text()).optional(),
  initiator: element({ iqn: element({ name: attribute(text()) }) }).optional(),
  auth: element(authShape).optional(),
  format: element(formatShape).optional(),
  protocol: element({
    version: attribute("ver", text({ pattern: /^[\d.]+$/, expected: 'a version such as "4.1"' })),
  }).optional(),
  vendor: element({ name: attribute(text()) }).optional(),
  product: element({ name: attribute(text()) }).optional(),
});

/** What a pool is made of. */
export interface PoolSource extends ValueOf<typeof sourceShape> {}

const targetShape = shape({
  path: element(text()).optional(),
  permissions: element(storagePermissions).omittingEmpty(),
});

/** Where a pool's volumes appear on the host. */
export interface PoolTarget extends ValueOf<typeof targetShape> {}

const poolTypes = [
  ...["dir", "fs", "netfs", "logical", "disk", "iscsi", "iscsi-direct", "scsi", "mpath"] as const,
  ...["rbd", "sheepdog", "gluster", "zfs", "vstorage"] as const,
] as const;

const poolShape = shape({
  type: attribute(enumeration(...poolTypes)),
  name: element(text({ pattern: /^[^/\n]+$/, expected: "a name without slashes and line breaks" }))
    .optional(),
  uuid: element(uuid()).optional(),
  capacity: element(bytes()).default(0).transient(),
  allocation: element(bytes()).default(0).transient(),
  available: element(bytes()).default(0).transient(),
  features: element({ cow: element({ state: attribute(truth({ yes: "yes", no: "no" })) }).optional() })
    .omittingEmpty(),
  source: element(sourceShape).optional(),
  target: element(targetShape).optional(),
  refresh: element({
    volume: element({ allocation: attribute(enumeration("default", "capacity")) }).optional(),
  }).omittingEmpty(),
  mountOptions: element(fileSystem("mount_opts"), {
    options: elements(fileSystem("option"), { name: attribute(text()) }),
  }).optional(),
  configOptions: element(rbd("config_opts"), {
    options: elements(rbd("option"), { name: attribute(text()), value: attribute(text()) }),
  }).optional(),
}).normalise((pool) => {
  const source = normalSource(pool);
  const name = pool.name ?? source.name;
  const { target: _target, ...rest } = pool;
  const target = normalTarget(pool, source);
  return {
    ...rest,
    ...(name === undefined ? {} : { name }),
    source,
    ...(target === undefined ? {} : { target }),
  };
}).check((pool, { refuse }) => {
  if (pool.name === undefined) refuse("", "The pool has no name", { expected: "<name>" });
  if (pool.target === undefined && needsTarget(pool.type)) {
    refuse("", "The pool has no target path", { expected: "<target> with a <path>" });
  }
  if (pool.target !== undefined && pool.target.path === undefined && needsTarget(pool.type)) {
    refuse("target", "The pool has no target path", { expected: "<path>" });
  }
  if (pool.configOptions !== undefined && pool.type !== "rbd") {
    refuse("configOptions", "Configuration options belong to pools of type rbd");
  }
});

/** A storage pool; sizes are in bytes. */
export interface StoragePool extends ValueOf<typeof poolShape> {}

/** `<pool>`. */
export const storagePool: Description<StoragePool> = document("pool", poolShape, { title: "storage pool" });

/** The format that libvirt takes where none is given. */
const initialFormats: Partial<Record<StoragePool["type"], Format>> = {
  fs: "auto",
  netfs: "auto",
  disk: "unknown",
  logical: "lvm2",
};

/** Types whose volumes have no path on the host. */
const withoutTarget: ReadonlySet<StoragePool["type"]> = new Set([
  "rbd",
  "sheepdog",
  "gluster",
  "iscsi-direct",
]);

/** Types whose target follows from their source, whatever the document says. */
function fixedTarget(pool: Pick<StoragePool, "type" | "name">, source: PoolSource): string | undefined {
  const name = source.name ?? pool.name;
  if (pool.type === "logical") return name === undefined ? undefined : `/dev/${name}`;
  if (pool.type === "zfs") return name === undefined ? undefined : `/dev/zvol/${name}`;
  return pool.type === "mpath" ? "/dev/mapper" : undefined;
}

function needsTarget(type: StoragePool["type"]): boolean {
  return !withoutTarget.has(type);
}

function normalSource(pool: Pick<StoragePool, "type" | "name" | "source">): PoolSource {
  const source: PoolSource = pool.source ?? { hosts: [], devices: [] };
  const format = source.format?.type ?? initialFormats[pool.type];
  const name = source.name ?? (pool.type === "logical" || pool.type === "zfs" ? pool.name : undefined);
  const { dir } = source;
  return {
    ...source,
    ...(dir === undefined ? {} : { dir: { ...dir, path: withoutTrailingSlash(dir.path, pool.type) } }),
    ...(name === undefined ? {} : { name }),
    ...(format === undefined ? {} : { format: { ...source.format, type: format } }),
  };
}

function normalTarget(
  pool: Pick<StoragePool, "type" | "name" | "target">,
  source: PoolSource,
): PoolTarget | undefined {
  if (!needsTarget(pool.type)) return undefined;
  const path = fixedTarget(pool, source) ?? pool.target?.path;
  if (path === undefined) return pool.target;
  return { ...pool.target, path: cleanPath(path) };
}

/** A path without doubled slashes and without one at its end. */
function cleanPath(path: string): string {
  const single = path.replace(/\/{2,}/g, "/");
  return single.length > 1 ? single.replace(/\/$/, "") : single;
}

function withoutTrailingSlash(path: string, type: StoragePool["type"]): string {
  return type === "netfs" && path.length > 1 ? path.replace(/\/+$/, "") : path;
}
