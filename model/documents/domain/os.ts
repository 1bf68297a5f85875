/**
 * What a domain boots. Facts: libvirt formatdomain, "Operating system booting".
 *
 * @module
 */
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { firmwareSources } from "./disk_source.ts";

const typeShape = shape({
  arch: attribute(text({ pattern: /^[a-z0-9_]+$/, expected: 'an architecture such as "x86_64"' })).optional(),
  machine: attribute(text({ pattern: /^[\w.-]+$/, expected: 'a machine such as "q35"' })).optional(),
  name: content(enumeration("hvm", "xen", "linux", "xenpvh", "exe", "uml")),
});

/** What kind of machine a domain is. */
export interface OsType extends ValueOf<typeof typeShape> {}

const firmwareFormat = enumeration("raw", "qcow2");

const loaderShape = shape({
  readonly: attribute(yesNo()).optional(),
  secure: attribute(yesNo()).optional(),
  type: attribute(enumeration("rom", "pflash")).optional(),
  stateless: attribute(yesNo()).optional(),
  format: attribute(firmwareFormat).optional(),
  path: content(text()).optional(),
});

/** The firmware's code. */
export interface FirmwareLoader extends ValueOf<typeof loaderShape> {}

const nvramShape = shape({
  template: attribute(text()).optional(),
  templateFormat: attribute(firmwareFormat).optional(),
  format: attribute(firmwareFormat).optional(),
}).by("type", firmwareSources, { otherwise: { path: content(text()).optional() } });

/** The firmware's variables. */
export type FirmwareVariables = ValueOf<typeof nvramShape>;

const osShape = shape({
  firmware: attribute(enumeration("bios", "efi")).optional(),
  type: element(typeShape).optional(),
  firmwareFeatures: element("firmware", {
    features: elements("feature", {
      enabled: attribute(yesNo()),
      name: attribute(enumeration("enrolled-keys", "secure-boot")),
    }),
  }).optional(),
  init: element(text()).optional(),
  initargs: elements("initarg", text()),
  initenvs: elements("initenv", {
    name: attribute(text({ pattern: /^.+$/, expected: "the name of a variable" })),
    value: content(text()),
  }),
  initdir: element(text()).optional(),
  inituser: element(text()).optional(),
  initgroup: element(text()).optional(),
  loader: element(loaderShape).optional(),
  nvram: element(nvramShape).optional(),
  varstore: element({
    template: attribute(text()).optional(),
    path: attribute(text()).optional(),
  }).optional(),
  kernel: element(text()).optional(),
  initrd: element(text()).optional(),
  cmdline: element(text()).optional(),
  shim: element(text()).optional(),
  dtb: element(text()).optional(),
  root: element(text()).optional(),
  acpi: element({
    tables: elements("table", {
      type: attribute(enumeration("raw", "rawset", "slic", "msdm")),
      path: content(text()),
    }),
  }).omittingEmpty(),
  boots: elements("boot", { dev: attribute(enumeration("hd", "fd", "cdrom", "network")) }),
  bootmenu: element({
    enable: attribute(yesNo()),
    timeout: attribute(integer({ max: 65535 })).optional(),
  }).optional(),
  bios: element({
    useserial: attribute(yesNo()).optional(),
    rebootTimeout: attribute(integer({ min: -1, max: 65535 })).optional(),
  }).omittingEmpty(),
  smbios: element({ mode: attribute(enumeration("emulate", "host", "sysinfo")) }).optional(),
}).stored((os) => {
  // A menu that is not shown has no time to be shown for.
  return os.bootmenu?.enable === false ? { ...os, bootmenu: { enable: false } } : os;
});

/** What a domain boots, and how. */
export interface Os extends ValueOf<typeof osShape> {}

/** `<os>`. */
export const os: Shape<Os> = osShape;
