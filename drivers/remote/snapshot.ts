/**
 * Snapshots of domains.
 *
 * Their jobs are their domain's. The tree is read out of their documents each time: the far side has it, and others change
 * it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type {
  DriverConnection,
  DriverMap,
  Observation,
  Reconciled,
  SlotClaim,
} from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import type { In, Out } from "../operation_types.ts";
import { attributeOf, childOf, childrenOf, textOf } from "../xml_span.ts";
import { act, askTogether, listObjects, lookAgain, lookUpObject } from "./act.ts";
import { claimParent } from "./claim.ts";
import { type DomainStatus, statusOf } from "./domain.ts";
import type { Line } from "./line.ts";
import { makes, type Wanted } from "./making.ts";
import {
  domainOf,
  type Moment,
  momentDocument,
  type Moments,
  momentsOf,
  readMoment,
  refuseWhileWorking,
  thaw,
} from "./moment.ts";
import { ifThere, nameFilter } from "./named_list.ts";
import { asks, does, needHolder, type Subject } from "./object_call.ts";
import type { Identity, RemoteJob, RemoteObject } from "./object.ts";
import { notFound } from "./refusal.ts";
import { type WireDomain, wireDomain } from "./wire.ts";

type Entry = Out<"snapshot.info">;

/** Source: libvirt, virDomainSnapshotCreateFlags. */
const createFlags = { redefine: 1, current: 2, halt: 8, diskOnly: 16, quiesce: 64 } as const;
/** Source: libvirt, virDomainSnapshotRevertFlags. */
const revertFlags = { running: 1, paused: 2, force: 4 } as const;
/** Source: libvirt, virDomainSnapshotDeleteFlags. */
const deleteFlags = { children: 1, metadataOnly: 2, childrenOnly: 4 } as const;
/** Parents come before their children. Source: libvirt, VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL. */
const topological = 1 << 10;
/** Source: libvirt, VIR_DOMAIN_SNAPSHOT_XML_SECURE. */
const secureXml = 1;

/** A snapshot as it is named on the wire. */
interface WireSnapshot {
  readonly name: string;
  readonly dom: WireDomain;
}

function wireSnapshot({ object, holder }: Pick<Subject<"snapshot.xml">, "object" | "holder">): WireSnapshot {
  return { name: object.name, dom: wireDomain(needHolder({ object, holder })) };
}

function identityOf({ name, dom }: WireSnapshot): Identity<"snapshot"> {
  return { objectClass: "snapshot", id: name, name, parent: dom.uuid };
}

const states: readonly Entry["state"][] = [
  ...["running", "paused", "shutoff", "crashed", "blocked", "pmsuspended", "disk-snapshot"] as const,
];

/** Where a snapshot keeps what it holds. */
function locationOf({ root }: Moment): Entry["location"] {
  const places = [
    attributeOf(root, "snapshot", "memory"),
    ...childrenOf(childOf(root, "disks"), "disk").map((disk) => attributeOf(disk, "snapshot")),
  ];
  if (places.includes("external")) return "external";
  return places.includes("internal") ? "internal" : "none";
}

/** All snapshots of a domain, and the name of the current one. */
interface Snapshots extends Moments {
  readonly names: readonly string[];
  readonly current: string | undefined;
}

async function readAll(line: Line, dom: WireDomain): Promise<Snapshots> {
  const [{ snapshots }, current] = await Promise.all([
    line.call("domainListAllSnapshots", { dom, needResults: 1, flags: topological }),
    ifThere(line.call("domainSnapshotCurrent", { dom, flags: 0 })),
  ]);
  const documents = await Promise.all(
    snapshots.map((snap) => ifThere(line.call("domainSnapshotGetXmlDesc", { snap, flags: 0 }))),
  );
  const found = documents.flatMap((each) => each === undefined ? [] : [readMoment(each.xml)]);
  return { ...momentsOf(found), names: snapshots.map(({ name }) => name), current: current?.snap.name };
}

function entryOf(
  job: RemoteJob,
  { snapshot, all }: { readonly snapshot: RemoteObject; readonly all: Snapshots },
): Entry | undefined {
  const moment = all.byName.get(snapshot.name);
  if (moment === undefined) return undefined;
  const state = textOf(moment.root, "state");
  return {
    snapshot: job.ref(snapshot, "snapshot"),
    state: states.find((each) => each === state) ?? "shutoff",
    ...(moment.parent === undefined ? {} : { parent: moment.parent }),
    children: all.tree.childrenOf(snapshot.name).length,
    current: all.current === snapshot.name,
    createdAt: moment.createdS * 1000,
    ...(moment.description === undefined ? {} : { description: moment.description }),
    location: locationOf(moment),
  };
}

