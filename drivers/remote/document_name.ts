/**
 * What documents without a `<name>` of the usual kind call what they define.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { canonicalUuid } from "../definition.ts";
import { XmlEditor } from "../xml_edit.ts";
import { childOf, readXml, textOf, type XmlElement } from "../xml_span.ts";

/**
 * The root of a document of a kind.
 *
 * @throws {VirtError} `invalid-document` where it is of another.
 */
export function readRoot(
  xml: string,
  { root, what }: { readonly root: string; readonly what: string },
): XmlElement {
  const found = readXml(xml, what);
  if (found.name === root) return found;
  throw new VirtError(
    "invalid-document",
    `Cannot read the ${what}: found <${found.name}>, expected <${root}>`,
  );
}

/**
 * An attribute that a document must have.
 *
 * @throws {VirtError} `invalid-document`
 */
export function needAttribute(
  element: XmlElement | undefined,
  name: string,
  what: string,
): string {
  const value = element?.attributes.get(name);
  if (value !== undefined && value !== "") return value;
  throw new VirtError("invalid-document", `Cannot read the ${what}: expected a ${name}`);
}

/** A document with a UUID. */
export interface WithUuid {
  readonly xml: string;
  readonly uuid: string;
}

/**
 * The document with a UUID: its own, or else the one that is given, so that what is made can be found again.
 *
 * @throws {VirtError} `invalid-document` where it has one that is none.
 */
export function withUuid(
  xml: string,
  { newId, what }: { readonly newId: string; readonly what: string },
): WithUuid {
  const root = readXml(xml, what);
  if (childOf(root, "uuid") === undefined) {
    return { xml: new XmlEditor(xml).put(["uuid"], { text: newId }).text, uuid: newId };
  }
  const given = textOf(root, "uuid") ?? "";
  const uuid = canonicalUuid(given);
  if (uuid !== undefined) return { xml, uuid };
  throw new VirtError("invalid-document", `Cannot read the ${what}: "${given}" is not a UUID`);
}
