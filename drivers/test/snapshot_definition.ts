/**
 * Documents of snapshots: what a caller asks for, and what a snapshot shows of itself.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { normalise } from "../../model/xml/mod.ts";
import { disksOf } from "../device.ts";
import type { DomainJob } from "./domain.ts";
import type { In } from "./operation_types.ts";
import type { SnapshotRecord } from "./world/record.ts";
import {
  attributeOf,
  childOf,
  childrenOf,
  encodeXml,
  readXml,
  textOf,
  type XmlElement,
} from "../xml_span.ts";

type Place = "no" | "internal" | "external";

/** A snapshot to be taken, as the hypervisor takes it. */
export interface SnapshotRequest {
  readonly id: string;
  readonly domain: string;
  readonly name: string;
  readonly parent?: string;
  readonly description?: string;
  readonly createdS: number;
  readonly state: string;
  readonly domainXml: string;
  readonly memory: Place;
  readonly disks: { readonly name: string; readonly snapshot: Place }[];
  readonly redefine: boolean;
  readonly current: boolean;
}

function placeOf(text: string | undefined, otherwise: Place): Place {
  return text === "no" || text === "internal" || text === "external" ? text : otherwise;
}

/**
 * What a caller asks for. A name that is not given follows from the call's own id, so that a resumed call has the same.
 *
 * @throws {VirtError} `invalid-document`, `invalid-argument`
 */
export function readSnapshot(job: DomainJob, input: In<"snapshot.create">): SnapshotRequest {
  const { object } = job;
  const text = input.xml === undefined ? undefined : inNormalForm(job, input.xml, input.redefine);
  const root = text === undefined ? undefined : readXml(text, "snapshot");
  if (input.redefine && (root === undefined || textOf(root, "name") === undefined)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot redefine a snapshot of ${object.label}: it needs a document with a name`,
    );
  }
  const createdS = Math.floor(job.clock.now() / 1000);
  const name = input.name ?? (root === undefined ? undefined : textOf(root, "name")) ??
    `snapshot-${job.newId.slice(0, 8)}`;
  if (name === "" || name.includes("/") || name.startsWith(".")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot take a snapshot of ${object.label}: "${name}" is no name for one`,
    );
  }
  const description = input.description ?? (root === undefined ? undefined : textOf(root, "description"));
  const parent = input.redefine
    ? textOf(root ?? readXml("<x/>"), "parent", "name")
    : object.facts.record.currentSnapshot;
  const running = object.live !== undefined;
  const memory = input.diskOnly || !running
    ? "no"
    : placeOf(root === undefined ? undefined : attributeOf(root, "snapshot", "memory"), "internal");
  return {
    id: `${object.id}/${name}`,
    domain: object.id,
    name,
    ...(parent === undefined ? {} : { parent }),
    ...(description === undefined ? {} : { description }),
    createdS: input.redefine ? Number(textOf(root ?? readXml("<x/>"), "creationTime") ?? createdS) : createdS,
    state: input.redefine
      ? textOf(root ?? readXml("<x/>"), "state") ?? "shutoff"
      : stateFor(job, input.diskOnly),
    domainXml: input.redefine ? redefinedDomain(root, text ?? "", object.id) : object.config,
    memory,
    disks: [...disksFor(job, { root, diskOnly: input.diskOnly })],
    redefine: input.redefine,
    current: !input.redefine || input.current,
  };
}

/** The document as libvirt writes it. */
function inNormalForm({ object, clock }: DomainJob, xml: string, redefine: boolean): string {
  const root = readXml(xml, "snapshot");
  if (root.name !== "domainsnapshot") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the snapshot: found <${root.name}>, expected <domainsnapshot>`,
    );
  }
  return normalise(xml, {
    context: { redefine, domainUuid: object.id, now: Math.floor(clock.now() / 1000), arch: "i686" },
  });
}

function stateFor({ object }: DomainJob, diskOnly: boolean): string {
  if (object.live === undefined) return "shutoff";
  return diskOnly ? "disk-snapshot" : object.live.state;
}

/** Where each disk's data goes: into its image, beside it, or nowhere. Read-only and empty drives are left out. */
function disksFor(
  { object }: DomainJob,
  { root, diskOnly }: { readonly root: XmlElement | undefined; readonly diskOnly: boolean },
): readonly { readonly name: string; readonly snapshot: Place }[] {
  const asked = new Map(
    childrenOf(root === undefined ? undefined : childOf(root, "disks"), "disk").map(({ attributes }) => [
      attributes.get("name"),
      attributes.get("snapshot"),
    ]),
  );
  const targets = new Set<string>();
  const disks = disksOf(object.config).map((disk) => {
    const name = attributeOf(disk, "dev", "target") ?? "";
    targets.add(name);
    const kept = childOf(disk, "source") === undefined || childOf(disk, "readonly") !== undefined;
    return { name, snapshot: placeOf(asked.get(name), kept ? "no" : diskOnly ? "external" : "internal") };
  });
  for (const name of asked.keys()) {
    if (name === undefined || !targets.has(name)) {
      throw new VirtError(
        "invalid-argument",
        `Cannot take a snapshot of ${object.label}: it has no disk "${name ?? ""}"`,
      );
    }
  }
  return disks;
}

function redefinedDomain(root: XmlElement | undefined, xml: string, id: string): string {
  const domain = root === undefined ? undefined : childOf(root, "domain");
  if (domain === undefined) return "";
  const uuid = textOf(domain, "uuid");
  if (uuid !== undefined && uuid.toLowerCase() !== id) {
    throw new VirtError(
      "invalid-argument",
      `Cannot redefine a snapshot: it is of the domain with UUID ${uuid}`,
    );
  }
  const margin = /[ \t]*$/.exec(xml.slice(0, domain.start))?.[0] ?? "";
  return `${xml.slice(domain.start, domain.end).replaceAll(`\n${margin}`, "\n")}\n`;
}

/** A snapshot's document. Source: libvirt formatsnapshot. */
export function snapshotXml(snapshot: SnapshotRecord): string {
  const lines = [
    "<domainsnapshot>",
    `  <name>${encodeXml(snapshot.name)}</name>`,
    ...(snapshot.description === undefined
      ? []
      : [`  <description>${encodeXml(snapshot.description)}</description>`]),
    `  <state>${snapshot.state}</state>`,
    ...(snapshot.parent === undefined
      ? []
      : ["  <parent>", `    <name>${encodeXml(snapshot.parent)}</name>`, "  </parent>"]),
    `  <creationTime>${snapshot.createdS}</creationTime>`,
    `  <memory snapshot='${snapshot.memory}'/>`,
    ...(snapshot.disks.length === 0 ? [] : [
      "  <disks>",
      ...snapshot.disks.map(({ name, snapshot }) =>
        `    <disk name='${encodeXml(name)}' snapshot='${snapshot}'/>`
      ),
      "  </disks>",
    ]),
    ...(snapshot.domainXml === "" ? [] : [snapshot.domainXml.trimEnd().replace(/^/gm, "  ")]),
    "</domainsnapshot>",
    "",
  ];
  return lines.join("\n");
}
