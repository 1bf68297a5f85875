/**
 * Devices of the host.
 *
 * @module
 */
import { int, list, optional, uint } from "../xdr/mod.ts";
import { whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { nodeDevice, text } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** Devices of the host. */
export const nodeDeviceProcedures = {
  nodeNumOfDevices: procedure(111, {
    args: { cap: optional(text), flags: uint },
    result: { num: int },
    acl: ["connect:search_node_devices"],
    filter: "node_device:getattr",
    priority: "high",
  }),
  nodeListDevices: procedure(112, {
    args: { cap: optional(text), maxnames: int, flags: uint },
    result: { names: list(text, limits.nodeDeviceList) },
    acl: ["connect:search_node_devices"],
    filter: "node_device:getattr",
    priority: "high",
  }),
  nodeDeviceLookupByName: procedure(113, {
    args: { name: text },
    result: { dev: nodeDevice },
    acl: ["node_device:getattr"],
    priority: "high",
  }),
  nodeDeviceGetXmlDesc: procedure(114, {
    args: { name: text, flags: uint },
    result: { xml: text },
    acl: ["node_device:read"],
  }),
  nodeDeviceGetParent: procedure(115, {
    args: { name: text },
    result: { parentName: optional(text) },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceNumOfCaps: procedure(116, {
    args: { name: text },
    result: { num: int },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceListCaps: procedure(117, {
    args: { name: text, maxnames: int },
    result: { names: list(text, limits.nodeDeviceCapsList) },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceDettach: procedure(118, { args: { name: text }, acl: ["node_device:detach"] }),
  nodeDeviceReAttach: procedure(119, { args: { name: text }, acl: ["node_device:detach"] }),
  nodeDeviceReset: procedure(120, { args: { name: text }, acl: ["node_device:detach"] }),
  nodeDeviceCreateXml: procedure(123, {
    args: { xmlDesc: text, flags: uint },
    result: { dev: nodeDevice },
    acl: ["node_device:write", "node_device:start"],
  }),
  nodeDeviceDestroy: procedure(124, { args: { name: text }, acl: ["node_device:stop"], priority: "high" }),
  connectListAllNodeDevices: procedure(285, {
    args: { needResults: int, flags: uint },
    result: { devices: list(nodeDevice, limits.nodeDeviceList), ret: uint },
    acl: ["connect:search_node_devices"],
    filter: "node_device:getattr",
    priority: "high",
  }),
  nodeDeviceLookupScsiHostByWwn: procedure(297, {
    args: { wwnn: text, wwpn: text, flags: uint },
    result: { dev: nodeDevice },
    acl: ["node_device:getattr"],
    priority: "high",
  }),
  nodeDeviceDetachFlags: procedure(301, {
    args: { name: text, driverName: optional(text), flags: uint },
    acl: ["node_device:detach"],
  }),
  connectNodeDeviceEventRegisterAny: procedure(374, {
    args: { eventID: int, dev: optional(nodeDevice) },
    result: { callbackID: int },
    acl: ["connect:search_node_devices"],
    filter: "node_device:getattr",
    priority: "high",
  }),
  connectNodeDeviceEventDeregisterAny: procedure(375, {
    args: { callbackID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeDeviceEventLifecycle: message(376, {
    payload: { callbackID: int, dev: nodeDevice, event: int, detail: int },
  }),
  nodeDeviceEventUpdate: message(377, { payload: { callbackID: int, dev: nodeDevice } }),
  nodeDeviceDefineXml: procedure(428, {
    args: { xmlDesc: text, flags: uint },
    result: { dev: nodeDevice },
    acl: ["node_device:write", "node_device:save"],
  }),
  nodeDeviceUndefine: procedure(429, {
    args: { name: text, flags: uint },
    acl: ["node_device:delete"],
    priority: "high",
  }),
  nodeDeviceCreate: procedure(430, {
    args: { name: text, flags: uint },
    acl: ["node_device:start"],
    priority: "high",
  }),
  nodeDeviceGetAutostart: procedure(433, {
    args: { name: text },
    result: { autostart: int },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceSetAutostart: procedure(434, {
    args: { name: text, autostart: int },
    acl: ["node_device:write"],
    priority: "high",
  }),
  nodeDeviceIsPersistent: procedure(435, {
    args: { name: text },
    result: { persistent: int },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceIsActive: procedure(436, {
    args: { name: text },
    result: { active: int },
    acl: ["node_device:read"],
    priority: "high",
  }),
  nodeDeviceUpdate: procedure(447, {
    args: { name: text, xmlDesc: text, flags: uint },
    acl: ["node_device:write", ...whereConfig("node_device:save")],
    priority: "high",
    since: "10.1",
  }),
};
