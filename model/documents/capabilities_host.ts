/**
 * The host in its capabilities. Facts: libvirt formatcaps, "Host capabilities".
 *
 * @module
 */
import { hostCache, hostMemoryBandwidth, hostTopology } from "./capabilities_resources.ts";
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  flag,
  integer,
  kibibytes,
  shape,
  text,
  uuid,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });
const positive = integer({ min: 1, max: 2 ** 32 - 1 });

/** Text that means something where it is empty too. */
const plain = { ...text(), emptyIsAbsent: false };

const cpuShape = shape({
  arch: element(text()).optional(),
  features: element({
    pae: element(flag()).optional(),
    nonpae: element(flag()).optional(),
    vmx: element(flag()).optional(),
    svm: element(flag()).optional(),
  }).optional(),
  model: element(text()).optional(),
  vendor: element(text()).optional(),
  microcode: element({ version: attribute(positive) }).optional(),
  signature: element({ family: attribute(number), model: attribute(number), stepping: attribute(number) })
    .optional(),
  counter: element({
    name: attribute(text()),
    frequency: attribute(integer({ min: 1 })),
    scaling: attribute(yesNo()).optional(),
  }).optional(),
  topology: element({
    sockets: attribute(positive),
    dies: attribute(positive).optional(),
    clusters: attribute(positive).optional(),
    cores: attribute(positive),
    threads: attribute(positive),
  }).optional(),
  maxphysaddr: element({
    mode: attribute(enumeration("emulate", "passthrough")),
    bits: attribute(number).optional(),
    limit: attribute(number).optional(),
  }).optional(),
  featureNames: elements("feature", {
    name: attribute(text({ pattern: /^[a-zA-Z0-9\-_.]+$/, expected: "the name of a feature" })),
  }),
  pages: elements("pages", { size: attribute(kibibytes()) }),
});

/** The processor of a host; sizes of pages are in KiB. */
export interface HostCpu extends ValueOf<typeof cpuShape> {}
const cpu: Shape<HostCpu> = cpuShape;

const hostShape = shape({
  uuid: element(uuid()).optional(),
  cpu: element(cpu),
  // Where nothing is in it, the host cannot sleep; where it is missing, that is not known.
  powerManagement: element("power_management", {
    suspendMem: element("suspend_mem", flag()).optional(),
    suspendDisk: element("suspend_disk", flag()).optional(),
    suspendHybrid: element("suspend_hybrid", flag()).optional(),
  }).optional(),
  iommu: element({ support: attribute(yesNo()).optional() }).optional(),
  migrationFeatures: element("migration_features", {
    live: element(flag()).optional(),
    uriTransports: element("uri_transports", { transports: elements("uri_transport", text()).atLeast(1) })
      .optional(),
  }).optional(),
  netprefix: element(text()).optional(),
  topology: element(hostTopology).optional(),
  cache: element(hostCache).optional(),
  memoryBandwidth: element("memory_bandwidth", hostMemoryBandwidth).optional(),
  secmodels: elements("secmodel", {
    model: element(plain),
    doi: element(plain),
    baselabels: elements("baselabel", { type: attribute(text()), label: content(plain) }),
  }),
});

/** What a host is and can do. */
export interface HostCapabilities extends ValueOf<typeof hostShape> {}

/** `<host>` of the capabilities. */
export const hostCapabilities: Shape<HostCapabilities> = hostShape;
