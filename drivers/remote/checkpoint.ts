/**
 * Checkpoints of domains.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap, Implementation } from "../../runtime/driver.ts";
import type { In, Out } from "../operation_types.ts";
import { childOf, childrenOf } from "../xml_span.ts";
import { actTogether, askTogether, lookAgain } from "./act.ts";
import { needRunning } from "./domain.ts";
import type { Line } from "./line.ts";
import {
  domainOf,
  type Moment,
  type MomentDocument,
  momentDocument,
  type Moments,
  momentsOf,
  readMoment,
  thaw,
} from "./moment.ts";
import { ifThere, nameFilter } from "./named_list.ts";
import { asks, does } from "./object_call.ts";
import type { RemoteJob } from "./object.ts";
import { notFound } from "./refusal.ts";
import type { WireDomain } from "./wire.ts";

type Entry = Out<"domain.createCheckpoint">;

/** Source: libvirt, virDomainCheckpointCreateFlags. */
const createFlags = { redefine: 1, quiesce: 2 } as const;
/** Source: libvirt, virDomainCheckpointXMLFlags. */
const xmlFlags = { secure: 1, noDomain: 2, size: 4 } as const;
/** Source: libvirt, virDomainCheckpointDeleteFlags. */
const deleteFlags = { children: 1, metadataOnly: 2, childrenOnly: 4 } as const;
/** Parents come before their children. Source: libvirt, VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL. */
const topological = 2;

function entryOf({ name, parent, createdS, description, root }: Moment): Entry {
  return {
    name,
    ...(parent === undefined ? {} : { parent }),
    createdAt: createdS * 1000,
    ...(description === undefined ? {} : { description }),
    disks: childrenOf(childOf(root, "disks"), "disk")
      .filter(({ attributes }) => attributes.get("checkpoint") !== "no")
      .map(({ attributes }) => attributes.get("name") ?? ""),
  };
}

async function readAll(line: Line, dom: WireDomain): Promise<Moments> {
  const { checkpoints } = await line.call("domainListAllCheckpoints", {
    dom,
    needResults: 1,
    flags: topological,
  });
  const documents = await Promise.all(
    checkpoints.map((checkpoint) =>
      ifThere(line.call("domainCheckpointGetXmlDesc", { checkpoint, flags: xmlFlags.noDomain }))
    ),
  );
  return momentsOf(documents.flatMap((each) => each === undefined ? [] : [readMoment(each.xml)]));
}

async function list(job: RemoteJob, { name, ...filter }: In<"domain.listCheckpoints">): Promise<Entry[]> {
  const isNamed = nameFilter(name);
  const { tree, byName } = await askTogether(
    job,
    "list checkpoints",
    (line) => readAll(line, domainOf(job)),
    { doing: "list the checkpoints of" },
  );
  const names = tree.matching(filter);
  if (names === undefined) throw notFound("domain checkpoint", filter.from ?? "");
  return names.filter(isNamed).flatMap((each) => {
    const moment = byName.get(each);
    return moment === undefined ? [] : [entryOf(moment)];
  });
}

async function readOne(
  line: Line,
  { dom, name }: { readonly dom: WireDomain; readonly name: string },
): Promise<Entry> {
  const checkpoint = { name, dom };
  const { xml } = await line.call("domainCheckpointGetXmlDesc", { checkpoint, flags: xmlFlags.noDomain });
  return entryOf(readMoment(xml));
}

/** The document that is sent. */
function documentOf(job: RemoteJob, input: In<"domain.createCheckpoint">): MomentDocument {
  if (input.redefine && input.xml === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot redefine a checkpoint of ${job.object.label}: it needs a document with a name`,
      { target: job.object.label },
    );
  }
  const asked = momentDocument(job, input, "checkpoint");
  if (input.disks !== undefined) {
    asked.editor.remove(childOf(asked.editor.root, "disks"));
    for (const name of input.disks) {
      asked.editor.put(["disks"]).putIn(() => childOf(asked.editor.root, "disks"), {
        name: "disk",
        key: { name },
      });
    }
  }
  return asked;
}

const creation: Implementation<"domain.createCheckpoint"> = {
  run: (job: RemoteJob, input) => {
    const { name, editor } = documentOf(job, input);
    if (!input.redefine) needRunning(job.object, "set a checkpoint on");
    const flags = (input.redefine ? createFlags.redefine : 0) | (input.quiesce ? createFlags.quiesce : 0);
    return actTogether(job, "domainCheckpointCreateXml", async (line) => {
      const dom = domainOf(job);
      await line.call("domainCheckpointCreateXml", { dom, xmlDesc: editor.text, flags });
      return await readOne(line, { dom, name });
    }, { doing: `set checkpoint "${name}" on` });
  },
  reconcile: async (job: RemoteJob, input) => {
    await lookAgain(job);
    const dom = domainOf(job);
    if (input.quiesce) await askTogether(job, "thaw", (line) => thaw(line, dom), { acts: true });
    const { name } = documentOf(job, input);
    const found = await askTogether(
      job,
      "look for the checkpoint",
      (line) => ifThere(readOne(line, { dom, name })),
    );
    return found === undefined ? { kind: "not-done" } : { kind: "done", value: found };
  },
};

export const checkpoints = {
  "domain.createCheckpoint": creation,
  "domain.listCheckpoints": { run: list },
  "domain.checkpointInfo": asks(
    "show a checkpoint of",
    (line, { job, input: { name } }) => readOne(line, { dom: domainOf(job), name }),
  ),
  "domain.checkpointXml": asks(
    "show a checkpoint of",
    async (line, { job, input: { name, secure, withoutDomain, sizes } }) => {
      const flags = (secure ? xmlFlags.secure : 0) | (withoutDomain ? xmlFlags.noDomain : 0) |
        (sizes ? xmlFlags.size : 0);
      const checkpoint = { name, dom: domainOf(job) };
      return (await line.call("domainCheckpointGetXmlDesc", { checkpoint, flags })).xml;
    },
  ),
  "domain.deleteCheckpoint": does<"domain.deleteCheckpoint">({
    doing: "delete a checkpoint of",
    act: async (line, { job, input: { name, children, childrenOnly, metadataOnly } }) => {
      if (children && childrenOnly) {
        throw new VirtError(
          "invalid-argument",
          "Cannot delete a checkpoint: children and childrenOnly exclude each other",
        );
      }
      const flags = (children ? deleteFlags.children : 0) | (childrenOnly ? deleteFlags.childrenOnly : 0) |
        (metadataOnly ? deleteFlags.metadataOnly : 0);
      await line.call("domainCheckpointDelete", { checkpoint: { name, dom: domainOf(job) }, flags });
      return {};
    },
    isSo: async (line, { job, input: { name, childrenOnly } }) => {
      const { tree } = await readAll(line, domainOf(job));
      return childrenOnly ? tree.childrenOf(name).length === 0 : !tree.has(name);
    },
    answer: {},
  }),
} satisfies DriverMap;
