/**
 * What a domain gets: memory, virtual processors, pinning, I/O threads, scheduling, interface limits.
 *
 * @module
 */
import { bytes, int, list, uhyper, uint } from "../xdr/mod.ts";
import { aclFlag, whenFlag, whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, iothreadInfo, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** What a domain gets: memory, virtual processors, pinning, I/O threads, scheduling, interface limits. */
export const domainTuningProcedures = {
  domainGetMaxMemory: procedure(17, {
    args: { dom: domain },
    result: { memory: uhyper },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainGetMaxVcpus: procedure(18, {
    args: { dom: domain },
    result: { num: int },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainPinVcpu: procedure(26, {
    args: { dom: domain, vcpu: uint, cpumap: bytes(limits.cpumap) },
    acl: ["domain:write"],
  }),
  domainSetMaxMemory: procedure(30, {
    args: { dom: domain, memory: uhyper },
    acl: ["domain:write"],
    priority: "high",
  }),
  domainSetMemory: procedure(31, { args: { dom: domain, memory: uhyper }, acl: ["domain:write"] }),
  domainSetVcpus: procedure(32, { args: { dom: domain, nvcpus: uint }, acl: ["domain:write"] }),
  domainGetSchedulerType: procedure(56, {
    args: { dom: domain },
    result: { type: text, nparams: int },
    acl: ["domain:read"],
  }),
  domainGetSchedulerParameters: procedure(57, {
    args: { dom: domain, nparams: int },
    result: { params: typedParameters(limits.domainSchedulerParameters) },
    acl: ["domain:read"],
  }),
  domainSetSchedulerParameters: procedure(58, {
    args: { dom: domain, params: typedParameters(limits.domainSchedulerParameters) },
    acl: ["domain:read"],
    readonly: false,
  }),
  domainSetMemoryParameters: procedure(197, {
    args: { dom: domain, params: typedParameters(limits.domainMemoryParameters), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetMemoryParameters: procedure(198, {
    args: { dom: domain, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainMemoryParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainSetVcpusFlags: procedure(199, {
    args: { dom: domain, nvcpus: uint, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save"), whenFlag("domain:write", aclFlag.guestVcpus)],
  }),
  domainGetVcpusFlags: procedure(200, {
    args: { dom: domain, flags: uint },
    result: { num: int },
    acl: ["domain:read", whenFlag("domain:write", aclFlag.guestVcpus)],
  }),
  domainSetMemoryFlags: procedure(204, {
    args: { dom: domain, memory: uhyper, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainSetBlkioParameters: procedure(205, {
    args: { dom: domain, params: typedParameters(limits.domainBlkioParameters), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetBlkioParameters: procedure(206, {
    args: { dom: domain, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainBlkioParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainSetSchedulerParametersFlags: procedure(219, {
    args: { dom: domain, params: typedParameters(limits.domainSchedulerParameters), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetSchedulerParametersFlags: procedure(223, {
    args: { dom: domain, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainSchedulerParameters) },
    acl: ["domain:read"],
  }),
  domainPinVcpuFlags: procedure(225, {
    args: { dom: domain, vcpu: uint, cpumap: bytes(limits.cpumap), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetVcpuPinInfo: procedure(230, {
    args: { dom: domain, ncpumaps: int, maplen: int, flags: uint },
    result: { cpumaps: bytes(limits.cpumaps), num: int },
    acl: ["domain:read"],
  }),
  domainSetNumaParameters: procedure(254, {
    args: { dom: domain, params: typedParameters(limits.domainNumaParameters), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetNumaParameters: procedure(255, {
    args: { dom: domain, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainNumaParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainSetInterfaceParameters: procedure(256, {
    args: {
      dom: domain,
      device: text,
      params: typedParameters(limits.domainInterfaceParameters),
      flags: uint,
    },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetInterfaceParameters: procedure(257, {
    args: { dom: domain, device: text, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainInterfaceParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainPinEmulator: procedure(279, {
    args: { dom: domain, cpumap: bytes(limits.cpumap), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainGetEmulatorPinInfo: procedure(280, {
    args: { dom: domain, maplen: int, flags: uint },
    result: { cpumaps: bytes(limits.cpumaps), ret: int },
    acl: ["domain:read"],
  }),
  domainGetIothreadInfo: procedure(351, {
    args: { dom: domain, flags: uint },
    result: { info: list(iothreadInfo, limits.iothreadInfo), ret: uint },
    acl: ["domain:read"],
  }),
  domainPinIothread: procedure(352, {
    args: { dom: domain, iothreadsId: uint, cpumap: bytes(limits.cpumap), flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainAddIothread: procedure(355, {
    args: { dom: domain, iothreadId: uint, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainDelIothread: procedure(356, {
    args: { dom: domain, iothreadId: uint, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainSetVcpu: procedure(384, {
    args: { dom: domain, cpumap: text, state: int, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  domainSetIothreadParams: procedure(402, {
    args: {
      dom: domain,
      iothreadId: uint,
      params: typedParameters(limits.domainIothreadParams),
      flags: uint,
    },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
};