/** Reads a domain's snapshots, and answers those that are asked for. */
async function entriesOf(
  job: RemoteJob,
  domain: RemoteObject,
  choose: (all: Snapshots) => readonly string[],
): Promise<Entry[]> {
  const scope = { objectClass: "snapshot", parent: domain.id } as const;
  const { objects, rest } = await listObjects(job, scope, async (line) => {
    const all = await readAll(line, wireDomain(domain));
    const sightings = all.names.map((name) => ({ ...scope, id: name, name }));
    return { sightings, rest: all };
  }, { doing: "list the snapshots of", target: domain });
  const byName = new Map(objects.map((object) => [object.name, object]));
  return choose(rest).flatMap((name) => {
    const snapshot = byName.get(name);
    return snapshot === undefined ? [] : entryOf(job, { snapshot, all: rest }) ?? [];
  });
}

function list(job: RemoteJob, { name, ...filter }: In<"snapshot.list">): Promise<Entry[]> {
  const isNamed = nameFilter(name);
  return entriesOf(job, job.object, ({ tree }) => {
    const names = tree.matching(filter);
    if (names === undefined) throw notFound("domain snapshot", filter.from ?? "");
    return names.filter(isNamed);
  });
}

/** The snapshot that a call is made on, and its domain. */
function subjectOf(job: RemoteJob): { readonly snapshot: RemoteObject; readonly domain: RemoteObject } {
  const snapshot = (job.target ?? job.object) as RemoteObject;
  const found = snapshot.parent === undefined
    ? undefined
    : job.connection.find({ $ref: "domain", id: snapshot.parent });
  return { snapshot, domain: needHolder({ object: snapshot, holder: found as RemoteObject | undefined }) };
}

async function info(job: RemoteJob): Promise<Entry> {
  const { snapshot, domain } = subjectOf(job);
  const [entry] = await entriesOf(job, domain, () => [snapshot.name]);
  if (entry === undefined) throw notFound("domain snapshot", snapshot.name);
  return entry;
}

function children(job: RemoteJob, { descendants }: In<"snapshot.children">): Promise<Entry[]> {
  const { snapshot, domain } = subjectOf(job);
  return entriesOf(job, domain, ({ tree }) => {
    const names = tree.matching({ from: snapshot.name, descendants, roots: false });
    if (names === undefined) throw notFound("domain snapshot", snapshot.name);
    return names;
  });
}

/** Finds a snapshot of a domain. */
async function find(
  job: RemoteJob,
  where: string,
  { look, missing, target }: {
    readonly look: (line: Line) => Promise<{ readonly snap: WireSnapshot }>;
    readonly missing: () => VirtError;
    readonly target: { readonly label: string };
  },
): Promise<ObjectRef<"snapshot">> {
  const found = await lookUpObject(
    job,
    where,
    async (line) => identityOf((await look(line)).snap),
    { doing: "find a snapshot of", target },
  );
  if (found === undefined) throw missing();
  return job.ref(found, "snapshot");
}

function parent(job: RemoteJob): Promise<ObjectRef<"snapshot">> {
  const { snapshot, domain } = subjectOf(job);
  const snap = { name: snapshot.name, dom: wireDomain(domain) };
  return find(job, "find its parent", {
    target: snapshot,
    look: (line) => line.call("domainSnapshotGetParent", { snap, flags: 0 }),
    missing: () =>
      new VirtError("not-found", `Cannot find the parent of ${snapshot.label}: it has none`, {
        target: snapshot.label,
      }),
  });
}

function current(job: RemoteJob): Promise<ObjectRef<"snapshot">> {
  const { label } = job.object;
  return find(job, "find the current snapshot", {
    target: job.object,
    look: (line) => line.call("domainSnapshotCurrent", { dom: domainOf(job), flags: 0 }),
    missing: () =>
      new VirtError("not-found", `Cannot find the current snapshot of ${label}: it has none`, {
        target: label,
      }),
  });
}

