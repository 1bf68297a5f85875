/**
 * Shares of the host's disks, its cgroups, and users of containers. Facts: libvirt formatdomain, "Block I/O Tuning",
 * "Resource partitioning", "Disk Throttle Group Management"; formatdomain "Container boot".
 *
 * @module
 */
import { attribute, element, elements, integer, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const weight = integer({ max: 2 ** 32 - 1 });

const blkiotuneShape = shape({
  weight: element(weight).omitting(0),
  devices: elements("device", {
    path: element(text()),
    weight: element(weight).omitting(0),
    readIopsSec: element("read_iops_sec", weight).omitting(0),
    writeIopsSec: element("write_iops_sec", weight).omitting(0),
    readBytesSec: element("read_bytes_sec", integer()).omitting(0),
    writeBytesSec: element("write_bytes_sec", integer()).omitting(0),
  }),
}).check(({ devices }, { refuse }) => {
  devices.forEach(({ path }, index) => {
    if (devices.findIndex((each) => each.path === path) !== index) {
      refuse(`devices.${index}.path`, `The device "${path}" is tuned twice`);
    }
  });
});

/** The domain's share of the host's disks. */
export interface BlockIoTune extends ValueOf<typeof blkiotuneShape> {}

/** `<blkiotune>`. */
export const blockIoTune: Shape<BlockIoTune> = blkiotuneShape;

const rate = integer({ max: 2n ** 63n - 1n });

/** How fast a disk may be; 0 is without limit. */
export const ioTuneFields = {
  totalBytesSec: element("total_bytes_sec", rate).omitting(0),
  readBytesSec: element("read_bytes_sec", rate).omitting(0),
  writeBytesSec: element("write_bytes_sec", rate).omitting(0),
  totalIopsSec: element("total_iops_sec", rate).omitting(0),
  readIopsSec: element("read_iops_sec", rate).omitting(0),
  writeIopsSec: element("write_iops_sec", rate).omitting(0),
  totalBytesSecMax: element("total_bytes_sec_max", rate).omitting(0),
  readBytesSecMax: element("read_bytes_sec_max", rate).omitting(0),
  writeBytesSecMax: element("write_bytes_sec_max", rate).omitting(0),
  totalIopsSecMax: element("total_iops_sec_max", rate).omitting(0),
  readIopsSecMax: element("read_iops_sec_max", rate).omitting(0),
  writeIopsSecMax: element("write_iops_sec_max", rate).omitting(0),
  sizeIopsSec: element("size_iops_sec", rate).omitting(0),
  groupName: element("group_name", text()).optional(),
  totalBytesSecMaxLength: element("total_bytes_sec_max_length", rate).omitting(0),
  readBytesSecMaxLength: element("read_bytes_sec_max_length", rate).omitting(0),
  writeBytesSecMaxLength: element("write_bytes_sec_max_length", rate).omitting(0),
  totalIopsSecMaxLength: element("total_iops_sec_max_length", rate).omitting(0),
  readIopsSecMaxLength: element("read_iops_sec_max_length", rate).omitting(0),
  writeIopsSecMaxLength: element("write_iops_sec_max_length", rate).omitting(0),
};

const ioTuneShape = shape(ioTuneFields).check((tune, { refuse }) => {
  for (const part of ["BytesSec", "IopsSec", "BytesSecMax", "IopsSecMax"] as const) {
    const divided = tune[`read${part}`] ?? tune[`write${part}`];
    if (tune[`total${part}`] !== undefined && divided !== undefined) {
      refuse(`total${part}`, "A limit of all and one of reading or writing exclude each other");
    }
  }
});

/** How fast a disk may be. */
export interface IoTune extends ValueOf<typeof ioTuneShape> {}

/** `<iotune>` of a disk, `<throttlegroup>` of a domain. */
export const ioTune: Shape<IoTune> = ioTuneShape;

const throttleGroupsShape = shape({ groups: elements("throttlegroup", ioTune) }).check(
  ({ groups }, { refuse }) => {
    groups.forEach(({ groupName }, index) => {
      if (groupName === undefined) {
        refuse(`groups.${index}`, "The name of the group is missing", { expected: "<group_name>" });
      }
      if (groups.findIndex((each) => each.groupName === groupName) !== index) {
        refuse(`groups.${index}.groupName`, `There are two groups "${groupName}"`);
      }
    });
  },
);

/** Limits that disks can share. */
export interface ThrottleGroups extends ValueOf<typeof throttleGroupsShape> {}

/** `<throttlegroups>`. */
export const throttleGroups: Shape<ThrottleGroups> = throttleGroupsShape;

const resourceShape = shape({
  partition: element(text()).optional(),
  fibrechannel: element({
    appid: attribute(text({ pattern: /^[ -~]{1,128}$/, expected: "1 to 128 printable characters" })),
  }).optional(),
});

/** Where a domain is among the host's resources. */
export interface Resource extends ValueOf<typeof resourceShape> {}

/** `<resource>`. */
export const resource: Shape<Resource> = resourceShape;

const number = integer({ max: 2 ** 32 - 1 });
const range = shape({ start: attribute(number), target: attribute(number), count: attribute(number) });

const idmapShape = shape({ uids: elements("uid", range), gids: elements("gid", range) }).normalise((
  idmap,
) => ({
  ...idmap,
  uids: idmap.uids.toSorted((a, b) => a.start - b.start),
  gids: idmap.gids.toSorted((a, b) => a.start - b.start),
}));

/** Which users and groups of the host those of a container are. */
export interface IdMap extends ValueOf<typeof idmapShape> {}

/** `<idmap>`. */
export const idMap: Shape<IdMap> = idmapShape;
