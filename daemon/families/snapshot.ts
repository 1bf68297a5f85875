/**
 * Snapshots of domains.
 *
 * @module
 */
import type { ObjectRef } from "../../model/object.ts";
import type { OutputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { VirtError } from "../../model/error.ts";
import type { ProcedureName, RemoteDomain, RemoteSnapshot } from "../../protocol/procedures/mod.ts";
import { allBits, oneOf, wordsOf } from "../dispatch/list_flags.ts";
import { fitting } from "../dispatch/lists.ts";
import { hostName, refTo } from "../dispatch/objects.ts";
import { answers, calls, type Family } from "../dispatch/row.ts";
import { worded } from "../dispatch/words.ts";
import type { HostSession } from "../host_session.ts";
import { domainOf, makingWords, parentsFirst } from "./moment_words.ts";

/** Source: libvirt, virDomainSnapshotListFlags. The first bit says of children: all that is under it. */
const listFlag = {
  roots: 1 << 0,
  metadata: 1 << 1,
  leaves: 1 << 2,
  noLeaves: 1 << 3,
  noMetadata: 1 << 4,
  inactive: 1 << 5,
  active: 1 << 6,
  diskOnly: 1 << 7,
  internal: 1 << 8,
  external: 1 << 9,
  topological: 1 << 10,
} as const;
const listFlags = allBits(listFlag);

const stateFlag = {
  inactive: listFlag.inactive,
  active: listFlag.active,
  diskOnly: listFlag.diskOnly,
} as const;

/** Source: libvirt, virDomainSnapshotCreateFlags. */
const createFlag = {
  redefine: 1 << 0,
  current: 1 << 1,
  halt: 1 << 3,
  diskOnly: 1 << 4,
  quiesce: 1 << 6,
  atomic: 1 << 7,
  live: 1 << 8,
  validate: 1 << 9,
} as const;

/** Source: libvirt, virDomainSnapshotRevertFlags. */
const revertFlag = { running: 1, paused: 2, force: 4 } as const;

/** Source: libvirt, virDomainSnapshotDeleteFlags. */
const deleteFlag = { children: 1, metadataOnly: 2, childrenOnly: 4 } as const;

/** Of a document: with passwords. Source: libvirt, virDomainSnapshotXMLFlags. */
const secure = 1;

type Entry = OutputOf<Operations["snapshot.list"]>[number];

/** The snapshots that a list may show: all of a domain, or those under one. */
type Among = { readonly dom: RemoteDomain } | { readonly snap: RemoteSnapshot };

function noSnapshot(message: string): VirtError {
  return new VirtError("not-found", message, { remoteCode: "VIR_ERR_NO_DOMAIN_SNAPSHOT" });
}

/**
 * The reference to a snapshot that is there.
 *
 * @throws {VirtError} `not-found`
 */
async function snapshotRef(
  { name, dom }: RemoteSnapshot,
  session: HostSession,
): Promise<ObjectRef<"snapshot">> {
  domainOf(session, dom);
  const ref = { $ref: "snapshot", connection: hostName, id: name, name, parent: dom.uuid } as const;
  const known = session.connection.find(ref);
  if (known !== undefined && known.phase !== "removed") return ref;
  // What only the far side knows yet.
  const all = await session.run("snapshot.list", { target: refTo("domain", dom) });
  const found = all.find(({ snapshot }) => snapshot.name === name);
  if (found === undefined) throw noSnapshot(`no domain snapshot with matching name '${name}'`);
  return found.snapshot;
}

function target({ snap }: { readonly snap: RemoteSnapshot }, session: HostSession): Promise<ObjectRef> {
  return snapshotRef(snap, session);
}

/** Whether a snapshot is one of those that some bits ask for, its place in the tree aside. */
function isAsked({ state, location, children }: Entry, flags: number): boolean {
  // Every snapshot that is known is known by its metadata.
  if (oneOf(flags, listFlag.metadata, listFlag.noMetadata) === false) return false;
  const leaves = oneOf(flags, listFlag.leaves, listFlag.noLeaves);
  if (leaves !== undefined && leaves !== (children === 0)) return false;
  const external = oneOf(flags, listFlag.external, listFlag.internal);
  if (external !== undefined && external !== (location === "external")) return false;
  const kind = state === "shutoff" ? "inactive" : state === "disk-snapshot" ? "diskOnly" : "active";
  return wordsOf(flags, stateFlag)?.includes(kind) ?? true;
}

/** The snapshots that some bits ask for, parents before their children. */
async function listed(session: HostSession, among: Among, flags: number): Promise<readonly Entry[]> {
  const isFirst = (flags & listFlag.roots) !== 0;
  const entries = "snap" in among
    ? await session.run("snapshot.children", {
      target: await snapshotRef(among.snap, session),
      input: { descendants: isFirst },
    })
    : await session.run("snapshot.list", {
      target: refTo("domain", domainOf(session, among.dom)),
      input: { roots: isFirst },
    });
  const named = entries.map((entry) => ({ name: entry.snapshot.name, parent: entry.parent, entry }));
  const byBranch = (flags & listFlag.topological) !== 0;
  return parentsFirst(named, { byBranch }).map(({ entry }) => entry).filter((entry) => isAsked(entry, flags));
}

/** What is listed, as names for those who have room for so many. */
async function names(
  session: HostSession,
  { among, flags, room, procedure }: {
    readonly among: Among;
    readonly flags: number;
    readonly room: number;
    readonly procedure: ProcedureName;
  },
): Promise<{ names: readonly string[] }> {
  const entries = await listed(session, among, flags);
  return { names: fitting(entries.map(({ snapshot }) => snapshot.name), { procedure, room }) };
}

/** What is listed, as objects. */
async function objects(
  session: HostSession,
  { among, flags, needResults }: {
    readonly among: Among;
    readonly flags: number;
    readonly needResults: number;
  },
): Promise<{ snapshots: readonly RemoteSnapshot[]; ret: number }> {
  const entries = await listed(session, among, flags);
  const dom = domainOf(session, "snap" in among ? among.snap.dom : among.dom);
  return {
    snapshots: needResults === 0 ? [] : entries.map(({ snapshot }) => ({ name: snapshot.name, dom })),
    ret: entries.length,
  };
}

/** The current snapshot of a domain, where it has one. */
async function currentOf(session: HostSession, dom: RemoteDomain): Promise<Entry | undefined> {
  const target = refTo("domain", domainOf(session, dom));
  return (await session.run("snapshot.list", { target })).find(({ current }) => current);
}

/** The rows. */
export const snapshot = {
  domainSnapshotCreateXml: worded(
    answers(async ({ dom, xmlDesc, flags }, session) => {
      const { name } = await session.run("snapshot.create", {
        target: refTo("domain", domainOf(session, dom)),
        input: {
          xml: xmlDesc,
          redefine: (flags & createFlag.redefine) !== 0,
          current: (flags & createFlag.current) !== 0,
          halt: (flags & createFlag.halt) !== 0,
          diskOnly: (flags & createFlag.diskOnly) !== 0,
          quiesce: (flags & createFlag.quiesce) !== 0,
        },
      });
      return { snap: { name, dom: domainOf(session, dom) } };
    }, { flags: allBits(createFlag) }),
    makingWords("domainsnapshot"),
  ),
  domainSnapshotGetXmlDesc: calls("snapshot.xml", {
    flags: secure,
    target,
    input: ({ flags }) => ({ secure: (flags & secure) !== 0 }),
    result: (xml) => ({ xml }),
  }),
  domainSnapshotNum: answers(async ({ dom, flags }, session) => ({
    num: (await listed(session, { dom }, flags)).length,
  }), { flags: listFlags }),
  domainSnapshotListNames: answers(
    ({ dom, maxnames: room, flags }, session) =>
      names(session, { among: { dom }, flags, room, procedure: "domainSnapshotListNames" }),
    { flags: listFlags },
  ),
  domainListAllSnapshots: answers(
    ({ dom, needResults, flags }, session) => objects(session, { among: { dom }, flags, needResults }),
    { flags: listFlags },
  ),
  domainSnapshotNumChildren: answers(async ({ snap, flags }, session) => ({
    num: (await listed(session, { snap }, flags)).length,
  }), { flags: listFlags }),
  domainSnapshotListChildrenNames: answers(
    ({ snap, maxnames: room, flags }, session) =>
      names(session, { among: { snap }, flags, room, procedure: "domainSnapshotListChildrenNames" }),
    { flags: listFlags },
  ),
  domainSnapshotListAllChildren: answers(
    ({ snapshot: snap, needResults, flags }, session) =>
      objects(session, { among: { snap }, flags, needResults }),
    { flags: listFlags },
  ),
  domainSnapshotLookupByName: answers(async ({ dom, name }, session) => {
    await snapshotRef({ name, dom }, session);
    return { snap: { name, dom: domainOf(session, dom) } };
  }),
  domainHasCurrentSnapshot: answers(async ({ dom }, session) => ({
    result: await currentOf(session, dom) === undefined ? 0 : 1,
  })),
  domainSnapshotCurrent: answers(async ({ dom }, session) => {
    const current = await currentOf(session, dom);
    if (current === undefined) throw noSnapshot("the domain does not have a current snapshot");
    return { snap: { name: current.snapshot.name, dom: domainOf(session, dom) } };
  }),
  domainSnapshotGetParent: answers(async ({ snap }, session) => {
    const { parent } = await session.run("snapshot.info", { target: await snapshotRef(snap, session) });
    if (parent === undefined) throw noSnapshot(`snapshot '${snap.name}' does not have a parent`);
    return { snap: { name: parent, dom: domainOf(session, snap.dom) } };
  }),
  domainSnapshotIsCurrent: calls("snapshot.info", {
    target,
    result: ({ current }) => ({ current: current ? 1 : 0 }),
  }),
  domainSnapshotHasMetadata: answers(async ({ snap }, session) => {
    await snapshotRef(snap, session);
    return { metadata: 1 };
  }),
  domainRevertToSnapshot: calls("snapshot.revert", {
    flags: allBits(revertFlag),
    target,
    input: ({ flags }) => ({
      running: (flags & revertFlag.running) !== 0,
      paused: (flags & revertFlag.paused) !== 0,
      force: (flags & revertFlag.force) !== 0,
    }),
  }),
  domainSnapshotDelete: calls("snapshot.delete", {
    flags: allBits(deleteFlag),
    target,
    input: ({ flags }) => ({
      children: (flags & deleteFlag.children) !== 0,
      childrenOnly: (flags & deleteFlag.childrenOnly) !== 0,
      metadataOnly: (flags & deleteFlag.metadataOnly) !== 0,
    }),
  }),
} satisfies Family;
