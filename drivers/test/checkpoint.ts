/**
 * Checkpoints of domains.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { act } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { disksOf } from "../device.ts";
import { type DomainJob, needGuest, notFound } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";
import type { CheckpointRecord } from "./world/record.ts";
import { attributeOf, encodeXml } from "../xml_span.ts";

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

function nameOf(job: DomainJob, { name }: In<"domain.createCheckpoint">): string {
  return name ?? `checkpoint-${job.newId.slice(0, 8)}`;
}

async function create(job: DomainJob, input: In<"domain.createCheckpoint">): Promise<Entry> {
  const { object } = job;
  needGuest(object, "set a checkpoint on");
  const name = nameOf(job, input);
  if (name.includes("/") || name.startsWith(".")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot set a checkpoint on ${object.label}: "${name}" is no name for one`,
    );
  }
  const targets = disksOf(object.config).map((disk) => attributeOf(disk, "dev", "target") ?? "");
  const disks = input.disks ?? targets;
  const missing = disks.find((disk) => !targets.includes(disk));
  if (missing !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot set a checkpoint on ${object.label}: it has no disk "${missing}"`,
    );
  }
  const parent = latest(job);
  await act(job, "checkpoint.create", {
    input: {
      id: `${object.id}/${name}`,
      domain: object.id,
      name,
      ...(parent === undefined ? {} : { parent }),
      ...(input.description === undefined ? {} : { description: input.description }),
      createdS: Math.floor(job.clock.now() / 1000),
      domainXml: object.config,
      disks: [...disks],
    },
  });
  return entryOf(need(job, name));
}

/** What is under a checkpoint, children before their parents. */
function under(job: DomainJob, name: string): readonly string[] {
  return [...known(job).values()].filter(({ parent }) => parent === name).flatMap((child) => [
    ...under(job, child.name),
    child.name,
  ]);
}

async function remove(job: DomainJob, { name, children }: In<"domain.deleteCheckpoint">): Promise<Nothing> {
  need(job, name);
  for (const each of [...(children ? under(job, name) : []), name]) {
    await act(job, "checkpoint.delete", { input: { id: `${job.object.id}/${each}` } });
  }
  return {};
}

/** A checkpoint's document. Source: libvirt formatcheckpoint. */
function xmlOf(job: DomainJob, { name }: In<"domain.checkpointXml">): string {
  const { parent, description, createdS, disks, domainXml } = need(job, name);
  return [
    "<domaincheckpoint>",
    `  <name>${encodeXml(name)}</name>`,
    ...(description === undefined ? [] : [`  <description>${encodeXml(description)}</description>`]),
    ...(parent === undefined ? [] : ["  <parent>", `    <name>${encodeXml(parent)}</name>`, "  </parent>"]),
    `  <creationTime>${createdS}</creationTime>`,
    "  <disks>",
    ...disks.map((disk) =>
      `    <disk name='${encodeXml(disk)}' checkpoint='bitmap' bitmap='${encodeXml(name)}'/>`
    ),
    "  </disks>",
    domainXml.trimEnd().replace(/^/gm, "  "),
    "</domaincheckpoint>",
    "",
  ].join("\n");
}

export const checkpoints = {
  "domain.createCheckpoint": {
    run: create,
    reconcile: domainByState<"domain.createCheckpoint">({
      also: (job, input) => [{ kind: "checkpoint", id: `${job.object.id}/${nameOf(job, input)}` }],
      done: (job, input) => known(job).has(nameOf(job, input)),
      value: (job, input) => entryOf(need(job, nameOf(job, input))),
    }),
  },
  "domain.listCheckpoints": { run: (job) => Promise.try(() => [...known(job).values()].map(entryOf)) },
  "domain.checkpointXml": { run: (job, input) => Promise.try(xmlOf, job, input) },
  "domain.deleteCheckpoint": {
    run: remove,
    reconcile: domainByState<"domain.deleteCheckpoint">({
      also: (job, { name }) => [{ kind: "checkpoint", id: `${job.object.id}/${name}` }],
      done: (job, { name }) => !known(job).has(name),
      value: () => ({}),
    }),
  },
} satisfies DriverMap;
