/**
 * What snapshots and checkpoints have in common: a name within their domain, a document, a tree.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import { jobOperations } from "../../protocol/words/domain.ts";
import { MomentTree } from "../moment_tree.ts";
import { XmlEditor } from "../xml_edit.ts";
import { readXml, textOf, type XmlElement } from "../xml_span.ts";
import type { Line } from "./line.ts";
import type { RemoteJob } from "./object.ts";
import { type WireDomain, wireDomain } from "./wire.ts";

/** Names and descriptions as a caller gives them, beside or in a document. */
export interface MomentRequest {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly xml?: string | undefined;
}

/** A snapshot or a checkpoint that is to be taken. */
export interface MomentDocument {
  readonly name: string;
  readonly editor: XmlEditor;
}

/**
 * The document that is sent. A name that is not given follows from the call's own id, so that a resumed call has the same.
 *
 * @throws {VirtError} `invalid-document`, `invalid-argument` for a name that cannot be a file's.
 */
export function momentDocument(
  { newId, object }: RemoteJob,
  { name, description, xml }: MomentRequest,
  kind: "snapshot" | "checkpoint",
): MomentDocument {
  const root = `domain${kind}`;
  const editor = new XmlEditor(xml ?? `<${root}></${root}>`);
  if (editor.root.name !== root) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the ${kind}: found <${editor.root.name}>, expected <${root}>`,
    );
  }
  const called = name ?? textOf(editor.root, "name") ?? `${kind}-${newId.slice(0, 8)}`;
  if (called === "" || called.includes("/") || called.startsWith(".")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot take a ${kind} of ${object.label}: "${called}" is no name for one`,
      { target: object.label },
    );
  }
  editor.put(["name"], { text: called });
  if (description !== undefined) editor.put(["description"], { text: description });
  return { name: called, editor };
}

/** A snapshot or a checkpoint as its document tells. */
export interface Moment {
  readonly name: string;
  readonly parent?: string;
  readonly description?: string;
  /** Seconds since 1970. */
  readonly createdS: number;
  readonly root: XmlElement;
}

/** Reads the document of a snapshot or a checkpoint. Source: libvirt formatsnapshot, formatcheckpoint. */
export function readMoment(xml: string): Moment {
  const root = readXml(xml);
  const parent = textOf(root, "parent", "name");
  const description = textOf(root, "description");
  return {
    name: textOf(root, "name") ?? "",
    ...(parent === undefined ? {} : { parent }),
    ...(description === undefined ? {} : { description }),
    createdS: Number(textOf(root, "creationTime") ?? 0),
    root,
  };
}

/** All snapshots of a domain, or all checkpoints, and how they hang together. */
export interface Moments {
  readonly tree: MomentTree;
  readonly byName: ReadonlyMap<string, Moment>;
}

/**
 * Puts moments in order: parents before their children, and else by age. Who asked for them asked for parents first; of one
 * parent's children the far side tells the youngest first.
 */
export function momentsOf(found: readonly Moment[]): Moments {
  const tree = new MomentTree();
  const byName = new Map(found.map((each) => [each.name, each]));
  const aged = [...found].reverse().sort((one, other) => one.createdS - other.createdS);
  const place = (parent: string | undefined): void => {
    for (const each of aged) {
      const above = each.parent !== undefined && byName.has(each.parent) ? each.parent : undefined;
      if (above !== parent) continue;
      tree.put(each.name, above);
      place(each.name);
    }
  };
  place(undefined);
  return { tree, byName };
}

/** The domain that a job is on, for the wire. */
export function domainOf({ object }: RemoteJob): WireDomain {
  return wireDomain(object);
}

/** What the far side works on in a domain that nobody waits for any more. */
const momentOperations: ReadonlySet<string> = new Set<typeof jobOperations[number]>([
  ...["snapshot", "snapshot-revert", "snapshot-delete"] as const,
]);

/**
 * Waits for nothing and says nothing certain while the far side still takes, deletes or reverts to a snapshot: what shows now
 * may not last.
 *
 * @throws {VirtError} `outcome-unknown`
 */
export async function refuseWhileWorking(line: Line, dom: WireDomain): Promise<void> {
  const operation = await jobOperation(line, dom);
  if (operation === undefined || !momentOperations.has(operation)) return;
  throw new VirtError("outcome-unknown", "the host still works on a snapshot of the domain");
}

/** What the far side does with a domain right now; `undefined` where it does nothing, or cannot tell. */
async function jobOperation(line: Line, dom: WireDomain): Promise<string | undefined> {
  try {
    const { type, params } = await line.call("domainGetJobStats", { dom, flags: 0 });
    const operation = params.find(({ field }) => field === "operation")?.value.value;
    return type === 0 || typeof operation !== "number" ? undefined : jobOperations[operation];
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
    throw error;
  }
}

/** Lets a guest go on whose file systems were frozen for what was not finished. */
export async function thaw(line: Line, dom: WireDomain): Promise<void> {
  try {
    await line.call("domainFsthaw", { dom, mountpoints: [], flags: 0 });
  } catch (error) {
    // It may have gone on by itself, or it has no agent any more.
    if (!isVirtError(error) || error.remoteCode === undefined) throw error;
  }
}
