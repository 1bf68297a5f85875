/**
 * Domains: how much of the host they may take: scheduler, block I/O, memory, NUMA, bandwidth, performance events.
 *
 * Which parameters there are differs between hypervisors; what each of them is the far side tells itself.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import { limits, type TypedParameter } from "../../protocol/procedures/mod.ts";
import { numaModes } from "../../protocol/words/domain.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import type { In, Nothing, Out } from "../operation_types.ts";
import { childOf, childrenOf, textOf, type XmlElement } from "../xml_span.ts";
import {
  type Affect,
  affectConfig,
  affectFlags,
  affectLive,
  askedFlags,
  isSoIn,
  showsIn,
} from "./domain_affect.ts";
import type { Line } from "./line.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { areSet, type Parameters, plainParameters, textFlag, typedLike } from "./parameters.ts";
import { type WireDomain, wireDomain } from "./wire.ts";

/** Parameters of something: how they are asked for, and how they are set. */
interface Tunable {
  readonly get: (line: Line, flags: number) => Promise<readonly TypedParameter[]>;
  readonly set: (
    line: Line,
    changed: { readonly params: readonly TypedParameter[]; readonly flags: number },
  ) => Promise<unknown>;
}

type Group = In<"domain.parameters">["group"];

/** The groups of parameters that a domain has as a whole. */
const groups: { readonly [G in Group]: (dom: WireDomain) => Tunable } = {
  scheduler: (dom) => ({
    // Not every hypervisor has the calls with flags, or knows any.
    get: async (line, flags) => {
      const nparams = limits.domainSchedulerParameters;
      const found = (flags & (affectLive | affectConfig)) === 0
        ? await line.call("domainGetSchedulerParameters", { dom, nparams })
        : await line.call("domainGetSchedulerParametersFlags", { dom, nparams, flags });
      return found.params;
    },
    set: (line, { params, flags }) =>
      flags === 0
        ? line.call("domainSetSchedulerParameters", { dom, params })
        : line.call("domainSetSchedulerParametersFlags", { dom, params, flags }),
  }),
  blkio: (dom) => ({
    get: async (line, flags) => {
      const nparams = limits.domainBlkioParameters;
      return (await line.call("domainGetBlkioParameters", { dom, nparams, flags })).params;
    },
    set: (line, { params, flags }) => line.call("domainSetBlkioParameters", { dom, params, flags }),
  }),
  memory: (dom) => ({
    get: async (line, flags) => {
      const nparams = limits.domainMemoryParameters;
      return (await line.call("domainGetMemoryParameters", { dom, nparams, flags })).params;
    },
    set: (line, { params, flags }) => line.call("domainSetMemoryParameters", { dom, params, flags }),
  }),
  numa: (dom) => ({
    get: async (line, flags) => {
      const nparams = limits.domainNumaParameters;
      return (await line.call("domainGetNumaParameters", { dom, nparams, flags })).params;
    },
    set: (line, { params, flags }) => line.call("domainSetNumaParameters", { dom, params, flags }),
  }),
};

function blockIo(dom: WireDomain, disk: string): Tunable {
  return {
    get: async (line, flags) => {
      const nparams = limits.domainBlockIoTuneParameters;
      return (await line.call("domainGetBlockIoTune", { dom, disk, nparams, flags })).params;
    },
    set: (line, { params, flags }) => line.call("domainSetBlockIoTune", { dom, disk, params, flags }),
  };
}

function bandwidth(dom: WireDomain, device: string): Tunable {
  return {
    get: async (line, flags) => {
      const nparams = limits.domainInterfaceParameters;
      return (await line.call("domainGetInterfaceParameters", { dom, device, nparams, flags })).params;
    },
    set: (line, { params, flags }) =>
      line.call("domainSetInterfaceParameters", { dom, device, params, flags }),
  };
}

function perfEvents(dom: WireDomain): Tunable {
  return {
    get: async (line, flags) => (await line.call("domainGetPerfEvents", { dom, flags })).params,
    set: (line, { params, flags }) => line.call("domainSetPerfEvents", { dom, params, flags }),
  };
}

/** Modes of memory placement are numbers on the wire. */
const numaMode = "numa_mode";

/** What people call by a name is a number on the wire. */
function named(parameters: Parameters): Parameters {
  const mode = parameters[numaMode];
  const name = typeof mode === "number" ? numaModes[mode] : undefined;
  return name === undefined ? parameters : { ...parameters, [numaMode]: name };
}

/** @throws {VirtError} `invalid-argument` where there is no such name. */
function numbered(parameters: Parameters): Parameters {
  const mode = parameters[numaMode];
  if (typeof mode !== "string") return parameters;
  const number = numaModes.findIndex((name) => name === mode);
  if (number >= 0) return { ...parameters, [numaMode]: number };
  throw new VirtError(
    "invalid-argument",
    `Cannot set "${numaMode}" to ${JSON.stringify(mode)}: it must be one of ${numaModes.join(", ")}`,
  );
}

async function get(line: Line, tunable: Tunable, flags: number): Promise<readonly TypedParameter[]> {
  return await tunable.get(line, flags | await textFlag(line));
}

