/**
 * The document that binds a network filter to an interface of a domain. Facts: libvirt formatnwfilterbinding.
 *
 * @module
 */
import { attribute, document, element, mac, shape, text, uuid, type ValueOf } from "./language/mod.ts";
import type { Description } from "./language/mod.ts";
import { networkFilterReference } from "./network_filter_reference.ts";

const deviceName = text({ pattern: /./, expected: "the name of a network device" });

const bindingShape = shape({
  owner: element({ name: element(text()), uuid: element(uuid()) }),
  portDevice: element("portdev", { name: attribute(deviceName) }),
  linkDevice: element("linkdev", { name: attribute(deviceName) }).optional(),
  mac: element({ address: attribute(mac()) }),
  filterref: element(networkFilterReference),
});

/** A network filter at work on an interface of a domain. */
export interface NetworkFilterBinding extends ValueOf<typeof bindingShape> {}

/** `<filterbinding>`. */
export const networkFilterBinding: Description<NetworkFilterBinding> = document(
  "filterbinding",
  bindingShape,
  {
    title: "network filter binding",
  },
);
