/**
 * The host: processors, memory, capabilities, security model.
 *
 * @module
 */
import { bytes, chars, fixedChars, int, list, optional, uhyper, uint } from "../xdr/mod.ts";
import { limits } from "./limits.ts";
import { namedNumber, text, typedParameters } from "./objects.ts";
import { procedure } from "./row.ts";

/** The host: processors, memory, capabilities, security model. */
export const hostProcedures = {
  connectGetMaxVcpus: procedure(5, {
    args: { type: optional(text) },
    result: { maxVcpus: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeGetInfo: procedure(6, {
    result: {
      model: fixedChars(32),
      memory: uhyper,
      cpus: int,
      mhz: int,
      nodes: int,
      sockets: int,
      cores: int,
      threads: int,
    },
    acl: ["connect:read"],
    priority: "high",
  }),
  connectGetCapabilities: procedure(7, { result: { capabilities: text }, acl: ["connect:read"] }),
  connectGetHostname: procedure(59, {
    result: { hostname: text },
    acl: ["connect:getattr"],
    priority: "high",
  }),
  nodeGetCellsFreeMemory: procedure(101, {
    args: { startCell: int, maxcells: int },
    result: { cells: list(uhyper, limits.nodeMaxCells) },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeGetFreeMemory: procedure(102, { result: { freeMem: uhyper }, acl: ["connect:read"], priority: "high" }),
  nodeGetSecurityModel: procedure(122, {
    result: { model: chars(limits.securityModel), doi: chars(limits.securityDoi) },
    acl: ["connect:read"],
    priority: "high",
  }),
  connectCompareCpu: procedure(158, {
    args: { xml: text, flags: uint },
    result: { result: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  connectBaselineCpu: procedure(162, {
    args: { xmlCPUs: list(text, limits.cpuBaseline), flags: uint },
    result: { cpu: text },
    acl: ["connect:read"],
  }),
  connectGetSysinfo: procedure(203, {
    args: { flags: uint },
    result: { sysinfo: text },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeGetCpuStats: procedure(227, {
    args: { cpuNum: int, nparams: int, flags: uint },
    result: { params: list(namedNumber, limits.nodeCpuStats), nparams: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeGetMemoryStats: procedure(228, {
    args: { nparams: int, cellNum: int, flags: uint },
    result: { params: list(namedNumber, limits.nodeMemoryStats), nparams: int },
    acl: ["connect:read"],
    priority: "high",
  }),
  nodeSuspendForDuration: procedure(250, {
    args: { target: uint, duration: uhyper, flags: uint },
    acl: ["connect:pm_control"],
  }),
  nodeSetMemoryParameters: procedure(288, {
    args: { params: typedParameters(limits.nodeMemoryParameters), flags: uint },
    acl: ["connect:write"],
  }),
  nodeGetMemoryParameters: procedure(289, {
    args: { nparams: int, flags: uint },
    result: { params: typedParameters(limits.nodeMemoryParameters), nparams: int },
    acl: ["connect:read"],
  }),
  nodeGetCpuMap: procedure(293, {
    args: { needMap: int, needOnline: int, flags: uint },
    result: { cpumap: bytes(limits.cpumap), online: uint, ret: int },
    acl: ["connect:read"],
  }),
  connectGetCpuModelNames: procedure(312, {
    args: { arch: text, needResults: int, flags: uint },
    result: { models: list(text, limits.connectCpuModels), ret: int },
    acl: ["connect:read"],
  }),
  nodeGetFreePages: procedure(340, {
    args: { pages: list(uint, limits.nodeMaxCells), startCell: int, cellCount: uint, flags: uint },
    result: { counts: list(uhyper, limits.nodeMaxCells) },
    acl: ["connect:read"],
    priority: "high",
  }),
  connectGetDomainCapabilities: procedure(342, {
    args: {
      emulatorbin: optional(text),
      arch: optional(text),
      machine: optional(text),
      virttype: optional(text),
      flags: uint,
    },
    result: { capabilities: text },
    acl: ["connect:write"],
  }),
  nodeAllocPages: procedure(347, {
    args: {
      pageSizes: list(uint, limits.nodeMaxCells),
      pageCounts: list(uhyper, limits.nodeMaxCells),
      startCell: int,
      cellCount: uint,
      flags: uint,
    },
    result: { ret: int },
    acl: ["connect:write"],
  }),
  connectCompareHypervisorCpu: procedure(393, {
    args: {
      emulator: optional(text),
      arch: optional(text),
      machine: optional(text),
      virttype: optional(text),
      xmlCPU: text,
      flags: uint,
    },
    result: { result: int },
    acl: ["connect:write"],
  }),
  connectBaselineHypervisorCpu: procedure(394, {
    args: {
      emulator: optional(text),
      arch: optional(text),
      machine: optional(text),
      virttype: optional(text),
      xmlCPUs: list(text, limits.cpuBaseline),
      flags: uint,
    },
    result: { cpu: text },
    acl: ["connect:write"],
  }),
  nodeGetSevInfo: procedure(395, {
    args: { nparams: int, flags: uint },
    result: { params: typedParameters(limits.nodeSevInfo), nparams: int },
    acl: ["connect:read"],
    readonly: false,
  }),
};