async function read(line: Line, tunable: Tunable, flags: number): Promise<Parameters> {
  return named(plainParameters(await get(line, tunable, flags)));
}

/** What a change of parameters says. */
interface Tuning {
  readonly tunable: Tunable;
  readonly wanted: Parameters;
  readonly affect: Affect;
}

async function set(line: Line, { tunable, wanted, affect }: Tuning): Promise<Nothing> {
  const flags = affectFlags(affect);
  // Both scopes have the same kinds; one cannot ask for both.
  const present = await get(line, tunable, flags === (affectLive | affectConfig) ? affectLive : flags);
  await tunable.set(line, { params: typedLike(present, numbered(wanted)), flags });
  return {};
}

/** An operation that sets parameters. */
function tuning<N extends OperationName>(
  { doing: what, of, answer }: {
    readonly doing: string;
    readonly of: (subject: Subject<N>) => Tuning;
    readonly answer: Out<N> & Nothing;
  },
): Implementation<N> {
  return does<N>({
    doing: what,
    act: async (line, subject) => {
      await set(line, of(subject));
      return answer;
    },
    isSo: (line, subject) => {
      const { tunable, wanted, affect } = of(subject);
      return isSoIn(
        subject.object,
        affect,
        async (flags) => areSet(await get(line, tunable, flags), numbered(wanted)),
      );
    },
    answer,
  });
}

/** Whether a definition has a throttle group with limits, all of them as they were wanted. */
function hasThrottleGroup(definition: XmlElement, group: string, wanted: Parameters): boolean {
  const found = childrenOf(childOf(definition, "throttlegroups"), "throttlegroup").find((each) =>
    textOf(each, "group_name") === group
  );
  return found !== undefined &&
    Object.entries(wanted).every(([name, value]) => textOf(found, name) === `${value}`);
}

export const domainTuning = {
  "domain.parameters": asks<"domain.parameters">(
    "show the parameters of",
    (line, { object, input }) => read(line, groups[input.group](wireDomain(object)), askedFlags(input)),
  ),
  "domain.setParameters": tuning<"domain.setParameters">({
    doing: "tune",
    of: ({ object, input: { group, parameters, ...affect } }) => ({
      tunable: groups[group](wireDomain(object)),
      wanted: parameters,
      affect,
    }),
    answer: {},
  }),
  "domain.blockIoTune": asks<"domain.blockIoTune">(
    "show the I/O limits of",
    (line, { object, input }) => read(line, blockIo(wireDomain(object), input.disk), askedFlags(input)),
  ),
  "domain.setBlockIoTune": tuning<"domain.setBlockIoTune">({
    doing: "tune a disk of",
    of: ({ object, input: { disk, parameters, ...affect } }) => ({
      tunable: blockIo(wireDomain(object), disk),
      wanted: parameters,
      affect,
    }),
    answer: {},
  }),
  "domain.interfaceParameters": asks<"domain.interfaceParameters">(
    "show the bandwidth of",
    (line, { object, input }) =>
      read(line, bandwidth(wireDomain(object), input.interface), askedFlags(input)),
  ),
  "domain.setInterfaceParameters": tuning<"domain.setInterfaceParameters">({
    doing: "tune an interface of",
    of: ({ object, input: { interface: device, parameters, ...affect } }) => ({
      tunable: bandwidth(wireDomain(object), device),
      wanted: parameters,
      affect,
    }),
    answer: {},
  }),
  "domain.perfEvents": asks<"domain.perfEvents">("show the events of", async (line, { object, input }) => {
    const events = await read(line, perfEvents(wireDomain(object)), askedFlags(input));
    return Object.fromEntries(Object.entries(events).map(([name, on]) => [name, on === true]));
  }),
  "domain.setPerfEvents": tuning<"domain.setPerfEvents">({
    doing: "count events of",
    of: ({ object, input: { events, ...affect } }) => ({
      tunable: perfEvents(wireDomain(object)),
      wanted: events,
      affect,
    }),
    answer: {},
  }),
  "domain.setThrottleGroup": does<"domain.setThrottleGroup">({
    doing: "change a throttle group of",
    act: (line, { object, input: { group, parameters, ...affect } }) => {
      // Limits are all of one kind. Source: libvirt, VIR_DOMAIN_BLOCK_IOTUNE_*.
      const params = typedLike([], parameters);
      const flags = affectFlags(affect);
      return done(line.call("domainSetThrottleGroup", { dom: wireDomain(object), group, params, flags }));
    },
    isSo: (line, { object, input: { group, parameters, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) => hasThrottleGroup(definition, group, parameters),
      }),
    answer: {},
  }),
  "domain.removeThrottleGroup": does<"domain.removeThrottleGroup">({
    doing: "remove a throttle group of",
    act: (line, { object, input: { group, ...affect } }) =>
      done(line.call("domainDelThrottleGroup", {
        dom: wireDomain(object),
        group,
        flags: affectFlags(affect),
      })),
    isSo: (line, { object, input: { group, ...affect } }) =>
      showsIn(line, object, {
        affect,
        shows: (definition) => !hasThrottleGroup(definition, group, {}),
      }),
    answer: {},
  }),
} satisfies DriverMap;
