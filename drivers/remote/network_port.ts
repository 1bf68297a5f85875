/**
 * Ports of virtual networks.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import type { DriverConnection, DriverMap, SlotClaim } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { canonicalUuid } from "../definition.ts";
import type { In, Out } from "../operation_types.ts";
import { textOf } from "../xml_span.ts";
import { listObjects, lookUpObject } from "./act.ts";
import { claimInside } from "./claim.ts";
import { readRoot, withUuid } from "./document_name.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { isThere, makes, type Wanted } from "./making.ts";
import { finding } from "./named_list.ts";
import { asks, does, done, isGone, needHolder, type Subject } from "./object_call.ts";
import { type Identity, identityOf, type RemoteJob } from "./object.ts";
import { areSet, type Parameters, plainParameters } from "./parameters.ts";
import { notFound } from "./refusal.ts";
import { type WireNamed, wireNamed } from "./wire.ts";

/** Source: libvirt, VIR_NETWORK_PORT_CREATE_RECLAIM. */
const reclaimed = 1;

/** A port on the wire. */
interface WirePort {
  readonly net: WireNamed;
  readonly uuid: string;
}

function wirePort({ object, holder }: Pick<Subject<"networkPort.xml">, "object" | "holder">): WirePort {
  return { net: wireNamed(needHolder({ object, holder })), uuid: object.id };
}

function portIdentity({ net, uuid }: WirePort): Identity<"networkPort"> {
  return { objectClass: "networkPort", id: uuid, name: uuid, parent: net.uuid };
}

async function list(job: RemoteJob): Promise<Out<"networkPort.list">> {
  const network = job.object;
  const scope = { objectClass: "networkPort", parent: network.id } as const;
  const { objects } = await listObjects(job, scope, async (line) => ({
    sightings: await classAccess.networkPort.within?.(line, identityOf(network)) ?? [],
    rest: undefined,
  }), { doing: "list the ports of" });
  return objects.map((each) => ({ port: job.ref(each, "networkPort") }));
}

async function find(job: RemoteJob, { name }: In<"networkPort.lookup">): Promise<ObjectRef<"networkPort">> {
  const uuid = canonicalUuid(name);
  const network = wireNamed(job.object);
  const found = uuid === undefined ? undefined : await lookUpObject(
    job,
    `find ${name}`,
    async (line) => portIdentity((await line.call("networkPortLookupByUuid", { network, uuid })).port),
    finding("networkPort", name),
  );
  if (found === undefined) throw notFound("network port", name);
  return job.ref(found, "networkPort");
}

function read({ newId, target, object }: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const what = "network port";
  readRoot(xml, { root: "networkport", what });
  const whole = withUuid(xml, { newId, what });
  return { xml: whole.xml, name: whole.uuid, id: whole.uuid, parent: (target ?? object).id };
}

/** A port's own slot, and its network's, which must not be stopped meanwhile. */
function claimWithNetwork(
  connection: DriverConnection,
  _input: unknown,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const network = target?.parent === undefined
    ? undefined
    : connection.find({ $ref: "network", id: target.parent });
  const own = target ?? connection.self;
  return network === undefined ? [{ object: own }] : [{ object: own }, { object: network, as: "use" }];
}

function claimNew(
  _connection: DriverConnection,
  { xml }: { readonly xml: string },
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  const uuid = textOf(readRoot(xml, { root: "networkport", what: "network port" }), "uuid") ?? "";
  return claimInside(target, { objectClass: "networkPort", name: uuid });
}

/** A port's parameters. How many there may be is no question here: the far side answers with all of them. */
async function parametersOf(line: Line, port: WirePort): Promise<readonly TypedParameter[]> {
  return (await line.call("networkPortGetParameters", { port, nparams: 0, flags: 0 })).params;
}

export const networkPorts = {
  "networkPort.list": { run: list },
  "networkPort.lookup": { run: find },
  "networkPort.create": makes<"networkPort.create">({
    objectClass: "networkPort",
    doing: "create",
    read,
    about: claimNew,
    make: async (line, { job, input: { reclaim }, wanted: { xml } }) => {
      const network = wireNamed(job.target ?? job.object);
      const flags = reclaim ? reclaimed : 0;
      return portIdentity((await line.call("networkPortCreateXml", { network, xml, flags })).port);
    },
    isSo: isThere,
  }),
  "networkPort.delete": does<"networkPort.delete">({
    doing: "delete",
    act: (line, subject) => done(line.call("networkPortDelete", { port: wirePort(subject), flags: 0 })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
    about: claimWithNetwork,
  }),
  "networkPort.xml": asks<"networkPort.xml">("show", async (line, subject) => {
    return (await line.call("networkPortGetXmlDesc", { port: wirePort(subject), flags: 0 })).xml;
  }),
  "networkPort.parameters": asks<"networkPort.parameters">(
    "show the bandwidth of",
    async (line, subject): Promise<Parameters> =>
      plainParameters(await parametersOf(line, wirePort(subject))),
  ),
  "networkPort.setParameters": does<"networkPort.setParameters">({
    doing: "limit the bandwidth of",
    act: (line, subject) =>
      done(line.call("networkPortSetParameters", {
        port: wirePort(subject),
        params: Object.entries(subject.input.parameters).map(([field, value]) => ({
          field,
          // All of them are unsigned. Source: libvirt, VIR_TYPED_PARAM_UINT.
          value: { kind: 2 as const, value },
        })),
        flags: 0,
      })),
    isSo: async (line, subject) =>
      areSet(await parametersOf(line, wirePort(subject)), subject.input.parameters),
    answer: {},
    about: claimWithNetwork,
  }),
} satisfies DriverMap;
