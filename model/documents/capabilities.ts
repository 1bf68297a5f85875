/**
 * The capabilities document: what a host is, and what guests it can run. Facts: libvirt formatcaps.
 *
 * @module
 */
import { hostCapabilities } from "./capabilities_host.ts";
import {
  attribute,
  content,
  document,
  element,
  elements,
  enumeration,
  flag,
  integer,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description, Shape } from "./language/mod.ts";

const machineShape = shape({
  canonical: attribute(text()).optional(),
  maxCpus: attribute(integer({ max: 2 ** 32 - 1 })).optional(),
  deprecated: attribute(yesNo()).optional(),
  name: content(text()),
});

/** A kind of machine; where it is canonical for another, it is only a name. */
export interface GuestMachine extends ValueOf<typeof machineShape> {}
const machine: Shape<GuestMachine> = machineShape;

const toggled = element({ default: attribute(onOff()).optional(), toggle: attribute(yesNo()).optional() })
  .optional();

const guestShape = shape({
  osType: element("os_type", enumeration("xen", "xenpvh", "linux", "hvm", "exe", "uml")),
  arch: element({
    name: attribute(text()),
    wordsize: element(enumeration("31", "32", "64")),
    emulator: element(text()).optional(),
    loader: element(text()).optional(),
    machines: elements("machine", machine),
    domains: elements("domain", {
      type: attribute(text()),
      emulator: element(text()).optional(),
      loader: element(text()).optional(),
      machines: elements("machine", machine),
    }),
  }),
  features: element({
    pae: element(flag()).optional(),
    nonpae: element(flag()).optional(),
    ia64Be: element("ia64_be", flag()).optional(),
    acpi: toggled,
    apic: toggled,
    cpuselection: element(flag()).optional(),
    deviceboot: element(flag()).optional(),
    disksnapshot: toggled,
    hap: toggled,
    externalSnapshot: element(flag()).optional(),
  }).optional(),
});

/** A kind of guest that a host can run. */
export interface GuestCapabilities extends ValueOf<typeof guestShape> {}

const capabilitiesShape = shape({
  host: element(hostCapabilities).optional(),
  guests: elements("guest", guestShape),
  // A connection that is for storage alone says which pools it knows.
  pool: element({
    enums: elements("enum", { name: attribute(text()), values: elements("value", text()) }),
  }).optional(),
});

/** What a host is and what guests it can run. */
export interface Capabilities extends ValueOf<typeof capabilitiesShape> {}

/** `<capabilities>`. */
export const capabilities: Description<Capabilities> = document("capabilities", capabilitiesShape, {
  title: "capabilities",
});
