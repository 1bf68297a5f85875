/**
 * The document of domain capabilities: what one emulator can do for one kind of machine. Facts: libvirt
 * formatdomaincaps.
 *
 * @module
 */
import { domainCapabilitiesCpu } from "./domain_capabilities_cpu.ts";
import { choices, choicesFields } from "./domain_capabilities_choices.ts";
import {
  attribute,
  document,
  element,
  elements,
  integer,
  kibibytes,
  onOff,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Description, Shape } from "./language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });

const supported = shape({ supported: attribute(yesNo()) });

const osShape = shape({
  ...choicesFields,
  loader: element({
    supported: attribute(yesNo()),
    values: elements("value", text()),
    enums: choicesFields.enums,
  }).optional(),
});

/** How guests can boot. */
export interface DomainCapabilitiesOs extends ValueOf<typeof osShape> {}

/** What can be chosen of a device or feature, where the host says. */
const choosable = element(choices).optional();

const devicesShape = shape({
  disk: choosable,
  graphics: choosable,
  video: choosable,
  hostdev: choosable,
  rng: choosable,
  filesystem: choosable,
  tpm: choosable,
  redirdev: choosable,
  channel: choosable,
  crypto: choosable,
  interface: choosable,
  panic: choosable,
  console: choosable,
});

/** What devices guests can have. */
export interface DomainCapabilitiesDevices extends ValueOf<typeof devicesShape> {}

const sevShape = shape({
  supported: attribute(yesNo()),
  cbitpos: element(number).optional(),
  reducedPhysBits: element(number).optional(),
  maxGuests: element(number).optional(),
  maxESGuests: element(number).optional(),
  cpu0Id: element(text()).optional(),
});

/** AMD's encryption of guests. */
export interface SevCapabilities extends ValueOf<typeof sevShape> {}

const sgxShape = shape({
  supported: attribute(yesNo()),
  flc: element(yesNo()).optional(),
  sgx1: element(yesNo()).optional(),
  sgx2: element(yesNo()).optional(),
  sectionSize: element("section_size", kibibytes()).optional(),
  sections: element({
    sections: elements("section", { node: attribute(number), size: attribute(kibibytes()) }),
  }).optional(),
});

/** Intel's enclaves; sizes are in KiB. */
export interface SgxCapabilities extends ValueOf<typeof sgxShape> {}

const hypervShape = shape({
  ...choicesFields,
  defaults: element({
    spinlocks: element(number).optional(),
    stimerDirect: element("stimer_direct", onOff()).optional(),
    tlbflushDirect: element("tlbflush_direct", onOff()).optional(),
    tlbflushExtended: element("tlbflush_extended", onOff()).optional(),
    vendorId: element("vendor_id", text()).optional(),
  }).optional(),
});

/** What guests can be told in Hyper-V's way. */
export interface HypervCapabilities extends ValueOf<typeof hypervShape> {}

const featuresShape = shape({
  gic: choosable,
  vmcoreinfo: element(supported).optional(),
  genid: element(supported).optional(),
  backingStoreInput: element(supported).optional(),
  backup: element(supported).optional(),
  asyncTeardown: element("async-teardown", supported).optional(),
  s390Pv: element("s390-pv", supported).optional(),
  ps2: element(supported).optional(),
  tdx: element(supported).optional(),
  sev: element(sevShape).optional(),
  sgx: element(sgxShape).optional(),
  hyperv: element(hypervShape).optional(),
  launchSecurity: choosable,
});

/** What features guests can have. */
export interface DomainCapabilitiesFeatures extends ValueOf<typeof featuresShape> {}

const devices: Shape<DomainCapabilitiesDevices> = devicesShape;
const features: Shape<DomainCapabilitiesFeatures> = featuresShape;

const capabilitiesShape = shape({
  path: element(text()).optional(),
  domain: element(text()),
  machine: element(text()).optional(),
  arch: element(text()),
  vcpu: element({ max: attribute(number) }).optional(),
  iothreads: element(supported).optional(),
  os: element(osShape).optional(),
  cpu: element(domainCapabilitiesCpu).optional(),
  memoryBacking: choosable,
  devices: element(devices).optional(),
  features: element(features).optional(),
});

/** What one emulator can do for one kind of machine. */
export interface DomainCapabilities extends ValueOf<typeof capabilitiesShape> {}

/** `<domainCapabilities>`. */
export const domainCapabilities: Description<DomainCapabilities> = document(
  "domainCapabilities",
  capabilitiesShape,
  { title: "domain capabilities" },
);
