/**
 * What only one hypervisor understands, each in its own namespace. Facts: libvirt drvqemu, drvlxc, drvbhyve, drvxen,
 * drvesx.
 *
 * @module
 */
import {
  attribute,
  element,
  elements,
  enumeration,
  namespace,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const qemu = namespace("qemu", "http://libvirt.org/schemas/domain/qemu/1.0");
const lxc = namespace("lxc", "http://libvirt.org/schemas/domain/lxc/1.0");
const bhyve = namespace("bhyve", "http://libvirt.org/schemas/domain/bhyve/1.0");
const xen = namespace("xen", "http://libvirt.org/schemas/domain/xen/1.0");
const vmware = namespace("vmware", "http://libvirt.org/schemas/domain/vmware/1.0");

const name = text({ pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/, expected: "the name of an environment variable" });

const qemuCommandlineShape = shape({
  args: elements(qemu("arg"), { value: attribute(text()) }),
  envs: elements(qemu("env"), { name: attribute(name), value: attribute(text()).optional() }),
});

/** Arguments and environment that libvirt hands to QEMU unseen. */
export interface QemuCommandline extends ValueOf<typeof qemuCommandlineShape> {}
const qemuCommandline: Shape<QemuCommandline> = qemuCommandlineShape;

const qemuCapabilitiesShape = shape({
  adds: elements(qemu("add"), { capability: attribute(text()) }),
  dels: elements(qemu("del"), { capability: attribute(text()) }),
});

/** What libvirt is made to believe of QEMU. */
export interface QemuCapabilities extends ValueOf<typeof qemuCapabilitiesShape> {}
const qemuCapabilities: Shape<QemuCapabilities> = qemuCapabilitiesShape;

const property = shape({ name: attribute(text()) }).by("type", {
  string: { value: attribute(text()) },
  signed: { value: attribute(text({ pattern: /^-?\d+$/, expected: "a whole number" })) },
  unsigned: { value: attribute(text({ pattern: /^\d+$/, expected: "a whole number, not negative" })) },
  bool: { value: attribute(enumeration("true", "false")) },
  remove: { value: attribute(text()).optional() },
});

const qemuOverrideShape = shape({
  devices: elements(qemu("device"), {
    alias: attribute(text()),
    frontend: element(qemu("frontend"), { properties: elements(qemu("property"), property) }).optional(),
  }),
});

/** Properties of QEMU's devices that libvirt does not set, or sets otherwise. */
export interface QemuOverride extends ValueOf<typeof qemuOverrideShape> {}
const qemuOverride: Shape<QemuOverride> = qemuOverrideShape;

const lxcNamespaceShape = shape({
  sharenet: element(lxc("sharenet"), {
    type: attribute(enumeration("netns", "name", "pid")),
    value: attribute(text()),
  }).optional(),
  shareipc: element(lxc("shareipc"), {
    type: attribute(enumeration("name", "pid")),
    value: attribute(text()),
  }).optional(),
  shareuts: element(lxc("shareuts"), {
    type: attribute(enumeration("name", "pid")),
    value: attribute(text()),
  }).optional(),
});

/** Namespaces that a container shares with another one. */
export interface LxcNamespace extends ValueOf<typeof lxcNamespaceShape> {}
const lxcNamespace: Shape<LxcNamespace> = lxcNamespaceShape;

const bhyveCommandlineShape = shape({
  args: elements(bhyve("arg"), { value: attribute(text()) }),
  envs: elements(bhyve("env"), { name: attribute(name), value: attribute(text()).optional() }),
});

/** Arguments that libvirt hands to bhyve unseen. */
export interface BhyveCommandline extends ValueOf<typeof bhyveCommandlineShape> {}
const bhyveCommandline: Shape<BhyveCommandline> = bhyveCommandlineShape;

const xenCommandlineShape = shape({ args: elements(xen("arg"), { value: attribute(text()) }) });

/** Arguments that libvirt hands to Xen's device model unseen. */
export interface XenCommandline extends ValueOf<typeof xenCommandlineShape> {}
const xenCommandline: Shape<XenCommandline> = xenCommandlineShape;

/** What stands in a domain for single hypervisors. */
export const namespaceFields = {
  qemuCommandline: element(qemu("commandline"), qemuCommandline).optional(),
  qemuCapabilities: element(qemu("capabilities"), qemuCapabilities).optional(),
  qemuDeprecation: element(qemu("deprecation"), {
    behavior: attribute(enumeration("none", "omit", "reject", "crash")),
  }).optional(),
  qemuOverride: element(qemu("override"), qemuOverride).optional(),
  lxcNamespace: element(lxc("namespace"), lxcNamespace).optional(),
  bhyveCommandline: element(bhyve("commandline"), bhyveCommandline).optional(),
  xenCommandline: element(xen("commandline"), xenCommandline).optional(),
  vmwareDatacenterPath: element(vmware("datacenterpath"), text()).optional(),
};
