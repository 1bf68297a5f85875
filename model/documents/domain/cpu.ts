/**
 * What processor a guest sees. Facts: libvirt formatdomain, "CPU model and topology".
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
  onOff,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { numa } from "./numa.ts";

const positive = integer({ min: 1, max: 2 ** 32 - 1 });

const modelShape = shape({
  fallback: attribute(enumeration("allow", "forbid")).optional(),
  vendorId: attribute("vendor_id", text({ pattern: /^[^,]{12}$/, expected: "12 characters, no comma" }))
    .optional(),
  name: content(text()).optional(),
});

/** The model of a processor. */
export interface CpuModel extends ValueOf<typeof modelShape> {}
const cpuModel: Shape<CpuModel> = modelShape;

const cpuShape = shape({
  mode: attribute(enumeration("custom", "host-model", "host-passthrough", "maximum")).optional(),
  match: attribute(enumeration("minimum", "exact", "strict")).optional(),
  check: attribute(enumeration("none", "partial", "full")).optional(),
  migratable: attribute(onOff()).optional(),
  deprecatedFeatures: attribute("deprecated_features", onOff()).optional(),
  model: element(cpuModel).optional(),
  vendor: element(text()).optional(),
  topology: element({
    sockets: attribute(positive),
    dies: attribute(positive).default(1),
    clusters: attribute(positive).default(1),
    cores: attribute(positive),
    threads: attribute(positive),
  }).optional(),
  cache: element({
    level: attribute(integer({ min: 1, max: 3 })).optional(),
    mode: attribute(enumeration("emulate", "passthrough", "disable")),
  }).optional(),
  maxphysaddr: element({
    mode: attribute(enumeration("emulate", "passthrough")),
    bits: attribute(positive).optional(),
    limit: attribute(positive).optional(),
  }).optional(),
  features: elements("feature", {
    policy: attribute(enumeration("force", "require", "optional", "disable", "forbid")).default("require"),
    name: attribute(text({ pattern: /^.+$/, expected: "the name of a feature" })),
  }),
  numa: element(numa).optional(),
}).check((cpu, { refuse }) => {
  const seen = new Set<string>();
  cpu.features.forEach(({ name }, index) => {
    if (seen.has(name)) refuse(`features.${index}.name`, `The feature "${name}" is given twice`);
    seen.add(name);
  });
  if (cpu.vendor !== undefined && cpu.model === undefined) {
    refuse("vendor", "A vendor needs a model", { expected: "<model> beside <vendor>" });
  }
  if (cpu.migratable !== undefined && cpu.mode !== "host-passthrough" && cpu.mode !== "maximum") {
    refuse("migratable", "Only the host's own processor may be unfit to migrate", {
      expected: "mode='host-passthrough' or mode='maximum'",
    });
  }
  if ((cpu.mode ?? "custom") !== "custom" || cpu.model?.name !== undefined) return;
  if (cpu.features.length > 0) {
    refuse("features.0", "Features are given, but no model to which they belong", {
      expected: "<model>, or another mode",
    });
  }
  if (cpu.check !== undefined) {
    refuse("check", "There is no model to check", { expected: "<model>, or another mode" });
  }
}).normalise((cpu) => {
  if ((cpu.mode ?? "custom") !== "custom" || cpu.model?.name === undefined) return cpu;
  return {
    ...cpu,
    mode: "custom",
    match: cpu.match ?? "exact",
    model: { ...cpu.model, fallback: cpu.model.fallback ?? "allow" },
  };
}).stored((cpu) => {
  const { mode, match: _, model, ...rest } = cpu;
  const named = storedModel(model);
  switch (mode ?? "custom") {
    case "custom":
      return model?.name === undefined ? rest : cpu;
    case "host-model":
      return { ...rest, mode: "host-model", ...(named === undefined ? {} : { model: named }) };
    default:
      // The host's own processor has no model to match.
      return { ...rest, ...(mode === undefined ? {} : { mode }) };
  }
});

/** What is stored of a model: its name and how near to it is good enough, and whose processor it claims to be. */
function storedModel(model: CpuModel | undefined): CpuModel | undefined {
  if (model?.name !== undefined) return { ...model, fallback: model.fallback ?? "allow" };
  return model?.vendorId === undefined ? undefined : { vendorId: model.vendorId };
}

/** The processor that the guest sees. */
export interface Cpu extends ValueOf<typeof cpuShape> {}

/** `<cpu>` of a domain. */
export const cpu: Shape<Cpu> = cpuShape;
