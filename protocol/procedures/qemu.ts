/**
 * What only the QEMU driver has, in a program of its own.
 *
 * @module
 */
import { hyper, int, optional, uint } from "../xdr/mod.ts";
import { domain, text } from "./objects.ts";
import { message, procedure } from "./row.ts";

/** What only the QEMU driver has, in a program of its own. */
export const qemuProcedures = {
  qemuDomainMonitorCommand: procedure(1, {
    args: { dom: domain, cmd: text, flags: uint },
    result: { result: text },
    acl: ["domain:write"],
    program: "qemu",
  }),
  qemuDomainAttach: procedure(2, {
    args: { pidValue: uint, flags: uint },
    result: { dom: domain },
    acl: ["domain:start", "domain:write"],
    program: "qemu",
  }),
  qemuDomainAgentCommand: procedure(3, {
    args: { dom: domain, cmd: text, timeout: int, flags: uint },
    result: { result: optional(text) },
    acl: ["domain:write"],
    program: "qemu",
  }),
  qemuConnectDomainMonitorEventRegister: procedure(4, {
    args: { dom: optional(domain), event: optional(text), flags: uint },
    result: { callbackID: int },
    acl: ["connect:search_domains", "connect:write"],
    filter: "domain:getattr",
    program: "qemu",
    priority: "high",
  }),
  qemuConnectDomainMonitorEventDeregister: procedure(5, {
    args: { callbackID: int },
    acl: ["connect:write"],
    program: "qemu",
    priority: "high",
  }),
  qemuDomainMonitorEvent: message(6, {
    payload: {
      callbackID: int,
      dom: domain,
      event: text,
      seconds: hyper,
      micros: uint,
      details: optional(text),
    },
    program: "qemu",
  }),
  qemuDomainMonitorCommandWithFiles: procedure(7, {
    args: { dom: domain, cmd: text, flags: uint },
    result: { result: text },
    files: "both",
    acl: ["domain:write"],
    program: "qemu",
  }),
};
