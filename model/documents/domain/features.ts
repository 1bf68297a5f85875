/**
 * Features that a hypervisor gives or withholds. Facts: libvirt formatdomain, "Hypervisor features".
 *
 * @module
 */
import {
  attribute,
  bytesInLargestUnit,
  element,
  enumeration,
  flag,
  integer,
  kibibytes,
  onOff,
  shape,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { type FeatureState, featureState } from "./feature_state.ts";
import { processCapabilities } from "./features_capabilities.ts";
import { hypervFeatures } from "./features_hyperv.ts";

const kvmShape = shape({
  hidden: element(featureState).optional(),
  hintDedicated: element("hint-dedicated", featureState).optional(),
  pollControl: element("poll-control", featureState).optional(),
  pvIpi: element("pv-ipi", featureState).optional(),
  dirtyRing: element("dirty-ring", {
    state: attribute(onOff()),
    size: attribute(integer({ max: 65536 })).omitting(0),
  }).optional(),
}).check(({ dirtyRing }, { refuse }) => {
  const size = dirtyRing?.size;
  if (dirtyRing?.state !== true) return;
  if (size === undefined || size < 1024 || (size & (size - 1)) !== 0) {
    refuse("dirtyRing", `The dirty ring cannot have ${size ?? "no"} entries`, {
      expected: "a power of two between 1024 and 65536",
    });
  }
});

const xenShape = shape({
  e820Host: element("e820_host", featureState).optional(),
  passthrough: element({
    state: attribute(onOff()),
    mode: attribute(enumeration("sync_pt", "share_pt")).optional(),
  }).optional(),
});

/** A feature whose state is "on" where the document does not say. */
const switchable: Shape<FeatureState> = shape({ state: attribute(onOff()).default(true) });

const spectreMitigation = enumeration("broken", "workaround", "fixed");

const featuresShape = shape({
  acpi: element(flag()).optional(),
  apic: element({ eoi: attribute(onOff()).optional() }).optional(),
  pae: element(flag()).optional(),
  hap: element(switchable).optional(),
  viridian: element(flag()).optional(),
  privnet: element(flag()).optional(),
  hyperv: element(hypervFeatures).optional(),
  kvm: element(kvmShape).optional(),
  pvspinlock: element(switchable).optional(),
  capabilities: element(processCapabilities).optional(),
  pmu: element(switchable).optional(),
  vmport: element(switchable).optional(),
  gic: element({ version: attribute(enumeration("host", "2", "3")).optional() }).optional(),
  smm: element({
    state: attribute(onOff()).default(true),
    tseg: element(bytesInLargestUnit({ assumed: "MiB" })).optional(),
  }).optional(),
  ioapic: element({ driver: attribute(enumeration("qemu", "kvm")) }).optional(),
  hpt: element({
    resizing: attribute(enumeration("enabled", "disabled", "required")).optional(),
    maxpagesize: element(kibibytes()).optional(),
  }).omittingEmpty(),
  vmcoreinfo: element(switchable).optional(),
  htm: element(switchable).optional(),
  nestedHv: element("nested-hv", switchable).optional(),
  msrs: element({ unknown: attribute(enumeration("ignore", "fault")) }).optional(),
  ccfAssist: element("ccf-assist", switchable).optional(),
  xen: element(xenShape).optional(),
  cfpc: element({ value: attribute(spectreMitigation) }).optional(),
  sbbc: element({ value: attribute(spectreMitigation) }).optional(),
  ibs: element({
    value: attribute(enumeration("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na")),
  }).optional(),
  tcg: element({ tbCache: element("tb-cache", kibibytes()).optional() }).optional(),
  asyncTeardown: element("async-teardown", { enabled: attribute(yesNo()).default(true) }).optional(),
  ras: element(switchable).optional(),
  ps2: element(switchable).optional(),
  aia: element({ value: attribute(enumeration("none", "aplic", "aplic-imsic")) }).optional(),
  virtualization: element(flag()).optional(),
}).stored((features) => {
  // Without the mode there is no memory for it.
  return features.smm?.state === false ? { ...features, smm: { state: false } } : features;
});

/** Features of the machine that the guest sees; `smm.tseg` is in bytes, other sizes in KiB. */
export interface Features extends ValueOf<typeof featuresShape> {}

/** `<features>` of a domain. */
export const features: Shape<Features> = featuresShape;
