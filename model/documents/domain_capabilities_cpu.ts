/**
 * Which processors guests can have. Facts: libvirt formatdomaincaps, "CPU configuration".
 *
 * @module
 */
import { choicesFields } from "./domain_capabilities_choices.ts";
import {
  attribute,
  content,
  element,
  elements,
  enumeration,
  integer,
  sequence,
  shape,
  text,
  type ValueOf,
  yesNo,
} from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const number = integer({ max: 2 ** 32 - 1 });

const featureName = text({ pattern: /^[a-zA-Z0-9\-_.]+$/, expected: "the name of a feature" });

const hostModel = {
  model: element({
    fallback: attribute(enumeration("allow", "forbid")).optional(),
    vendorId: attribute("vendor_id", text({ pattern: /^[^,]{12}$/, expected: "12 characters, no comma" }))
      .optional(),
    name: content(text()).optional(),
  }).optional(),
  vendor: element(text()).optional(),
  maxphysaddr: element({
    mode: attribute(enumeration("emulate", "passthrough")),
    bits: attribute(number).optional(),
    limit: attribute(number).optional(),
  }).optional(),
  features: elements("feature", {
    policy: attribute(enumeration("force", "require", "optional", "disable", "forbid")),
    name: attribute(featureName),
  }),
};

const modelShape = shape({
  usable: attribute(enumeration("yes", "no", "unknown")).optional(),
  deprecated: attribute(yesNo()).optional(),
  vendor: attribute(text()).optional(),
  canonical: attribute(text()).optional(),
  name: content(text()),
});

/** A model of processors by name. */
export interface CpuModelCapability extends ValueOf<typeof modelShape> {}
const model: Shape<CpuModelCapability> = modelShape;

const blockersShape = shape({
  model: attribute(text()),
  features: elements("feature", { name: attribute(featureName) }),
});

/** Features that keep a model from being usable. */
export interface CpuModelBlockers extends ValueOf<typeof blockersShape> {}
const blockers: Shape<CpuModelBlockers> = blockersShape;

const modeShape = shape({ supported: attribute(yesNo()) }).by("name", {
  "host-passthrough": { enums: choicesFields.enums },
  maximum: { enums: choicesFields.enums },
  "host-model": hostModel,
  // What blocks a model stands behind it.
  custom: { models: sequence({ model, blockers }) },
});

/** A way of choosing a guest's processor. */
export type CpuModeCapability = ValueOf<typeof modeShape>;

const cpuShape = shape({ modes: elements("mode", modeShape) });

/** Ways of choosing a guest's processor. */
export interface DomainCapabilitiesCpu extends ValueOf<typeof cpuShape> {}

/** `<cpu>` of domain capabilities. */
export const domainCapabilitiesCpu: Shape<DomainCapabilitiesCpu> = cpuShape;
