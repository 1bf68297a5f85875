/**
 * Security labels of domains and of single resources. Facts: libvirt formatdomain, "Security label".
 *
 * @module
 */
import { attribute, element, shape, text, type ValueOf, yesNo } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const seclabelShape = shape({
  label: element(text()).optional(),
  imagelabel: element(text()).optional().transient(),
  baselabel: element(text()).optional(),
}).by("type", {
  dynamic: { model: attribute(text()).optional(), relabel: attribute(yesNo()).default(true) },
  static: { model: attribute(text()).optional(), relabel: attribute(yesNo()).default(false) },
  none: { model: attribute(text()).optional(), relabel: attribute(yesNo()).optional() },
}, {
  // Without a type the host's default is meant, which is not stored.
  otherwise: { model: attribute(text()).optional(), relabel: attribute(yesNo()).optional() },
}).check((seclabel, { refuse }) => {
  if (seclabel.type === "static" && seclabel.label === undefined) {
    refuse("", "The security label is missing", { expected: "<label> in a static <seclabel>" });
  }
  if (seclabel.type === "dynamic" && seclabel.relabel === false) {
    refuse("relabel", "A dynamic label needs relabelling", { expected: '"yes"' });
  }
  if (seclabel.type === "none" && seclabel.relabel === true) {
    refuse("relabel", "Without a label there is no relabelling", { expected: '"no"' });
  }
}).stored((seclabel) => {
  if (seclabel.type === "none") {
    const { relabel: _, ...rest } = seclabel;
    return rest;
  }
  // A dynamic label is another one each time.
  const { label: _, ...rest } = seclabel;
  return seclabel.type === "dynamic" ? { ...rest, type: "dynamic", relabel: seclabel.relabel } : seclabel;
});

/** How the domain's process and its resources are labelled. */
export type SecurityLabel = ValueOf<typeof seclabelShape>;

/** `<seclabel>` of a domain. */
export const securityLabel: Shape<SecurityLabel> = seclabelShape;

const deviceShape = shape({
  model: attribute(text()).optional(),
  labelskip: attribute(yesNo()).optional(),
  relabel: attribute(yesNo()).optional(),
  label: element(text()).optional(),
}).check((seclabel, { refuse }) => {
  if (seclabel.relabel === true && seclabel.label === undefined && seclabel.labelskip !== true) {
    refuse("relabel", "Relabelling needs a label", { expected: "<label> in <seclabel>" });
  }
}).normalise((seclabel) =>
  seclabel.label !== undefined && seclabel.relabel === undefined ? { ...seclabel, relabel: true } : seclabel
);

/** How one resource is labelled otherwise than the rest of the domain's. */
export interface DeviceSecurityLabel extends ValueOf<typeof deviceShape> {}

/** `<seclabel>` of a disk or of a character device. */
export const deviceSecurityLabel: Shape<DeviceSecurityLabel> = deviceShape;

interface Labelled {
  readonly seclabels: readonly DeviceSecurityLabel[];
}

/** Without the labels that only running domains skip. */
export function withoutSkipped<S extends Labelled>(source: S): S {
  return { ...source, seclabels: source.seclabels.filter((label) => label.labelskip !== true) };
}
