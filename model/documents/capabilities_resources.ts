/**
 * What a host has: NUMA nodes, caches that can be allocated, memory bandwidth. Facts: libvirt formatcaps, "Host
 * capabilities".
 *
 * @module
 */
import { cpuset } from "./domain/cpuset.ts";
import { numaCaches, numaDistances, numaInterconnects } from "./domain/numa.ts";
import {
  attribute,
  bytesInLargestUnit,
  content,
  element,
  elements,
  enumeration,
  integer,
  kibibytes,
  shape,
  text,
  type ValueOf,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });
/** Firmware that does not know where a processor is says -1. */
const place = integer({ min: -1, max: 2 ** 31 - 1 });

const known = cpuset();

/** Processors of a host. A processor that is switched off has no siblings, not even itself. */
const processors = { ...known, read: (found: string) => found.trim() === "" ? "" : known.read(found) };

const cellShape = shape({
  id: attribute(number),
  memory: element(kibibytes()).optional(),
  pages: elements("pages", { size: attribute(kibibytes()), count: content(integer()) }),
  distances: numaDistances.optional(),
  caches: numaCaches,
  cpus: element({
    num: attribute(number),
    cpus: elements("cpu", {
      id: attribute(number),
      socketId: attribute("socket_id", place).optional(),
      dieId: attribute("die_id", place).optional(),
      clusterId: attribute("cluster_id", place).optional(),
      coreId: attribute("core_id", place).optional(),
      siblings: attribute(processors).optional(),
    }),
  }).optional(),
});

/** A NUMA node of a host: memory in KiB, free pages by size in KiB, processors. */
export interface HostNumaCell extends ValueOf<typeof cellShape> {}
const cell: Shape<HostNumaCell> = cellShape;

const topologyShape = shape({
  cells: element({ num: attribute(number), cells: elements("cell", cell) }),
  interconnects: numaInterconnects.optional(),
});

/** The NUMA nodes of a host. */
export interface HostTopology extends ValueOf<typeof topologyShape> {}

/** `<topology>` of a host. */
export const hostTopology: Shape<HostTopology> = topologyShape;

const cacheType = attribute(enumeration("both", "code", "data"));

const monitor = element({
  level: attribute(number).optional(),
  reuseThreshold: attribute(number).optional(),
  maxMonitors: attribute(number),
  features: elements("feature", {
    name: attribute(
      text({ pattern: /^(llc_|mbm_)[a-zA-Z0-9\-_]+$/, expected: 'a name such as "llc_occupancy"' }),
    ),
  }).atLeast(1),
}).optional();

const cacheShape = shape({
  banks: elements("bank", {
    id: attribute(number),
    level: attribute(number),
    type: cacheType,
    size: attribute(bytesInLargestUnit({ assumed: "bytes" })),
    cpus: attribute(processors),
    controls: elements("control", {
      // Both are in the same unit, which is written once.
      granularity: attribute(number),
      min: attribute(number).optional(),
      unit: attribute(
        text({ pattern: /^([bB](ytes?)?|[kKmMgGtTpPeE](i?[bB])?)$/, expected: "a unit of size" }),
      ),
      type: cacheType,
      maxAllocs: attribute(number),
    }),
  }),
  monitor,
});

/** Caches that a host can divide among domains. */
export interface HostCache extends ValueOf<typeof cacheShape> {}

/** `<cache>` of a host. */
export const hostCache: Shape<HostCache> = cacheShape;

const bandwidthShape = shape({
  nodes: elements("node", {
    id: attribute(number),
    cpus: attribute(processors),
    controls: elements("control", {
      granularity: attribute(number),
      min: attribute(number).optional(),
      maxAllocs: attribute(number),
    }),
  }),
  monitor,
});

/** Memory bandwidth, in percent, that a host can divide among domains. */
export interface HostMemoryBandwidth extends ValueOf<typeof bandwidthShape> {}

/** `<memory_bandwidth>` of a host. */
export const hostMemoryBandwidth: Shape<HostMemoryBandwidth> = bandwidthShape;
