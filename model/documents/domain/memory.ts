/**
 * How much memory a domain has, what backs it, and its limits. Facts: libvirt formatdomain, "Memory Allocation",
 * "Memory Backing", "Memory Tuning".
 *
 * @module
 */
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  flag,
  integer,
  kibibytes,
  onOff,
  shape,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { cpuset } from "./cpuset.ts";

const memoryShape = shape({
  kibibytes: content(kibibytes()),
  dumpCore: attribute(onOff()).optional(),
});

/** The memory of a domain. */
export interface Memory extends ValueOf<typeof memoryShape> {}

/** `<memory>`. */
export const memory: Shape<Memory> = memoryShape;

const maxMemoryShape = shape({
  kibibytes: content(kibibytes()),
  slots: attribute(integer({ max: 2 ** 32 - 1 })).omitting(0),
});

/** Up to where memory may be plugged in, and in how many pieces. */
export interface MaxMemory extends ValueOf<typeof maxMemoryShape> {}

/** `<maxMemory>`. */
export const maxMemory: Shape<MaxMemory> = maxMemoryShape;

const hugepagesShape = shape({
  pages: elements("page", {
    size: attribute(kibibytes()),
    nodeset: attribute(cpuset()).optional(),
  }),
});

const backingShape = shape({
  hugepages: element(hugepagesShape).optional(),
  nosharepages: element(flag()).optional(),
  locked: element(flag()).optional(),
  source: element({ type: attribute(enumeration("file", "anonymous", "memfd")) }).optional(),
  access: element({ mode: attribute(enumeration("shared", "private")) }).optional(),
  allocation: element({
    mode: attribute(enumeration("immediate", "ondemand")).optional(),
    threads: attribute(integer({ max: 2 ** 32 - 1 })).omitting(0),
  }).optional(),
  discard: element(flag()).optional(),
});

/** What a domain's memory is made of on the host. */
export interface MemoryBacking extends ValueOf<typeof backingShape> {}

/** `<memoryBacking>`. */
export const memoryBacking: Shape<MemoryBacking> = backingShape;

/** libvirt's way to say that there is no limit: 2^53 - 1 KiB. */
const unlimited = Number.MAX_SAFE_INTEGER;

const tuneShape = shape({
  hardLimit: element("hard_limit", kibibytes()).omitting(unlimited),
  softLimit: element("soft_limit", kibibytes()).omitting(unlimited),
  minGuarantee: element("min_guarantee", kibibytes()).omitting(unlimited),
  swapHardLimit: element("swap_hard_limit", kibibytes()).omitting(unlimited),
});

/** Limits of memory, in KiB. */
export interface MemoryTune extends ValueOf<typeof tuneShape> {}

/** `<memtune>`. */
export const memoryTune: Shape<MemoryTune> = tuneShape;
