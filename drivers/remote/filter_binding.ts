/**
 * Bindings of network filters to interfaces of guests.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { DriverConnection, DriverMap, SlotClaim } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { childOf } from "../xml_span.ts";
import { listObjects, lookUpObject } from "./act.ts";
import { named } from "./claim.ts";
import { needAttribute, readRoot } from "./document_name.ts";
import { classAccess } from "./look.ts";
import { isThere, makes, type Wanted } from "./making.ts";
import { finding, nameFilter } from "./named_list.ts";
import { asks, does, done, isGone } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";

/** A binding on the wire. */
interface WireBinding {
  readonly portdev: string;
  readonly filtername: string;
}

function wireBinding({ name, facts }: RemoteObject): WireBinding {
  return { portdev: name, filtername: facts.key ?? "" };
}

function identityOf({ portdev, filtername }: WireBinding): Identity<"filterBinding"> {
  return { objectClass: "filterBinding", id: portdev, name: portdev, key: filtername };
}

async function list(job: RemoteJob, { name }: In<"filterBinding.list">): Promise<Out<"filterBinding.list">> {
  const isNamed = nameFilter(name);
  const { objects } = await listObjects(job, { objectClass: "filterBinding" }, async (line) => ({
    sightings: await classAccess.filterBinding.list?.(line) ?? [],
    rest: undefined,
  }));
  return objects.filter((each) => isNamed(each.name)).map((each) => ({
    binding: job.ref(each, "filterBinding"),
    filter: each.facts.key ?? "",
  }));
}

async function find(
  job: RemoteJob,
  { name }: In<"filterBinding.lookup">,
): Promise<ObjectRef<"filterBinding">> {
  const found = await lookUpObject(
    job,
    `find ${name}`,
    async (line) => identityOf((await line.call("nwfilterBindingLookupByPortDev", { name })).nwfilter),
    finding("filterBinding", name),
  );
  if (found === undefined) throw notFound("network filter binding", name);
  return job.ref(found, "filterBinding");
}

function read(_job: unknown, { xml }: { readonly xml: string }): Wanted {
  const what = "network filter binding";
  const root = readRoot(xml, { root: "filterbinding", what });
  const name = needAttribute(childOf(root, "portdev"), "name", what);
  return { xml, name, id: name };
}

function claim(connection: DriverConnection, { xml }: { readonly xml: string }): readonly SlotClaim[] {
  const { name } = read(undefined, { xml });
  const known = named(connection, "filterBinding", { name });
  return [known === undefined ? { objectClass: "filterBinding", name } : { object: known }];
}

export const filterBindings = {
  "filterBinding.list": { run: list },
  "filterBinding.lookup": { run: find },
  "filterBinding.create": makes<"filterBinding.create">({
    objectClass: "filterBinding",
    doing: "create",
    read,
    about: claim,
    make: async (line, { wanted: { xml } }) =>
      identityOf((await line.call("nwfilterBindingCreateXml", { xml, flags: 0 })).nwfilter),
    isSo: isThere,
  }),
  "filterBinding.delete": does<"filterBinding.delete">({
    doing: "delete",
    act: (line, { object }) => done(line.call("nwfilterBindingDelete", { nwfilter: wireBinding(object) })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  "filterBinding.xml": asks<"filterBinding.xml">("show", async (line, { object }) => {
    return (await line.call("nwfilterBindingGetXmlDesc", { nwfilter: wireBinding(object), flags: 0 })).xml;
  }),
} satisfies DriverMap;
