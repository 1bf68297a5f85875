/**
 * The node device document: a device of the host and what it can do. Facts: libvirt formatnode.
 *
 * @module
 */
import {
  attribute,
  content,
  document,
  element,
  elements,
  enumeration,
  shape,
  text,
  type ValueOf,
} from "./language/mod.ts";
import type { Description } from "./language/mod.ts";
import { capability } from "./node_device_capability.ts";

const worldWideName = text({ pattern: /^(0x)?[0-9a-fA-F]{1,16}$/, expected: "hexadecimal digits" });

const parentShape = shape({
  name: content(text()).optional(),
  wwnn: attribute(worldWideName).optional(),
  wwpn: attribute(worldWideName).optional(),
  fabricWwn: attribute("fabric_wwn", worldWideName).optional(),
}).check((parent, { refuse }) => {
  if ((parent.wwnn === undefined) !== (parent.wwpn === undefined)) {
    refuse("", "A parent is found by both its world wide names or by neither", { expected: "wwnn and wwpn" });
  }
});

const nodeDeviceShape = shape({
  name: element(text({ pattern: /^[^\n]+$/, expected: "a name without line breaks" })).optional(),
  path: element(text()).optional(),
  devnodes: elements("devnode", { type: attribute(enumeration("dev", "link")), path: content(text()) }),
  parent: element(parentShape).optional(),
  driver: element({ name: element(text()) }).optional().transient(),
  capabilities: elements("capability", capability).atLeast(1),
});

/** A device of the host. */
export interface NodeDevice extends ValueOf<typeof nodeDeviceShape> {}

/** `<device>`. */
export const nodeDevice: Description<NodeDevice> = document("device", nodeDeviceShape, {
  title: "node device",
});
