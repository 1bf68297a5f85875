/**
 * Where a domain's memory is on the host, and the NUMA nodes that its guest sees. Facts: libvirt formatdomain, "NUMA
 * Node Tuning", "CPU model and topology".
 *
 * @module
 */
import {
  attribute,
  bytes,
  element,
  elements,
  enumeration,
  integer,
  kibibytes,
  shape,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { cpuset } from "./cpuset.ts";

const mode = enumeration("strict", "preferred", "interleave", "restrictive");
const number = integer({ max: 2 ** 32 - 1 });

const tuneShape = shape({
  memory: element({
    mode: attribute(mode).default("strict"),
    nodeset: attribute(cpuset()).optional(),
    placement: attribute(enumeration("static", "auto")).optional(),
  }).optional(),
  memnodes: elements("memnode", {
    cellid: attribute(number),
    mode: attribute(mode).default("strict"),
    nodeset: attribute(cpuset()),
  }),
}).check((tune, { refuse }) => {
  const { memory, memnodes } = tune;
  if (memory?.placement === "auto" && memory.nodeset !== undefined) {
    refuse("memory.nodeset", "Nodes are given though the host is to choose them", {
      expected: "either a nodeset or placement='auto'",
    });
  }
  if (memory?.placement === "static" && memory.nodeset === undefined) {
    refuse("memory", "A static placement needs nodes", { expected: 'the attribute "nodeset"' });
  }
  if (memory?.placement === "auto" && memnodes.length > 0) {
    refuse("memnodes.0", "Nodes are tuned one by one though the host is to choose them", {
      expected: "either <memnode> or placement='auto'",
    });
  }
  memnodes.forEach((node, index) => {
    if (memnodes.findIndex((each) => each.cellid === node.cellid) !== index) {
      refuse(`memnodes.${index}.cellid`, `Node ${node.cellid} is tuned twice`);
    }
    if ((memory?.mode === "restrictive") !== (node.mode === "restrictive")) {
      refuse(`memnodes.${index}.mode`, '"restrictive" is for all nodes or for none', {
        expected: "the mode of <memory>",
      });
    }
  });
}).normalise((tune) => {
  const { memory } = tune;
  if (memory?.nodeset === undefined) return tune;
  // A set of nodes says where: "static" goes without saying.
  const { placement: _, ...rest } = memory;
  return { ...tune, memory: rest };
});

/** On which of the host's nodes a domain's memory is. */
export interface NumaTune extends ValueOf<typeof tuneShape> {}

/** `<numatune>`. */
export const numaTune: Shape<NumaTune> = tuneShape;

const cacheSize = shape({ value: attribute(kibibytes()) });
const lineSize = shape({ value: attribute(bytes({ written: "B" })) });

/** `<distances>`, of a host's nodes and of a guest's. */
export const numaDistances = element({
  siblings: elements("sibling", {
    id: attribute(number),
    value: attribute(integer({ min: 10, max: 255 })),
  }),
});

/** `<cache>` of a node: the memory that caches its memory. */
export const numaCaches = elements("cache", {
  level: attribute(number),
  associativity: attribute(enumeration("none", "direct", "full")),
  policy: attribute(enumeration("none", "writeback", "writethrough")),
  size: element(cacheSize),
  line: element(lineSize),
});

const cellShape = shape({
  id: attribute(number).optional(),
  cpus: attribute(cpuset()).optional(),
  memory: attribute(kibibytes()),
  memAccess: attribute(enumeration("shared", "private")).optional(),
  discard: attribute(yesNo()).optional(),
  distances: numaDistances.optional(),
  caches: numaCaches,
});

/** A NUMA node of the guest; memory is in KiB. */
export interface NumaCell extends ValueOf<typeof cellShape> {}

const between = {
  initiator: attribute(number),
  target: attribute(number),
  cache: attribute(number).optional(),
  type: attribute(enumeration("access", "read", "write")),
};

/** `<interconnects>`: how fast the ways between nodes are, in nanoseconds and KiB per second. */
export const numaInterconnects = element({
  latencies: elements("latency", { ...between, value: attribute(integer()) }),
  bandwidths: elements("bandwidth", { ...between, value: attribute(kibibytes()) }),
});

const numaShape = shape({
  cells: elements("cell", cellShape),
  interconnects: numaInterconnects.optional(),
}).normalise((numa) => {
  const { cells } = numa;
  const numbered = cells.map((cell, index) => cell.id === undefined ? { ...cell, id: index } : cell);
  return { ...numa, cells: numbered.toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0)) };
}).check((numa, { refuse }) => {
  numa.cells.forEach((cell, index) => {
    if (cell.id !== undefined && cell.id !== index) {
      refuse("cells", "Nodes are not numbered from 0 without a gap or repetition", {
        expected: `one <cell id='${index}'>`,
      });
    }
    for (const sibling of cell.distances?.siblings ?? []) {
      if (sibling.id >= numa.cells.length) {
        refuse(
          `cells.${index}.distances`,
          `Node ${index} has a distance to node ${sibling.id}, which does not exist`,
        );
      }
      if ((sibling.id === index) !== (sibling.value === 10)) {
        refuse(
          `cells.${index}.distances`,
          `Node ${index} has distance ${sibling.value} to node ${sibling.id}`,
          {
            expected: "10 to itself and more to others",
          },
        );
      }
    }
  });
});

/** The NUMA nodes that the guest sees. */
export interface Numa extends ValueOf<typeof numaShape> {}

/** `<numa>` of a processor. */
export const numa: Shape<Numa> = numaShape;
