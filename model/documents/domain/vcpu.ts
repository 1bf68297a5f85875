/**
 * How many virtual processors a domain has. Facts: libvirt formatdomain, "CPU Allocation".
 *
 * @module
 */
import {
  attribute,
  content,
  elements,
  enumeration,
  integer,
  shape,
  type ValueOf,
  yesNo,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { cpuset } from "./cpuset.ts";

const count = integer({ min: 1, max: 65535 });

const vcpuShape = shape({
  placement: attribute(enumeration("static", "auto")).optional(),
  cpuset: attribute(cpuset()).optional(),
  current: attribute(count).optional(),
  count: content(count).default(1),
}).check((vcpu, { refuse }) => {
  if (vcpu.current !== undefined && vcpu.current > vcpu.count) {
    refuse("current", "There are more processors online than there are", {
      expected: `at most ${vcpu.count}`,
    });
  }
}).stored((vcpu) => {
  const { cpuset, current, ...rest } = vcpu;
  return {
    ...rest,
    // Where the host chooses there is nothing to pin to.
    ...(cpuset === undefined || vcpu.placement === "auto" ? {} : { cpuset }),
    ...(current === undefined || current === vcpu.count ? {} : { current }),
  };
});

/** How many virtual processors there are. */
export interface Vcpu extends ValueOf<typeof vcpuShape> {}

/** `<vcpu>`. */
export const vcpu: Shape<Vcpu> = vcpuShape;

const vcpusShape = shape({
  vcpus: elements("vcpu", {
    id: attribute(integer({ max: 65535 })),
    enabled: attribute(yesNo()).default(true),
    hotpluggable: attribute(yesNo()).optional(),
    order: attribute(integer({ max: 65535 })).optional(),
  }),
});

/** The state of each virtual processor. */
export interface Vcpus extends ValueOf<typeof vcpusShape> {}

/** `<vcpus>`. */
export const vcpus: Shape<Vcpus> = vcpusShape;
