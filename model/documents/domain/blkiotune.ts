/**
 * A domain's share of the host's disks. Facts: libvirt formatdomain, "Block I/O Tuning".
 *
 * @module
 */
import { element, elements, integer, shape, text, type ValueOf } from "../language/mod.ts";
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
}).stored(({ devices, ...rest }) => ({
  ...rest,
  // A device of which only the path is said is not tuned.
  devices: devices.filter((device) => Object.values(device).some((value) => typeof value === "number")),
}));

/** The domain's share of the host's disks. */
export interface BlockIoTune extends ValueOf<typeof blkiotuneShape> {}

/** `<blkiotune>`. */
export const blockIoTune: Shape<BlockIoTune> = blkiotuneShape;
