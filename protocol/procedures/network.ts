/**
 * Virtual networks, their leases and their ports.
 *
 * @module
 */
import { int, list, optional, uint, uuid } from "../xdr/mod.ts";
import { whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { dhcpLease, network, networkPort, text, typedParameters } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** Virtual networks, their leases and their ports. */
export const networkProcedures = {
  connectListDefinedNetworks: procedure(36, {
    args: { maxnames: int },
    result: { names: list(text, limits.networkList) },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  connectListNetworks: procedure(38, {
    args: { maxnames: int },
    result: { names: list(text, limits.networkList) },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  networkCreate: procedure(39, { args: { net: network }, acl: ["network:start"] }),
  networkCreateXml: procedure(40, {
    args: { xml: text },
    result: { net: network },
    acl: ["network:write", "network:start"],
  }),
  networkDefineXml: procedure(41, {
    args: { xml: text },
    result: { net: network },
    acl: ["network:write", "network:save"],
    priority: "high",
  }),
  networkDestroy: procedure(42, { args: { net: network }, acl: ["network:stop"], priority: "high" }),
  networkGetXmlDesc: procedure(43, {
    args: { net: network, flags: uint },
    result: { xml: text },
    acl: ["network:read"],
    priority: "high",
  }),
  networkGetAutostart: procedure(44, {
    args: { net: network },
    result: { autostart: int },
    acl: ["network:read"],
    priority: "high",
  }),
  networkGetBridgeName: procedure(45, {
    args: { net: network },
    result: { name: text },
    acl: ["network:read"],
    priority: "high",
  }),
  networkLookupByName: procedure(46, {
    args: { name: text },
    result: { net: network },
    acl: ["network:getattr"],
    priority: "high",
  }),
  networkLookupByUuid: procedure(47, {
    args: { uuid },
    result: { net: network },
    acl: ["network:getattr"],
    priority: "high",
  }),
  networkSetAutostart: procedure(48, {
    args: { net: network, autostart: int },
    acl: ["network:write"],
    priority: "high",
  }),
  networkUndefine: procedure(49, { args: { net: network }, acl: ["network:delete"], priority: "high" }),
  connectNumOfDefinedNetworks: procedure(50, {
    result: { num: int },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  connectNumOfNetworks: procedure(52, {
    result: { num: int },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  networkIsActive: procedure(152, {
    args: { net: network },
    result: { active: int },
    acl: ["network:read"],
    priority: "high",
  }),
  networkIsPersistent: procedure(153, {
    args: { net: network },
    result: { persistent: int },
    acl: ["network:read"],
    priority: "high",
  }),
  connectListAllNetworks: procedure(283, {
    args: { needResults: int, flags: uint },
    result: { nets: list(network, limits.networkList), ret: uint },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  networkUpdate: procedure(291, {
    args: { net: network, command: uint, section: uint, parentIndex: int, xml: text, flags: uint },
    acl: ["network:write", ...whereConfig("network:save")],
    priority: "high",
  }),
  connectNetworkEventRegisterAny: procedure(313, {
    args: { eventID: int, net: optional(network) },
    result: { callbackID: int },
    acl: ["connect:search_networks"],
    filter: "network:getattr",
    priority: "high",
  }),
  connectNetworkEventDeregisterAny: procedure(314, {
    args: { callbackID: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  networkEventLifecycle: message(315, {
    payload: { callbackID: int, net: network, event: int, detail: int },
  }),
  networkGetDhcpLeases: procedure(341, {
    args: { net: network, mac: optional(text), needResults: int, flags: uint },
    result: { leases: list(dhcpLease, limits.networkDhcpLeases), ret: uint },
    acl: ["network:read"],
  }),
  networkListAllPorts: procedure(404, {
    args: { network, needResults: int, flags: uint },
    result: { ports: list(networkPort, limits.networkPortList), ret: uint },
    acl: ["network:search_ports"],
    filter: "network_port:getattr",
    priority: "high",
  }),
  networkPortLookupByUuid: procedure(405, {
    args: { network, uuid },
    result: { port: networkPort },
    acl: ["network_port:getattr"],
    priority: "high",
  }),
  networkPortCreateXml: procedure(406, {
    args: { network, xml: text, flags: uint },
    result: { port: networkPort },
    acl: ["network_port:create"],
  }),
  networkPortGetParameters: procedure(407, {
    args: { port: networkPort, nparams: int, flags: uint },
    result: { params: typedParameters(limits.networkPortParameters), nparams: int },
    acl: ["network_port:read"],
  }),
  networkPortSetParameters: procedure(408, {
    args: { port: networkPort, params: typedParameters(limits.networkPortParameters), flags: uint },
    acl: ["network_port:write"],
  }),
  networkPortGetXmlDesc: procedure(409, {
    args: { port: networkPort, flags: uint },
    result: { xml: text },
    acl: ["network_port:read"],
  }),
  networkPortDelete: procedure(410, {
    args: { port: networkPort, flags: uint },
    acl: ["network_port:delete"],
  }),
  networkDefineXmlFlags: procedure(432, {
    args: { xml: text, flags: uint },
    result: { net: network },
    acl: ["network:write", "network:save"],
    priority: "high",
  }),
  networkCreateXmlFlags: procedure(437, {
    args: { xml: text, flags: uint },
    result: { net: network },
    acl: ["network:write", "network:start"],
    priority: "high",
  }),
  networkSetMetadata: procedure(444, {
    args: {
      network,
      type: int,
      metadata: optional(text),
      key: optional(text),
      uri: optional(text),
      flags: uint,
    },
    acl: ["network:write", ...whereConfig("network:save")],
    since: "9.7",
  }),
  networkGetMetadata: procedure(445, {
    args: { network, type: int, uri: optional(text), flags: uint },
    result: { metadata: text },
    acl: ["network:read"],
    since: "9.7",
  }),
  networkEventCallbackMetadataChange: message(446, {
    payload: { callbackID: int, net: network, type: int, nsuri: optional(text) },
    since: "9.8",
  }),
};