/** What is to be taken. */
function read(job: RemoteJob, input: In<"snapshot.create">): Wanted {
  if (input.redefine && input.xml === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot redefine a snapshot of ${job.object.label}: it needs a document with a name`,
      { target: job.object.label },
    );
  }
  const { name, editor } = momentDocument(job, input, "snapshot");
  return { xml: editor.text, name, id: name, parent: job.object.id };
}

function flagsOf(input: In<"snapshot.create">): number {
  return (input.redefine ? createFlags.redefine : 0) |
    (input.redefine && input.current ? createFlags.current : 0) |
    (input.halt ? createFlags.halt : 0) | (input.diskOnly ? createFlags.diskOnly : 0) |
    (input.quiesce ? createFlags.quiesce : 0);
}

/** What was taken, once the far side has ended its work on it; a guest that was frozen for it goes on. */
async function made(job: RemoteJob, { name }: Wanted): Promise<RemoteObject | undefined> {
  const dom = domainOf(job);
  return await lookUpObject(job, "look for the snapshot", async (line) => {
    await refuseWhileWorking(line, dom);
    const { snap } = await line.call("domainSnapshotLookupByName", { dom, name, flags: 0 });
    return identityOf(snap);
  });
}

const creation = makes<"snapshot.create">({
  objectClass: "snapshot",
  doing: "take",
  read,
  make: async (line, { job, input, wanted: { xml } }) => {
    const dom = domainOf(job);
    const { snap } = await line.call("domainSnapshotCreateXml", { dom, xmlDesc: xml, flags: flagsOf(input) });
    return identityOf(snap);
  },
  find: made,
  isSo: (_made, before) => before["existed"] !== true || before["redefines"] === true,
});

function claimDomain(
  connection: DriverConnection,
  _input: unknown,
  target: ManagedObject | undefined,
): readonly SlotClaim[] {
  return claimParent(connection, "domain", target);
}

function excludesEachOther(job: RemoteJob, [one, other]: readonly [string, string]): VirtError {
  const { label } = (job.target ?? job.object) as RemoteObject;
  return new VirtError(
    "invalid-argument",
    `Cannot ${job.operation} ${label}: ${one} and ${other} exclude each other`,
    { target: label },
  );
}

/** How a revert is asked for, and how it shows. */
async function revert(
  job: RemoteJob,
  { running, paused, force }: In<"snapshot.revert">,
): Promise<DomainStatus> {
  const { snapshot, domain } = subjectOf(job);
  if (running && paused) throw excludesEachOther(job, ["running", "paused"]);
  const flags = (running ? revertFlags.running : 0) | (paused ? revertFlags.paused : 0) |
    (force ? revertFlags.force : 0);
  const snap = { name: snapshot.name, dom: wireDomain(domain) };
  await act(job, "domainRevertToSnapshot", { snap, flags }, { doing: "revert to" });
  return statusOf(job.object);
}

async function hasReverted(job: RemoteJob, before: Observation): Promise<Reconciled<DomainStatus>> {
  await lookAgain(job);
  const { snapshot, domain } = subjectOf(job);
  const dom = wireDomain(domain);
  const current = await askTogether(job, "look for the current snapshot", async (line) => {
    await refuseWhileWorking(line, dom);
    return await ifThere(line.call("domainSnapshotCurrent", { dom, flags: 0 }));
  });
  const isFrom = job.object.facts.state?.reason === "from-snapshot";
  if (current?.snap.name !== snapshot.name || !isFrom) return { kind: "not-done" };
  if (before["reason"] !== "from-snapshot") return { kind: "done", value: statusOf(job.object) };
  return { kind: "unknown", reason: "the domain had been reverted to a snapshot before, too" };
}

export const snapshots = {
  "snapshot.create": {
    ...creation,
    reconcile: async (job: RemoteJob, input, before) => {
      const { redefine: redefines } = input;
      if (input.quiesce) {
        await askTogether(job, "thaw", (line) => thaw(line, domainOf(job)), { acts: true });
      }
      return await creation.reconcile(job, input, { ...before, redefines });
    },
  },
  "snapshot.list": { run: list },
  "snapshot.lookup": {
    run: (job: RemoteJob, { name }) =>
      find(job, `find ${name}`, {
        target: job.object,
        look: (line) => line.call("domainSnapshotLookupByName", { dom: domainOf(job), name, flags: 0 }),
        missing: () => notFound("domain snapshot", name),
      }),
  },
  "snapshot.current": { run: current },
  "snapshot.xml": asks("show", async (line, { object, holder, input: { secure } }) => {
    const flags = secure ? secureXml : 0;
    return (await line.call("domainSnapshotGetXmlDesc", { snap: wireSnapshot({ object, holder }), flags }))
      .xml;
  }),
  "snapshot.info": { run: info },
  "snapshot.parent": { run: parent },
  "snapshot.children": { run: children },
  "snapshot.revert": {
    run: revert,
    about: claimDomain,
    observe: ({ object }: RemoteJob) => ({ reason: object.facts.state?.reason ?? "" }),
    reconcile: (job: RemoteJob, _input, before) => hasReverted(job, before),
  },
  "snapshot.delete": does<"snapshot.delete">({
    doing: "delete",
    act: async (line, { job, object, holder, input: { children, childrenOnly, metadataOnly } }) => {
      if (children && childrenOnly) throw excludesEachOther(job, ["children", "childrenOnly"]);
      const flags = (children ? deleteFlags.children : 0) | (childrenOnly ? deleteFlags.childrenOnly : 0) |
        (metadataOnly ? deleteFlags.metadataOnly : 0);
      await line.call("domainSnapshotDelete", { snap: wireSnapshot({ object, holder }), flags });
      return {};
    },
    isSo: async (line, { job, object, holder, input: { childrenOnly } }) => {
      await refuseWhileWorking(line, domainOf(job));
      const snap = wireSnapshot({ object, holder });
      if (!childrenOnly) {
        return await ifThere(line.call("domainSnapshotIsCurrent", { snap, flags: 0 })) === undefined;
      }
      return (await line.call("domainSnapshotNumChildren", { snap, flags: 0 })).num === 0;
    },
    answer: {},
    about: claimDomain,
  }),
} satisfies DriverMap;
