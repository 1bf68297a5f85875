/**
 * Checkpoints of domains.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { disksOf } from "../device.ts";
import {
  attributeOf,
  childOf,
  childrenOf,
  encodeXml,
  readXml,
  textOf,
  type XmlElement,
} from "../xml_span.ts";
import { act, undo } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { withoutSecrets } from "./documents.ts";
import { type DomainJob, needGuest, notFound } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { refresh } from "./reconcile.ts";
import type { CheckpointRecord } from "./world/record.ts";

type Entry = Out<"domain.createCheckpoint">;

function entryOf({ name, parent, createdS, description, disks }: CheckpointRecord): Entry {
  return {
    name,
    ...(parent === undefined ? {} : { parent }),
    createdAt: createdS * 1000,
    ...(description === undefined ? {} : { description }),
    disks: [...disks],
  };
}

function known(job: DomainJob): ReadonlyMap<string, CheckpointRecord> {
  return connectionOf(job).table.checkpoints(job.object.id);
}

function need(job: DomainJob, name: string): CheckpointRecord {
  const checkpoint = known(job).get(name);
  if (checkpoint === undefined) throw notFound("domain checkpoint", name);
  return checkpoint;
}

/** The checkpoint under which the next one stands: the one without children that was set last. */
function latest(job: DomainJob): string | undefined {
  const all = [...known(job).values()];
  return all.findLast(({ name }) => !all.some(({ parent }) => parent === name))?.name;
}

function nameOf(job: DomainJob, input: In<"domain.createCheckpoint">): string {
  const root = documentOf(input);
  return input.name ?? (root === undefined ? undefined : textOf(root, "name")) ??
    `checkpoint-${job.newId.slice(0, 8)}`;
}

/** What a caller asks for. */
interface Asked {
  readonly name: string;
  readonly description?: string;
  readonly parent?: string;
  readonly createdS: number;
  readonly domainXml: string;
  readonly disks: readonly string[];
}

/** The document of a call, where it has one. */
function documentOf({ xml }: In<"domain.createCheckpoint">): XmlElement | undefined {
  if (xml === undefined) return undefined;
  const root = readXml(xml, "checkpoint");
  if (root.name === "domaincheckpoint") return root;
  throw new VirtError(
    "invalid-document",
    `Cannot read the checkpoint: found <${root.name}>, expected <domaincheckpoint>`,
  );
}

/** The disks that a document names: all where it names none. */
function disksIn(root: XmlElement | undefined): readonly string[] | undefined {
  const listed = childrenOf(root === undefined ? undefined : childOf(root, "disks"), "disk");
  if (listed.length === 0) return undefined;
  return listed.filter(({ attributes }) => attributes.get("checkpoint") !== "no").map(({ attributes }) =>
    attributes.get("name") ?? ""
  );
}

function asked(job: DomainJob, input: In<"domain.createCheckpoint">): Asked {
  const { object } = job;
  const root = documentOf(input);
  const name = nameOf(job, input);
  if (name === "" || name.includes("/") || name.startsWith(".")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot set a checkpoint on ${object.label}: "${name}" is no name for one`,
    );
  }
  const targets = disksOf(object.config).map((disk) => attributeOf(disk, "dev", "target") ?? "");
  const disks = input.disks ?? disksIn(root) ?? targets;
  const missing = disks.find((disk) => !targets.includes(disk));
  if (missing !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot set a checkpoint on ${object.label}: it has no disk "${missing}"`,
    );
  }
  const description = input.description ?? (root === undefined ? undefined : textOf(root, "description"));
  const parent = input.redefine ? root && textOf(root, "parent", "name") : latest(job);
  const createdS = input.redefine ? root && textOf(root, "creationTime") : undefined;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parent === undefined ? {} : { parent }),
    createdS: createdS === undefined ? Math.floor(job.clock.now() / 1000) : Number(createdS),
    domainXml: object.config,
    disks: [...disks],
  };
}

