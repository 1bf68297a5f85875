/**
 * Domains from start to end: create, suspend, resume, shut down, reset, destroy.
 *
 * @module
 */
import { uhyper, uint } from "../xdr/mod.ts";
import { aclFlag, whenFlag } from "./access.ts";
import { domain, text } from "./objects.ts";
import { procedure } from "./row.ts";

/** Domains from start to end: create, suspend, resume, shut down, reset, destroy. */
export const domainLifecycleProcedures = {
  domainCreate: procedure(9, { args: { dom: domain }, acl: ["domain:start"] }),
  domainCreateXml: procedure(10, {
    args: { xmlDesc: text, flags: uint },
    result: { dom: domain },
    acl: ["domain:write", "domain:start"],
  }),
  domainDestroy: procedure(12, { args: { dom: domain }, acl: ["domain:stop"], priority: "high" }),
  domainReboot: procedure(27, {
    args: { dom: domain, flags: uint },
    acl: ["domain:init_control", whenFlag("domain:write", aclFlag.guestAgent)],
  }),
  domainResume: procedure(28, { args: { dom: domain }, acl: ["domain:suspend"] }),
  domainShutdown: procedure(33, { args: { dom: domain }, acl: ["domain:init_control"] }),
  domainSuspend: procedure(34, { args: { dom: domain }, acl: ["domain:suspend"] }),
  domainCreateWithFlags: procedure(196, {
    args: { dom: domain, flags: uint },
    result: { dom: domain },
    acl: ["domain:start"],
  }),
  domainDestroyFlags: procedure(234, {
    args: { dom: domain, flags: uint },
    acl: ["domain:stop"],
    priority: "high",
  }),
  domainReset: procedure(245, { args: { dom: domain, flags: uint }, acl: ["domain:reset"] }),
  domainShutdownFlags: procedure(258, {
    args: { dom: domain, flags: uint },
    acl: ["domain:init_control", whenFlag("domain:write", aclFlag.guestAgent)],
  }),
  domainPmSuspendForDuration: procedure(261, {
    args: { dom: domain, target: uint, duration: uhyper, flags: uint },
    acl: ["domain:pm_control"],
  }),
  domainPmWakeup: procedure(267, { args: { dom: domain, flags: uint }, acl: ["domain:pm_control"] }),
  domainCreateXmlWithFiles: procedure(309, {
    args: { xmlDesc: text, flags: uint },
    result: { dom: domain },
    files: "sent",
    acl: ["domain:write", "domain:start"],
  }),
  domainCreateWithFiles: procedure(310, {
    args: { dom: domain, flags: uint },
    result: { dom: domain },
    files: "sent",
    acl: ["domain:start"],
  }),
  domainSetLifecycleAction: procedure(390, {
    args: { dom: domain, type: uint, action: uint, flags: uint },
    acl: ["domain:write"],
  }),
};
