/**
 * What a domain uses: processors, memory, disks, interfaces, performance counters; in bulk too.
 *
 * @module
 */
import { bytes, hyper, int, list, uint } from "../xdr/mod.ts";
import { whereConfig } from "./access.ts";
import { limits } from "./limits.ts";
import { domain, memoryStatistic, statisticsRecord, text, typedParameters, vcpuInfo } from "./objects.ts";
import { procedure } from "./row.ts";

/** What a domain uses: processors, memory, disks, interfaces, performance counters; in bulk too. */
export const domainStatisticsProcedures = {
  domainGetVcpus: procedure(20, {
    args: { dom: domain, maxinfo: int, maplen: int },
    result: { info: list(vcpuInfo, limits.vcpuinfo), cpumaps: bytes(limits.cpumaps) },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainBlockStats: procedure(64, {
    args: { dom: domain, path: text },
    result: { rdReq: hyper, rdBytes: hyper, wrReq: hyper, wrBytes: hyper, errs: hyper },
    acl: ["domain:read"],
  }),
  domainInterfaceStats: procedure(65, {
    args: { dom: domain, device: text },
    result: {
      rxBytes: hyper,
      rxPackets: hyper,
      rxErrs: hyper,
      rxDrop: hyper,
      txBytes: hyper,
      txPackets: hyper,
      txErrs: hyper,
      txDrop: hyper,
    },
    acl: ["domain:read"],
    priority: "high",
  }),
  domainMemoryStats: procedure(159, {
    args: { dom: domain, maxStats: uint, flags: uint },
    result: { stats: list(memoryStatistic, limits.domainMemoryStats) },
    acl: ["domain:read"],
  }),
  domainBlockStatsFlags: procedure(243, {
    args: { dom: domain, path: text, nparams: int, flags: uint },
    result: { params: typedParameters(limits.domainBlockStatsParameters), nparams: int },
    acl: ["domain:read"],
  }),
  domainGetCpuStats: procedure(262, {
    args: { dom: domain, nparams: uint, startCpu: int, ncpus: uint, flags: uint },
    result: { params: typedParameters(limits.domainGetCpuStats), nparams: int },
    acl: ["domain:read"],
  }),
  domainSetMemoryStatsPeriod: procedure(308, {
    args: { dom: domain, period: int, flags: uint },
    acl: ["domain:write", ...whereConfig("domain:save")],
  }),
  connectGetAllDomainStats: procedure(344, {
    args: { doms: list(domain, limits.domainList), stats: uint, flags: uint },
    result: { retStats: list(statisticsRecord, limits.domainList) },
    acl: ["connect:search_domains"],
    filter: "domain:read",
  }),
  domainGetPerfEvents: procedure(365, {
    args: { dom: domain, flags: uint },
    result: { params: typedParameters(limits.domainPerfEvents) },
    acl: ["domain:read"],
  }),
  domainSetPerfEvents: procedure(366, {
    args: { dom: domain, params: typedParameters(limits.domainPerfEvents), flags: uint },
    acl: ["domain:write"],
  }),
};
