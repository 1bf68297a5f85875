/**
 * What people and programs write about domains and networks.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { metadataKinds } from "../../protocol/words/domain.ts";
import { readXml, type XmlElement } from "../xml_span.ts";

/** What can be written. */
type Kind = typeof metadataKinds[number];

/** Something to write. */
interface Writing {
  readonly kind: Kind;
  readonly value?: string | undefined;
  readonly uri?: string | undefined;
  readonly key?: string | undefined;
}

/** Where something is, as calls that read it take it. */
export function metadataPlace(
  { kind, uri }: Writing,
): { readonly type: number; readonly uri: string | undefined } {
  return { type: metadataKinds.indexOf(kind), uri };
}

/** What is to be written, as calls that write it take it. An empty title or description is none. */
export function metadataWriting(writing: Writing): ReturnType<typeof metadataPlace> & {
  readonly metadata: string | undefined;
  readonly key: string | undefined;
} {
  const { kind, value, key } = writing;
  const metadata = value === "" && kind !== "element" ? undefined : value;
  return { ...metadataPlace(writing), metadata, key };
}

/** Whether there is what was to be written; what is not found is not written. */
export async function isWritten(
  ask: Promise<{ readonly metadata: string }>,
  { kind, value }: Writing,
): Promise<boolean> {
  try {
    return isSame(kind, (await ask).metadata, value);
  } catch (error) {
    if (isVirtError(error, "not-found")) return isSame(kind, undefined, value);
    throw error;
  }
}

function isSame(kind: Kind, now: string | undefined, wanted: string | undefined): boolean {
  if (kind !== "element" || now === undefined || wanted === undefined) return (now ?? "") === (wanted ?? "");
  return JSON.stringify(shapeOf(readXml(now))) === JSON.stringify(shapeOf(readXml(wanted)));
}

/** An element without what a writer is free to choose: prefixes, white space, the order of attributes. */
function shapeOf({ name, attributes, children, text }: XmlElement): unknown {
  const own = [...attributes].filter(([attribute]) => !attribute.startsWith("xmlns")).sort();
  return [name.replace(/^.*:/, ""), own, text.trim(), children.map(shapeOf)];
}
