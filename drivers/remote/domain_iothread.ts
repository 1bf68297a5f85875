/**
 * Domains: I/O threads.
 *
 * @module
 */
import { toTypedParameters } from "../../protocol/typed_parameters.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import type { Out } from "../operation_types.ts";
import { fromCpuMap } from "./cpu_map.ts";
import { affectConfig, affectFlags, affectLive, askedFlags, isSoIn } from "./domain_affect.ts";
import { isPinned, maskOf } from "./domain_resource.ts";
import type { Line } from "./line.ts";
import type { RemoteObject } from "./object.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { type Parameters, plainParameters } from "./parameters.ts";
import { wireDomain } from "./wire.ts";

/** How an I/O thread polls: our names, the far side's, and those under which statistics show it. */
interface Polling {
  readonly field: "pollMaxNs" | "pollGrow" | "pollShrink";
  readonly parameter: string;
  readonly statistic: string;
}

/** Source: libvirt, VIR_DOMAIN_IOTHREAD_POLL_*, VIR_DOMAIN_STATS_IOTHREAD_*. */
const polling: readonly Polling[] = [
  { field: "pollMaxNs", parameter: "poll_max_ns", statistic: "poll-max-ns" },
  { field: "pollGrow", parameter: "poll_grow", statistic: "poll-grow" },
  { field: "pollShrink", parameter: "poll_shrink", statistic: "poll-shrink" },
];
/** The kinds of these parameters, which nothing asks the far side for. */
const pollingKinds = { poll_max_ns: "ullong", poll_grow: "uint", poll_shrink: "uint" } as const;

/** The group of statistics about I/O threads. Source: libvirt, VIR_DOMAIN_STATS_IOTHREAD. */
const iothreadStats = 1 << 7;

/** What statistics tell of a running domain's I/O threads; nothing where the far side keeps none. */
async function pollingNow(line: Line, domain: RemoteObject): Promise<Parameters> {
  const answer = await line.maybe("connectGetAllDomainStats", {
    doms: [wireDomain(domain)],
    stats: iothreadStats,
    flags: 0,
  });
  return plainParameters(answer?.retStats[0]?.params ?? []);
}

async function iothreads(
  line: Line,
  { object, input }: Pick<Subject<"domain.iothreads">, "object" | "input">,
): Promise<Out<"domain.iothreads">> {
  const running = object.live !== undefined && !input.config;
  const [{ info }, stats] = await Promise.all([
    line.call("domainGetIothreadInfo", { dom: wireDomain(object), flags: askedFlags(input) }),
    running ? pollingNow(line, object) : {} as Parameters,
  ]);
  return info.map(({ iothreadId, cpumap }) => ({
    iothread: iothreadId,
    cpus: fromCpuMap(cpumap),
    ...Object.fromEntries(polling.flatMap(({ field, statistic }) => {
      const value = stats[`iothread.${iothreadId}.${statistic}`];
      return typeof value === "number" ? [[field, value]] : [];
    })),
  }));
}

/** Adds or removes an I/O thread. */
function changing(
  operation: "domain.addIothread" | "domain.removeIothread",
): Implementation<typeof operation> {
  const adds = operation === "domain.addIothread";
  return does<typeof operation>({
    doing: adds ? "add an I/O thread to" : "remove an I/O thread from",
    act: (line, { object, input }) =>
      done(line.call(adds ? "domainAddIothread" : "domainDelIothread", {
        dom: wireDomain(object),
        iothreadId: input.iothread,
        flags: affectFlags(input),
      })),
    isSo: (line, { object, input: { iothread, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        const { info } = await line.call("domainGetIothreadInfo", { dom: wireDomain(object), flags });
        return info.some(({ iothreadId }) => iothreadId === iothread) === adds;
      }),
    answer: {},
  });
}

export const domainIothreads = {
  "domain.iothreads": asks<"domain.iothreads">("list the I/O threads of", iothreads),
  "domain.addIothread": changing("domain.addIothread"),
  "domain.removeIothread": changing("domain.removeIothread"),
  "domain.setIothread": does<"domain.setIothread">({
    doing: "change an I/O thread of",
    act: (line, { object, input }) =>
      done(line.call("domainSetIothreadParams", {
        dom: wireDomain(object),
        iothreadId: input.iothread,
        params: toTypedParameters(
          Object.fromEntries(polling.map(({ field, parameter }) => [parameter, input[field]])),
          pollingKinds,
        ),
        flags: affectLive,
      })),
    isSo: async (line, { object, input }) => {
      const stats = await pollingNow(line, object);
      return polling.every(({ field, statistic }) =>
        input[field] === undefined || stats[`iothread.${input.iothread}.${statistic}`] === input[field]
      );
    },
    answer: {},
  }),
  "domain.pinIothread": does<"domain.pinIothread">({
    doing: "pin an I/O thread of",
    act: async (line, { object, input }) =>
      done(line.call("domainPinIothread", {
        dom: wireDomain(object),
        iothreadsId: input.iothread,
        cpumap: await maskOf(line, input.cpus),
        flags: affectFlags(input),
      })),
    isSo: (line, { object, input: { iothread, cpus, ...affect } }) =>
      isSoIn(object, affect, async (flags) => {
        const threads = await iothreads(line, { object, input: { config: flags === affectConfig } });
        return await isPinned(line, threads.find((each) => each.iothread === iothread)?.cpus, cpus);
      }),
    answer: {},
  }),
} satisfies DriverMap;
