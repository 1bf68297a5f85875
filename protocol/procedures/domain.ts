/**
 * Domains: lists, look-ups, definitions, state, metadata.
 *
 * @module
 */
import { int, list, optional, uhyper, uint, uuid } from "../xdr/mod.ts";
import { aclFlag, whenFlag, whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Domains: lists, look-ups, definitions, state, metadata. */
export const domainProcedures = {
  domainDefineXml: procedure(11, {
    args: { xml: text },
    result: { dom: domain },
    acl: ["domain:write", "domain:save"],
    priority: "high",
  }),
  domainGetXmlDesc: procedure(14, {
    args: { dom: domain, flags: uint },
    result: { xml: text },
    acl: [
      "domain:read",
      whenFlag("domain:read_secure", aclFlag.secureXml),
      whenFlag("domain:read_secure", aclFlag.migratableXml),
    ],
  }),
  domainGetAutostart: procedure(15, {
    args: { dom: domain },
    result: { autostart: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetInfo: procedure(16, {
    args: { dom: domain },
    result: { state: uint, maxMem: uhyper, memory: uhyper, nrVirtCpu: uint, cpuTime: uhyper },
    acl: ["domain:read"],
  }),
  domainGetOsType: procedure(19, {
    args: { dom: domain },
    result: { type: text },
    acl: ["domain:read"],
    priority: "high",
  }),
  connectListDefinedDomains: procedure(21, {
    args: { maxnames: int },
    result: { names: list(text, limits.domainList) },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  domainLookupById: procedure(22, {
    args: { id: int },
    result: { dom: domain },
    acl: ["domain:getattr"],
    priority: "high",
  }),
  domainLookupByName: procedure(23, {
    args: { name: text },
    result: { dom: domain },
    acl: ["domain:getattr"],
    priority: "high",
  }),
  domainLookupByUuid: procedure(24, {
    args: { uuid },
    result: { dom: domain },
    acl: ["domain:getattr"],
    priority: "high",
  }),
  connectNumOfDefinedDomains: procedure(25, {
    result: { num: int },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  domainSetAutostart: procedure(29, {
    args: { dom: domain, autostart: int },
    acl: ["domain:write"],
    priority: "high",
  }),
  domainUndefine: procedure(35, { args: { dom: domain }, acl: ["domain:delete"], priority: "high" }),
  connectListDomains: procedure(37, {
    args: { maxids: int },
    result: { ids: list(int, limits.domainList) },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  connectNumOfDomains: procedure(51, {
    result: { num: int },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  connectDomainXmlFromNative: procedure(135, {
    args: { nativeFormat: text, nativeConfig: text, flags: uint },
    result: { domainXml: text },
    acl: ["connect:write"],
  }),
  connectDomainXmlToNative: procedure(136, {
    args: { nativeFormat: text, domainXml: text, flags: uint },
    result: { nativeConfig: text },
    acl: ["connect:write"],
  }),
  domainIsActive: procedure(150, {
    args: { dom: domain },
    result: { active: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainIsPersistent: procedure(151, {
    args: { dom: domain },
    result: { persistent: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainIsUpdated: procedure(202, {
    args: { dom: domain },
    result: { updated: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetState: procedure(212, {
    args: { dom: domain, flags: uint },
    result: { state: int, reason: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainUndefineFlags: procedure(231, {
    args: { dom: domain, flags: uint },
    acl: ["domain:delete"],
    priority: "high",
  }),
  domainSetMetadata: procedure(264, {
    args: {
      dom: domain,
      type: int,
      metadata: optional(text),
      key: optional(text),
      uri: optional(text),
      flags: uint,
    },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetMetadata: procedure(265, {
    args: { dom: domain, type: int, uri: optional(text), flags: uint },
    result: { metadata: text },
    acl: ["domain:read"],
  }),
  connectListAllDomains: procedure(273, {
    args: { needResults: int, flags: uint },
    result: { domains: list(domain, limits.domainList), ret: uint },
    acl: ["connect:search_domains"],
    filter: "domain:getattr",
    priority: "high",
  }),
  domainDefineXmlFlags: procedure(350, {
    args: { xml: text, flags: uint },
    result: { dom: domain },
    acl: ["domain:write", "domain:save"],
    priority: "high",
  }),
  domainRename: procedure(358, {
    args: { dom: domain, newName: optional(text), flags: uint },
    result: { retcode: int },
    acl: ["domain:write", "domain:save"],
  }),
  domainGetMessages: procedure(426, {
    args: { dom: domain, flags: uint },
    result: { msgs: list(text, limits.domainMessages) },
    acl: ["domain:read"],
  }),
  domainFdAssociate: procedure(443, {
    args: { dom: domain, name: text, flags: uint },
    files: "sent",
    acl: ["domain:write"],
  }),
  domainGetAutostartOnce: procedure(449, {
    args: { dom: domain },
    result: { autostart: int },
    acl: ["domain:read"],
    priority: "high",
    since: "11.2",
  }),
  domainSetAutostartOnce: procedure(450, {
    args: { dom: domain, autostart: int },
    acl: ["domain:write"],
    priority: "high",
    since: "11.2",
  }),
};
