/**
 * Vital product data: what a PCI device says of itself. Facts: libvirt formatnode, "vpd".
 *
 * @module
 */
import { attribute, content, element, elements, shape, text } from "./language/mod.ts";

const indexed = {
  index: attribute(text({ pattern: /^[0-9A-Z]$/, expected: "one digit or capital letter" })),
  value: content(text()),
};

/** The fields of `<capability type='vpd'>`. */
export const vitalProductData = {
  name: element(text()),
  fields: elements(
    "fields",
    shape({}).by("access", {
      readonly: {
        changeLevel: element("change_level", text()).optional(),
        manufactureId: element("manufacture_id", text()).optional(),
        partNumber: element("part_number", text()).optional(),
        serialNumber: element("serial_number", text()).optional(),
        vendorFields: elements("vendor_field", indexed),
      },
      readwrite: {
        assetTag: element("asset_tag", text()).optional(),
        vendorFields: elements("vendor_field", indexed),
        systemFields: elements("system_field", indexed),
      },
    }),
  ),
};