/** What a redefinition must say, and must not. */
function checkRedefinition(
  job: DomainJob,
  { name, parent }: Asked,
  input: In<"domain.createCheckpoint">,
): void {
  const root = documentOf(input);
  const unsaid = root === undefined
    ? "document"
    : ["name", "creationTime"].find((child) => textOf(root, child) === undefined);
  if (unsaid !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot redefine a checkpoint of ${job.object.label}: it has no ${unsaid}`,
    );
  }
  if (
    parent === undefined || (known(job).has(parent) && parent !== name && !under(job, name).includes(parent))
  ) {
    return;
  }
  throw new VirtError(
    "invalid-argument",
    `Cannot redefine checkpoint "${name}" of ${job.object.label}: "${parent}" cannot be its parent`,
  );
}

async function create(job: DomainJob, input: In<"domain.createCheckpoint">): Promise<Entry> {
  const { object } = job;
  const { id } = object;
  if (connectionOf(job).table.snapshots(id).size > 0) {
    throw new VirtError("unsupported", "cannot create checkpoint while snapshot exists", {
      target: object.label,
      remoteCode: "VIR_ERR_OPERATION_UNSUPPORTED",
    });
  }
  const checkpoint = asked(job, input);
  if (input.redefine) checkRedefinition(job, checkpoint, input);
  else needGuest(object, "set a checkpoint on");
  const { redefine } = input;
  const record = { ...checkpoint, id: `${id}/${checkpoint.name}`, domain: id, redefine };
  const freezes = input.quiesce && !redefine;
  if (freezes) await act(job, "agent.freeze", { input: { id } });
  try {
    await act(job, "checkpoint.create", { input: { ...record, disks: [...record.disks] } });
  } catch (error) {
    if (freezes && object.live !== undefined) {
      await undo(job, "agent.thaw", { input: { id }, because: error });
    }
    throw error;
  }
  if (freezes) await act(job, "agent.thaw", { input: { id } });
  return entryOf(need(job, checkpoint.name));
}

/** Lets a guest go on whose file systems were frozen for a checkpoint. */
async function endQuiesce(job: DomainJob): Promise<void> {
  const { id, live } = job.object;
  if (live === undefined || live.frozen.length === 0) return;
  await act(job, "agent.thaw", { input: { id }, offline: true });
}

function list(job: DomainJob, input: In<"domain.listCheckpoints">): Entry[] {
  const { name, from, descendants, roots, leaves } = input;
  if (from !== undefined) need(job, from);
  const all = known(job);
  const glob = name === undefined ? undefined : Glob.parse(name);
  const below = from === undefined
    ? undefined
    : new Set(descendants ? under(job, from) : childrenOfOne(job, from));
  return inOrder(job).filter((each) =>
    (below?.has(each) ?? true) && (glob?.matches(each) ?? true) &&
    (!roots || all.get(each)?.parent === undefined) &&
    (leaves === undefined || leaves === (childrenOfOne(job, each).length === 0))
  ).map((each) => entryOf(need(job, each)));
}

function childrenOfOne(job: DomainJob, name: string | undefined): readonly string[] {
  return [...known(job).values()].filter(({ parent }) => parent === name).map((child) => child.name);
}

/** All names, parents before their children. */
function inOrder(job: DomainJob, from?: string): readonly string[] {
  return childrenOfOne(job, from).flatMap((name) => [name, ...inOrder(job, name)]);
}

/** What is under a checkpoint, children before their parents. */
function under(job: DomainJob, name: string): readonly string[] {
  return [...known(job).values()].filter(({ parent }) => parent === name).flatMap((child) => [
    ...under(job, child.name),
    child.name,
  ]);
}

/** What a delete concerns, children before their parents. */
function doomed(
  job: DomainJob,
  { name, children, childrenOnly }: In<"domain.deleteCheckpoint">,
): readonly string[] {
  const below = children || childrenOnly ? under(job, name) : [];
  return childrenOnly ? below : [...below, name];
}

async function remove(job: DomainJob, input: In<"domain.deleteCheckpoint">): Promise<Nothing> {
  if (input.children && input.childrenOnly) {
    throw new VirtError(
      "invalid-argument",
      "Cannot delete a checkpoint: children and childrenOnly exclude each other",
    );
  }
  need(job, input.name);
  for (const each of doomed(job, input)) {
    await act(job, "checkpoint.delete", { input: { id: `${job.object.id}/${each}` } });
  }
  return {};
}

/** A checkpoint's document. Source: libvirt formatcheckpoint. */
function xmlOf(job: DomainJob, { name, secure, withoutDomain, sizes }: In<"domain.checkpointXml">): string {
  const { parent, description, createdS, disks, domainXml } = need(job, name);
  const domain = secure ? domainXml : withoutSecrets(domainXml);
  // Nothing writes to a simulated disk by itself.
  const size = sizes ? " size='0'" : "";
  return [
    "<domaincheckpoint>",
    `  <name>${encodeXml(name)}</name>`,
    ...(description === undefined ? [] : [`  <description>${encodeXml(description)}</description>`]),
    ...(parent === undefined ? [] : ["  <parent>", `    <name>${encodeXml(parent)}</name>`, "  </parent>"]),
    `  <creationTime>${createdS}</creationTime>`,
    "  <disks>",
    ...disks.map((disk) =>
      `    <disk name='${encodeXml(disk)}' checkpoint='bitmap' bitmap='${encodeXml(name)}'${size}/>`
    ),
    "  </disks>",
    ...(withoutDomain ? [] : [domain.trimEnd().replace(/^/gm, "  ")]),
    "</domaincheckpoint>",
    "",
  ].join("\n");
}

export const checkpoints = {
  "domain.createCheckpoint": {
    run: create,
    reconcile: async (job: DomainJob, input) => {
      const name = nameOf(job, input);
      const { id } = job.object;
      await refresh(job, [{ kind: "domain", id }, { kind: "checkpoint", id: `${id}/${name}` }]);
      if (input.quiesce) await endQuiesce(job);
      const found = known(job).get(name);
      return found === undefined ? { kind: "not-done" } : { kind: "done", value: entryOf(found) };
    },
  },
  "domain.listCheckpoints": { run: (job, input) => Promise.try(list, job, input) },
  "domain.checkpointInfo": { run: (job, { name }) => Promise.try(() => entryOf(need(job, name))) },
  "domain.checkpointXml": { run: (job, input) => Promise.try(xmlOf, job, input) },
  "domain.deleteCheckpoint": {
    run: remove,
    observe: (job: DomainJob, input) => ({ names: doomed(job, input) }),
    reconcile: async (job: DomainJob, input, before) => {
      const named: unknown = before["names"];
      const names = Array.isArray(named) ? named.map(String) : [input.name];
      const { id } = job.object;
      await refresh(job, [
        { kind: "domain", id },
        ...names.map((name) => ({ kind: "checkpoint" as const, id: `${id}/${name}` })),
      ]);
      return names.some((name) => known(job).has(name)) ? { kind: "not-done" } : { kind: "done", value: {} };
    },
  },
} satisfies DriverMap;
