/**
 * Domains: how much of the host they may take, as typed parameters.
 *
 * @module
 */
import type { ParameterKind } from "../../protocol/typed_parameters.ts";
import { numaModes } from "../../protocol/words/domain.ts";
import { placeOf } from "../../protocol/words/place.ts";
import { affected, affectFlags, asked } from "../dispatch/affect.ts";
import { givenParameters, type KindOf, textFlag, toldParameters } from "../dispatch/parameters.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { refTo } from "../dispatch/objects.ts";

/** Kinds by names, and the kind of all others. Source: libvirt, libvirt-domain.h. */
function kinds(others: ParameterKind, named: Readonly<Record<string, ParameterKind>> = {}): KindOf {
  return (name) => Object.hasOwn(named, name) ? named[name] ?? others : others;
}

const schedulerKind = kinds("ullong", {
  weight: "uint",
  cap: "uint",
  reservation: "llong",
  limit: "llong",
  shares: "int",
  vcpu_quota: "llong",
  emulator_quota: "llong",
  global_quota: "llong",
  iothread_quota: "llong",
});
const blkioKind = kinds("string", { weight: "uint" });
const memoryKind = kinds("ullong");
const numaKind = kinds("string", { numa_mode: "int" });
const ioTuneKind = kinds("ullong", { group_name: "string" });
const bandwidthKind = kinds("uint");
const perfKind = kinds("boolean");

type Given = Record<string, number | string | boolean>;

function numbered({ numa_mode: mode, ...others }: Given): Given {
  return mode === undefined ? others : { ...others, numa_mode: placeOf(numaModes, `${mode}`) };
}

function named({ numa_mode: mode, ...others }: Given): Given {
  return mode === undefined ? others : { ...others, numa_mode: numaModes[Number(mode)] ?? mode };
}

const askedFlags = affectFlags | textFlag;

/** The rows. */
export const domainTuning = {
  domainGetSchedulerType: answers(async ({ dom }, session) => {
    const target = refTo("domain", dom);
    const parameters = await session.run("domain.parameters", { target, input: { group: "scheduler" } });
    const { connection: { driver } } = session;
    return { type: driver === "test" ? "fair" : "posix", nparams: Object.keys(parameters).length };
  }),
  domainGetSchedulerParameters: calls("domain.parameters", {
    input: () => ({ group: "scheduler" }),
    result: (parameters, { args: { nparams } }) => {
      const { params } = toldParameters(parameters, { nparams, flags: 0, kindOf: schedulerKind });
      return { params };
    },
  }),
  domainGetSchedulerParametersFlags: calls("domain.parameters", {
    flags: askedFlags,
    input: (args, session) => ({ group: "scheduler", ...asked(args, session) }),
    result: (parameters, { args: { nparams, flags } }) => {
      const { params } = toldParameters(parameters, { nparams, flags, kindOf: schedulerKind });
      return { params };
    },
  }),
  domainSetSchedulerParameters: calls("domain.setParameters", {
    input: ({ params }) => ({ group: "scheduler", parameters: givenParameters(params) }),
  }),
  domainSetSchedulerParametersFlags: calls("domain.setParameters", {
    flags: affectFlags,
    input: ({ params, flags }) => ({
      group: "scheduler",
      parameters: givenParameters(params),
      ...affected(flags),
    }),
  }),
  domainGetBlkioParameters: calls("domain.parameters", {
    flags: askedFlags,
    input: (args, session) => ({ group: "blkio", ...asked(args, session) }),
    result: (parameters, { args }) => toldParameters(parameters, { ...args, kindOf: blkioKind }),
  }),
  domainSetBlkioParameters: calls("domain.setParameters", {
    flags: affectFlags,
    input: ({ params, flags }) => ({
      group: "blkio",
      parameters: givenParameters(params),
      ...affected(flags),
    }),
  }),
  domainGetMemoryParameters: calls("domain.parameters", {
    flags: askedFlags,
    input: (args, session) => ({ group: "memory", ...asked(args, session) }),
    result: (parameters, { args }) => toldParameters(parameters, { ...args, kindOf: memoryKind }),
  }),
  domainSetMemoryParameters: calls("domain.setParameters", {
    flags: affectFlags,
    input: ({ params, flags }) => ({
      group: "memory",
      parameters: givenParameters(params),
      ...affected(flags),
    }),
  }),
  domainGetNumaParameters: calls("domain.parameters", {
    flags: askedFlags,
    input: (args, session) => ({ group: "numa", ...asked(args, session) }),
    result: (parameters, { args }) => toldParameters(numbered(parameters), { ...args, kindOf: numaKind }),
  }),
  domainSetNumaParameters: calls("domain.setParameters", {
    flags: affectFlags,
    input: ({ params, flags }) => ({
      group: "numa",
      parameters: named(givenParameters(params)),
      ...affected(flags),
    }),
  }),
  domainGetBlockIoTune: answers(async (args, session) => {
    const target = refTo("domain", args.dom);
    const input = asked(args, session);
    // Without a disk it is asked how many parameters there are.
    const disk = args.disk ?? (await session.run("domain.blockDevices", { target, input }))[0]?.target;
    if (disk === undefined) return { params: [], nparams: 0 };
    const parameters = await session.run("domain.blockIoTune", { target, input: { disk, ...input } });
    return toldParameters(parameters, { ...args, kindOf: ioTuneKind });
  }, { flags: askedFlags }),
  domainSetBlockIoTune: calls("domain.setBlockIoTune", {
    flags: affectFlags,
    input: ({ disk, params, flags }) => ({ disk, parameters: givenParameters(params), ...affected(flags) }),
  }),
  domainGetInterfaceParameters: calls("domain.interfaceParameters", {
    flags: askedFlags,
    input: (args, session) => ({ interface: args.device, ...asked(args, session) }),
    result: (parameters, { args }) => toldParameters(parameters, { ...args, kindOf: bandwidthKind }),
  }),
  domainSetInterfaceParameters: calls("domain.setInterfaceParameters", {
    flags: affectFlags,
    input: ({ device, params, flags }) => ({
      interface: device,
      parameters: givenParameters(params),
      ...affected(flags),
    }),
  }),
  domainGetPerfEvents: calls("domain.perfEvents", {
    flags: askedFlags,
    input: (args, session) => asked(args, session),
    result: (events, { args: { flags } }) => {
      const { params } = toldParameters(events, { nparams: Infinity, flags, kindOf: perfKind });
      return { params };
    },
  }),
  domainSetPerfEvents: answers(async ({ dom, params, flags }, session) => {
    const events = Object.fromEntries(
      Object.entries(givenParameters(params)).map(([name, on]) => [name, on === true]),
    );
    const input = { events, ...affected(flags) };
    await session.run("domain.setPerfEvents", { target: refTo("domain", dom), input });
    return undefined;
  }, { flags: affectFlags }),
} satisfies Family;
