/**
 * Storage pools.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import { poolStates } from "../../protocol/words/storage.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { poolTarget, readDefinition } from "../definition.ts";
import type { In, Out } from "../operation_types.ts";
import { attributeOf, readXml } from "../xml_span.ts";
import { askTogether, listObjects, lookUpObject } from "./act.ts";
import { claimDefinition } from "./claim.ts";
import { printed } from "./kept_xml.ts";
import type { Line } from "./line.ts";
import { classAccess } from "./look.ts";
import { isRunning, makes, refuseOutdated, type Wanted } from "./making.ts";
import { asAsked, finding, ifThere, lookUpNamed, nameFilter, showObject } from "./named_list.ts";
import { asks, does, done, isGone, runs } from "./object_call.ts";
import { needPersistent } from "./object_state.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { nearest, type WireNamed, wireNamed } from "./wire.ts";

type Entry = Out<"pool.list">[number];

/** Only those that start with their host. Source: libvirt, virConnectListAllStoragePoolsFlags. */
const autostarted = 1 << 4;
/** Source: libvirt, virStoragePoolCreateFlags. */
const withBuild = 1;
/** Source: libvirt, virStoragePoolBuildFlags. */
const buildFlags = { noOverwrite: 4, overwrite: 8 } as const;

function stateOf(number: number): Entry["state"] {
  return poolStates[number] ?? "running";
}

/** The type that a definition says. */
function typeOf(xml: string): string {
  return xml === "" ? "" : attributeOf(readXml(xml), "type") ?? "";
}

/** A pool's definition: the one that its next start uses, or the one in force. */
function xmlOf(
  line: Line,
  { pool, kept }: { readonly pool: WireNamed; readonly kept: boolean },
): Promise<string> {
  return printed((flags) => line.call("storagePoolGetXmlDesc", { pool, flags }), { kept });
}

function entryOf(
  job: RemoteJob,
  pool: RemoteObject,
  { state, autostart }: { readonly state: number; readonly autostart: boolean },
): Entry {
  return { pool: job.ref(pool, "pool"), state: stateOf(state), persistent: pool.persistent, autostart };
}

async function list(job: RemoteJob, input: In<"pool.list">): Promise<Entry[]> {
  const isNamed = nameFilter(input.name);
  const { objects, rest } = await listObjects(job, { objectClass: "pool" }, async (line) => {
    const [sightings, autostart] = await Promise.all([
      classAccess.pool.list?.(line) ?? [],
      line.call("connectListAllStoragePools", { needResults: 1, flags: autostarted }),
    ]);
    const named = sightings.filter(({ name }) => isNamed(name));
    const found = await Promise.all(named.map(async (pool) => {
      const info = await ifThere(line.call("storagePoolGetInfo", { pool: wireNamed(pool) }));
      return [pool.id, info?.state] as const;
    }));
    return {
      sightings,
      rest: { states: new Map(found), autostarted: new Set(autostart.pools.map(({ uuid }) => uuid)) },
    };
  });
  return objects.flatMap((pool) => {
    const state = rest.states.get(pool.id);
    if (state === undefined) return [];
    const isType = input.type === undefined || input.type === typeOf(pool.persistentConfig);
    const entry = entryOf(job, pool, { state, autostart: rest.autostarted.has(pool.id) });
    const wanted = isType && asAsked(input.active, pool.live !== undefined) &&
      asAsked(input.persistent, entry.persistent) && asAsked(input.autostart, entry.autostart);
    return wanted ? [entry] : [];
  });
}

/** The pool whose volumes are at a path. */
async function atPath(job: RemoteJob, path: string): Promise<RemoteObject | undefined> {
  return await lookUpObject(job, `find ${path}`, async (line) => {
    const found = await line.maybe("storagePoolLookupByTargetPath", { path });
    if (found !== undefined) return await classAccess.pool.look(line, identityOf(found.pool), {});
    // Some hypervisors cannot tell; their pools can.
    const all = await classAccess.pool.list?.(line) ?? [];
    return all.find(({ definition }) => definition !== undefined && poolTarget(definition) === path);
  }, finding("pool", path));
}

async function find(job: RemoteJob, name: string): Promise<ObjectRef<"pool">> {
  const found = name.startsWith("/") ? await atPath(job, name) : undefined;
  if (found !== undefined) return job.ref(found, "pool");
  return await lookUpNamed(job, name, {
    objectClass: "pool",
    byName: async (line, wanted) => (await line.call("storagePoolLookupByName", { name: wanted })).pool,
  });
}

function read(job: RemoteJob, { xml }: { readonly xml: string }): Wanted {
  const { name, uuid, xml: whole } = readDefinition(xml, { root: "pool", newId: job.newId });
  return { xml: whole, name, id: uuid };
}

function identityOf({ name, uuid }: WireNamed): Identity<"pool"> {
  return { objectClass: "pool", id: uuid, name };
}

