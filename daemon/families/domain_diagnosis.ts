/**
 * Domains: looks into a guest's memory, and what the hypervisor is told beside.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { givenParameters, typedParameters } from "../dispatch/parameters.ts";
import { requireRunning } from "../dispatch/affect.ts";
import { refTo } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";

/** Source: libvirt, virDomainMemoryFlags. */
const addresses = { 1: "virtual", 2: "physical" } as const;

/** Which ways of measuring there are, by their bits. Source: libvirt, virDomainDirtyRateCalcFlags. */
const rateModes = { 1: "dirty-bitmap", 2: "dirty-ring" } as const;

/** Numbers for waiting that mean no number. Source: libvirt, virDomainAgentResponseTimeoutValues. */
const wait = { forEver: -2, asUsual: -1 } as const;

/** What exceeds what JavaScript counts exactly is no address of anything. */
function numberOf(value: bigint): number {
  return Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value);
}

function addressesOf(flags: number): "virtual" | "physical" {
  if (flags === 1 || flags === 2) return addresses[flags];
  throw new VirtError(
    "invalid-argument",
    "flags parameter must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL",
    { remoteCode: "VIR_ERR_INVALID_ARG" },
  );
}

/** How long an agent is waited for. */
function waitFor(timeout: number): { timeoutS?: number; block?: boolean } {
  if (timeout === wait.forEver) return { block: true };
  return timeout === wait.asUsual ? {} : { timeoutS: timeout };
}

/** The rows. */
export const domainDiagnosis = {
  domainMemoryPeek: answers(async ({ dom, offset, size, flags }, session) => {
    const input = { offsetBytes: numberOf(offset), sizeBytes: size, addresses: addressesOf(flags) };
    requireRunning(dom, session);
    if (size === 0) return { buffer: new Uint8Array() };
    return { buffer: (await session.run("domain.peekMemory", { target: refTo("domain", dom), input })).data };
  }, { flags: 1 | 2 }),
  domainGetLaunchSecurityInfo: calls("domain.launchSecurity", {
    result: (parameters) => ({
      params: typedParameters(parameters, {
        kindOf: (name) => typeof parameters[name] === "string" ? "string" : "uint",
      }),
    }),
  }),
  domainSetLaunchSecurityState: calls("domain.setLaunchSecurity", {
    input: ({ params }) => {
      const given = givenParameters(params);
      const address = given["sev-secret-set-address"];
      return {
        header: String(given["sev-secret-header"] ?? ""),
        secret: String(given["sev-secret"] ?? ""),
        ...(address === undefined ? {} : { address: Number(address) }),
      };
    },
  }),
  domainStartDirtyRateCalc: calls("domain.measureDirtyRate", {
    flags: 1 | 2,
    input: ({ seconds, flags }) => ({
      seconds,
      mode: flags === 1 || flags === 2 ? rateModes[flags] : "page-sampling",
    }),
  }),
  domainAgentSetResponseTimeout: answers(async ({ dom, timeout }, session) => {
    await session.run("domain.setAgentTimeout", { target: refTo("domain", dom), input: waitFor(timeout) });
    return { result: 0 };
  }),
  qemuDomainAgentCommand: calls("domain.agentCommand", {
    input: ({ cmd: command, timeout }) => ({
      command,
      // It waits as long as the hypervisor would, or as long as it is told.
      ...(timeout < 0 ? {} : { timeoutS: timeout }),
    }),
    result: ({ answer }) => ({ result: answer }),
  }),
  domainGraphicsReload: calls("domain.reloadGraphics", {
    input: ({ type }) => ({ type: type === 1 ? "vnc" : "any" }),
  }),
} satisfies Family;
