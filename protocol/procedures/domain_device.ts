/**
 * Devices of domains: attach, detach, update.
 *
 * @module
 */
import { uint } from "../xdr/mod.ts";
import { whereConfig } from "./access.ts";
import { domain, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Devices of domains: attach, detach, update. */
export const domainDeviceProcedures = {
  domainAttachDevice: procedure(8, { args: { dom: domain, xml: text }, acl: ["domain:write"] }),
  domainDetachDevice: procedure(13, { args: { dom: domain, xml: text }, acl: ["domain:write"] }),
  domainAttachDeviceFlags: procedure(160, {
    args: { dom: domain, xml: text, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainDetachDeviceFlags: procedure(161, {
    args: { dom: domain, xml: text, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainUpdateDeviceFlags: procedure(174, {
    args: { dom: domain, xml: text, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainDetachDeviceAlias: procedure(392, {
    args: { dom: domain, alias: text, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
};