async function info(job: RemoteJob): Promise<Out<"pool.info">> {
  const { object, rest } = await showObject(job, async (line, { id, name }) => {
    const pool = wireNamed({ id, name });
    const [found, autostart, xml] = await Promise.all([
      line.call("storagePoolGetInfo", { pool }),
      line.maybe("storagePoolGetAutostart", { pool }),
      line.call("storagePoolGetXmlDesc", { pool, flags: 0 }),
    ]);
    return { found, autostart: autostart?.autostart === 1, xml: xml.xml };
  });
  const volumes = object.live === undefined ? { num: 0 } : await askTogether(
    job,
    "count volumes",
    (line) => line.call("storagePoolNumOfVolumes", { pool: wireNamed(object) }),
    { doing: "count the volumes of" },
  );
  const { found, autostart, xml } = rest;
  const path = poolTarget(xml);
  return {
    ...entryOf(job, object, { state: found.state, autostart }),
    type: typeOf(xml),
    ...(path === undefined ? {} : { path }),
    capacityBytes: nearest(found.capacity),
    allocationBytes: nearest(found.allocation),
    availableBytes: nearest(found.available),
    volumes: volumes.num,
  };
}

export const pools = {
  "pool.list": { run: list },
  "pool.lookup": { run: (job, { name }) => find(job, name) },
  "pool.define": makes({
    objectClass: "pool",
    doing: "define",
    read,
    about: (connection, { xml }) => claimDefinition(connection, "pool", xml),
    make: async (line, { wanted: { xml, name, id = "" }, input: { basedOn } }) => {
      if (basedOn !== undefined) {
        const present = await xmlOf(line, { pool: { name, uuid: id }, kept: true });
        refuseOutdated("pool", { name, id, basedOn, present });
      }
      return identityOf((await line.call("storagePoolDefineXml", { xml, flags: 0 })).pool);
    },
  }),
  "pool.create": makes({
    objectClass: "pool",
    doing: "create",
    read,
    about: (connection, { xml }) => claimDefinition(connection, "pool", xml),
    make: async (line, { wanted: { xml }, input: { build } }) => {
      const flags = build ? withBuild : 0;
      return identityOf((await line.call("storagePoolCreateXml", { xml, flags })).pool);
    },
    isSo: isRunning,
  }),
  "pool.build": does({
    doing: "build",
    act: (line, { object, input: { overwrite } }) => {
      const flags = overwrite === undefined ? 0 : overwrite ? buildFlags.overwrite : buildFlags.noOverwrite;
      return done(line.call("storagePoolBuild", { pool: wireNamed(object), flags }));
    },
    // Only overwriting does harm where it is done twice.
    isSo: (_line, { input: { overwrite } }) =>
      overwrite === true ? { unknown: "nothing tells whether what was there has been overwritten" } : false,
    answer: {},
  }),
  "pool.start": does({
    doing: "start",
    act: (line, { object, input: { build } }) =>
      done(line.call("storagePoolCreate", { pool: wireNamed(object), flags: build ? withBuild : 0 })),
    isSo: (_line, subject) => runs(subject),
    answer: {},
  }),
  "pool.destroy": does({
    doing: "stop",
    act: (line, { object }) => done(line.call("storagePoolDestroy", { pool: wireNamed(object) })),
    isSo: (_line, subject) => !runs(subject),
    answer: {},
  }),
  "pool.delete": does({
    doing: "delete",
    act: (line, { object }) => done(line.call("storagePoolDelete", { pool: wireNamed(object), flags: 0 })),
    isSo: () => ({ unknown: "nothing tells whether what the pool consists of is still there" }),
    answer: {},
  }),
  "pool.undefine": does({
    doing: "undefine",
    act: (line, { object }) => done(line.call("storagePoolUndefine", { pool: wireNamed(object) })),
    isSo: (_line, subject) => isGone(subject) || !subject.object.persistent,
    answer: {},
  }),
  "pool.discard": does({
    doing: "discard",
    act: async (line, { object }) => {
      const pool = wireNamed(object);
      if (object.live !== undefined) await line.call("storagePoolDestroy", { pool });
      if (object.persistent) await line.call("storagePoolUndefine", { pool });
      return {};
    },
    isSo: (_line, subject) => isGone(subject),
    answer: {},
  }),
  // Reading twice does no harm, so one that may not have happened counts as not done.
  "pool.refresh": does({
    doing: "refresh",
    act: (line, { object }) => done(line.call("storagePoolRefresh", { pool: wireNamed(object), flags: 0 })),
    isSo: () => false,
    answer: {},
  }),
  "pool.xml": asks(
    "show",
    (line, { object, input: { inactive } }) => xmlOf(line, { pool: wireNamed(object), kept: inactive }),
  ),
  "pool.info": { run: info },
  "pool.setAutostart": does({
    doing: "change the autostart of",
    check: ({ object }) => needPersistent(object, "change the autostart of"),
    act: (line, { object, input: { autostart } }) =>
      done(line.call("storagePoolSetAutostart", { pool: wireNamed(object), autostart: autostart ? 1 : 0 })),
    isSo: async (line, { object, input }) => {
      const { autostart } = await line.call("storagePoolGetAutostart", { pool: wireNamed(object) });
      return (autostart === 1) === input.autostart;
    },
    answer: {},
  }),
  "pool.findSources": asks("find sources of storage pools at", async (line, { input: { type, xml } }) => {
    return (await line.call("connectFindStoragePoolSources", { type, srcSpec: xml, flags: 0 })).xml;
  }),
} satisfies DriverMap;
