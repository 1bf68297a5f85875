/**
 * How fast disks may be. Facts: libvirt formatdomain, "Hard drives, floppy disks, CDROMs", `<iotune>`; "Disk Throttle Group Management".
 *
 * @module
 */
import { element, elements, integer, shape, text, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

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
