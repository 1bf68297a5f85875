/**
 * Network interfaces of the host.
 *
 * @module
 */
import { int, list, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { networkInterface, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Network interfaces of the host. */
export const interfaceProcedures = {
  connectNumOfInterfaces: procedure(126, {
    result: { num: int },
    acl: ["connect:search_interfaces"],
    filter: "interface:getattr",
    priority: "high",
  }),
  connectListInterfaces: procedure(127, {
    args: { maxnames: int },
    result: { names: list(text, limits.interfaceList) },
    acl: ["connect:search_interfaces"],
    filter: "interface:getattr",
    priority: "high",
  }),
  interfaceLookupByName: procedure(128, {
    args: { name: text },
    result: { iface: networkInterface },
    acl: ["interface:getattr"],
    priority: "high",
  }),
  interfaceLookupByMacString: procedure(129, {
    args: { mac: text },
    result: { iface: networkInterface },
    acl: ["interface:getattr"],
    priority: "high",
  }),
  interfaceGetXmlDesc: procedure(130, {
    args: { iface: networkInterface, flags: uint },
    result: { xml: text },
    acl: ["interface:read"],
  }),
  interfaceDefineXml: procedure(131, {
    args: { xml: text, flags: uint },
    result: { iface: networkInterface },
    acl: ["interface:write", "interface:save"],
    priority: "high",
  }),
  interfaceUndefine: procedure(132, {
    args: { iface: networkInterface },
    acl: ["interface:delete"],
    priority: "high",
  }),
  interfaceCreate: procedure(133, {
    args: { iface: networkInterface, flags: uint },
    acl: ["interface:start"],
  }),
  interfaceDestroy: procedure(134, {
    args: { iface: networkInterface, flags: uint },
    acl: ["interface:stop"],
    priority: "high",
  }),
  connectNumOfDefinedInterfaces: procedure(137, {
    result: { num: int },
    acl: ["connect:search_interfaces"],
    filter: "interface:getattr",
    priority: "high",
  }),
  connectListDefinedInterfaces: procedure(138, {
    args: { maxnames: int },
    result: { names: list(text, limits.interfaceList) },
    acl: ["connect:search_interfaces"],
    filter: "interface:getattr",
    priority: "high",
  }),
  interfaceIsActive: procedure(156, {
    args: { iface: networkInterface },
    result: { active: int },
    acl: ["interface:read"],
    priority: "high",
  }),
  interfaceChangeBegin: procedure(220, { args: { flags: uint }, acl: ["connect:interface_transaction"] }),
  interfaceChangeCommit: procedure(221, { args: { flags: uint }, acl: ["connect:interface_transaction"] }),
  interfaceChangeRollback: procedure(222, { args: { flags: uint }, acl: ["connect:interface_transaction"] }),
  connectListAllInterfaces: procedure(284, {
    args: { needResults: int, flags: uint },
    result: { ifaces: list(networkInterface, limits.interfaceList), ret: uint },
    acl: ["connect:search_interfaces"],
    filter: "interface:getattr",
    priority: "high",
  }),
};
