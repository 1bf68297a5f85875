/**
 * How a filter is referred to. Facts: libvirt formatnwfilter, "Usage of variables in filters".
 *
 * @module
 */
import { attribute, elements, shape, text, type ValueOf } from "./language/mod.ts";
import type { Shape } from "./language/mod.ts";

const referenceShape = shape({
  filter: attribute(text({ pattern: /^[\p{L}_][\p{L}\p{N}_.-]*$/u, expected: "the name of a filter" })),
  parameters: elements("parameter", {
    name: attribute(text({ pattern: /^[a-zA-Z0-9_]+$/, expected: "the name of a variable" })),
    value: attribute(text({ pattern: /^[a-zA-Z0-9_.:]+$/, expected: 'letters, digits, "_", "." and ":"' })),
  }),
}).normalise((reference) => ({
  ...reference,
  // The values of one variable are a list, and keep their order.
  parameters: reference.parameters.toSorted((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
}));

/** A filter that is used, with values for its variables. */
export interface NetworkFilterReference extends ValueOf<typeof referenceShape> {}

/** `<filterref>` of a filter or of a binding. */
export const networkFilterReference: Shape<NetworkFilterReference> = referenceShape;
