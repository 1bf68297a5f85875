/**
 * The NVRAM of pSeries guests. Facts: libvirt formatdomain, "NVRAM device".
 *
 * @module
 */
import { shape, type ValueOf } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { deviceFields } from "./device.ts";

const nvramShape = shape(deviceFields);

/** The NVRAM of a pSeries guest. */
export interface NvramDevice extends ValueOf<typeof nvramShape> {}
/** `<nvram>` among the devices. */
export const nvramDevice: Shape<NvramDevice> = nvramShape;
