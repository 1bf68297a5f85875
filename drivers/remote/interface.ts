/**
 * The host's network interfaces.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, Implementation, SlotClaim } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { listObjects, lookUpObject } from "./act.ts";
import { named } from "./claim.ts";
import { needAttribute, readRoot } from "./document_name.ts";
import { printed } from "./kept_xml.ts";
import { classAccess } from "./look.ts";
import { makes, type Wanted } from "./making.ts";
import { asAsked, finding, ifThere, nameFilter, showObject } from "./named_list.ts";
import { asks, does, done, isGone, runs } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";

/** An interface on the wire. */
interface WireInterface {
  readonly name: string;
  readonly mac: string;
}

function wireInterface({ name, facts }: RemoteObject): WireInterface {
  return { name, mac: facts.key ?? "" };
}

function identityOf({ name, mac }: WireInterface): Identity<"interface"> {
  return { objectClass: "interface", id: name, name, key: mac };
}

function entryOf(job: RemoteJob, each: RemoteObject): Out<"interface.info"> {
  const { key = "" } = each.facts;
  return {
    interface: job.ref(each, "interface"),
    active: each.live !== undefined,
    ...(key === "" ? {} : { mac: key }),
  };
}

async function list(job: RemoteJob, { name, active }: In<"interface.list">): Promise<Out<"interface.list">> {
  const isNamed = nameFilter(name);
  const { objects } = await listObjects(job, { objectClass: "interface" }, async (line) => ({
    sightings: await classAccess.interface.list?.(line) ?? [],
    rest: undefined,
  }));
  return objects.filter((each) => isNamed(each.name) && asAsked(active, each.live !== undefined))
    .map((each) => entryOf(job, each));
}

/** Finds an interface by its name or its MAC address. */
async function find(job: RemoteJob, { name, by }: In<"interface.lookup">): Promise<ObjectRef<"interface">> {
  const found = await lookUpObject(job, `find ${name}`, async (line) => {
    const byName = by === "mac" ? undefined : await ifThere(line.call("interfaceLookupByName", { name }));
    if (byName === undefined && by === "name") return undefined;
    const { iface } = byName ?? await line.call("interfaceLookupByMacString", { mac: name });
    return await classAccess.interface.look(line, identityOf(iface), {});
  }, finding("interface", name));
  if (found === undefined) throw notFound("interface", name);
  return job.ref(found, "interface");
}

function read(_job: unknown, { xml }: { readonly xml: string }): Wanted {
  const what = "interface definition";
  const name = needAttribute(readRoot(xml, { root: "interface", what }), "name", what);
  return { xml, name, id: name };
}

function claim(connection: DriverConnection, { xml }: { readonly xml: string }): readonly SlotClaim[] {
  const { name } = read(undefined, { xml });
  const known = named(connection, "interface", { name });
  return [known === undefined ? { objectClass: "interface", name } : { object: known }];
}

/** All of a host's interfaces, one change at a time. */
function claimHost(connection: DriverConnection): readonly SlotClaim[] {
  return [{ object: connection.self }];
}

type Step = "interface.beginChange" | "interface.commitChange" | "interface.rollBackChange";

/** A step of a change of all interfaces. The far side does not tell whether one is under way. */
function step<N extends Step>(
  doing: string,
  procedure: "interfaceChangeBegin" | "interfaceChangeCommit" | "interfaceChangeRollback",
): Implementation<N> {
  return does<Step>({
    doing,
    act: (line) => done(line.call(procedure, { flags: 0 })),
    isSo: () => ({ unknown: "the host does not tell whether a change of its interfaces is under way" }),
    answer: {},
    about: claimHost,
  });
}

export const interfaces = {
  "interface.list": { run: list },
  "interface.lookup": { run: find },
  "interface.define": makes<"interface.define">({
    objectClass: "interface",
    doing: "define",
    read,
    about: claim,
    make: async (line, { wanted: { xml } }) =>
      identityOf((await line.call("interfaceDefineXml", { xml, flags: 0 })).iface),
  }),
  "interface.start": does<"interface.start">({
    doing: "start",
    act: (line, { object }) => done(line.call("interfaceCreate", { iface: wireInterface(object), flags: 0 })),
    isSo: (_line, subject) => runs(subject),
    answer: {},
  }),
  "interface.destroy": does<"interface.destroy">({
    doing: "stop",
    act: (line, { object }) =>
      done(line.call("interfaceDestroy", { iface: wireInterface(object), flags: 0 })),
    isSo: (_line, subject) => !runs(subject),
    answer: {},
  }),
  "interface.undefine": does<"interface.undefine">({
    doing: "undefine",
    act: (line, { object }) => done(line.call("interfaceUndefine", { iface: wireInterface(object) })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  "interface.xml": asks<"interface.xml">("show", (line, { object, input: { inactive } }) => {
    const iface = wireInterface(object);
    return printed((flags) => line.call("interfaceGetXmlDesc", { iface, flags }), { kept: inactive });
  }),
  "interface.info": {
    run: async (job: RemoteJob) => entryOf(job, (await showObject(job, () => Promise.resolve({}))).object),
  },
  "interface.beginChange": step<"interface.beginChange">(
    "begin a change of interfaces at",
    "interfaceChangeBegin",
  ),
  "interface.commitChange": step<"interface.commitChange">(
    "keep the change of interfaces at",
    "interfaceChangeCommit",
  ),
  "interface.rollBackChange": step<"interface.rollBackChange">(
    "take back the change of interfaces at",
    "interfaceChangeRollback",
  ),
} satisfies DriverMap;
