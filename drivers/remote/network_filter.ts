/**
 * Network filters.
 *
 * @module
 */
import type { DriverConnection, DriverMap, SlotClaim } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { childOf } from "../xml_span.ts";
import { listObjects } from "./act.ts";
import { named } from "./claim.ts";
import { needAttribute, readRoot, withUuid } from "./document_name.ts";
import { classAccess } from "./look.ts";
import { makes, refuseOutdated, type Wanted } from "./making.ts";
import { lookUpNamed, nameFilter } from "./named_list.ts";
import { asks, does, done, isGone } from "./object_call.ts";
import type { RemoteJob } from "./object.ts";
import { wireNamed } from "./wire.ts";

const what = "network filter";

async function list(job: RemoteJob, { name }: In<"filter.list">): Promise<Out<"filter.list">> {
  const isNamed = nameFilter(name);
  const { objects } = await listObjects(job, { objectClass: "filter" }, async (line) => ({
    sightings: await classAccess.filter.list?.(line) ?? [],
    rest: undefined,
  }));
  return objects.filter((each) => isNamed(each.name)).map((each) => ({ filter: job.ref(each, "filter") }));
}

/** What a document says; where a filter of its name is known that has no other UUID, it is that one. */
function read(job: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const root = readRoot(xml, { root: "filter", what });
  const name = needAttribute(root, "name", what);
  const known = childOf(root, "uuid") === undefined ? named(job.connection, "filter", { name }) : undefined;
  const whole = withUuid(xml, { newId: known?.id ?? job.newId, what });
  return { xml: whole.xml, name, id: whole.uuid };
}

function claim(connection: DriverConnection, { xml }: { readonly xml: string }): readonly SlotClaim[] {
  const name = needAttribute(readRoot(xml, { root: "filter", what }), "name", what);
  const known = named(connection, "filter", { name });
  return [known === undefined ? { objectClass: "filter", name } : { object: known }];
}

export const filters = {
  "filter.list": { run: list },
  "filter.lookup": {
    run: (job: RemoteJob, { name, by }) =>
      lookUpNamed(job, name, {
        objectClass: "filter",
        by,
        byName: async (line, wanted) => (await line.call("nwfilterLookupByName", { name: wanted })).nwfilter,
      }),
  },
  "filter.define": makes<"filter.define">({
    objectClass: "filter",
    doing: "define",
    read,
    about: claim,
    make: async (line, { wanted: { xml, name, id = "" }, input: { basedOn } }) => {
      if (basedOn !== undefined) {
        const nwfilter = { name, uuid: id };
        const present = await line.call("nwfilterGetXmlDesc", { nwfilter, flags: 0 });
        refuseOutdated("filter", { name, id, basedOn, present: present.xml });
      }
      const { nwfilter } = await line.call("nwfilterDefineXml", { xml });
      return { objectClass: "filter", id: nwfilter.uuid, name: nwfilter.name };
    },
  }),
  "filter.undefine": does<"filter.undefine">({
    doing: "undefine",
    act: (line, { object }) => done(line.call("nwfilterUndefine", { nwfilter: wireNamed(object) })),
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  "filter.xml": asks<"filter.xml">("show", async (line, { object }) => {
    return (await line.call("nwfilterGetXmlDesc", { nwfilter: wireNamed(object), flags: 0 })).xml;
  }),
} satisfies DriverMap;
