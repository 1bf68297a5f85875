/**
 * What the driver reads out of definitions, and changes in them. Everything that this driver knows about XML goes
 * through here.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import {
  attributeOf,
  childOf,
  decodeXml,
  encodeXml,
  readXml,
  splice,
  textOf,
  withChild,
  type XmlElement,
} from "./xml_span.ts";

/** What names a definition. */
export interface Identity {
  readonly name?: string;
  readonly uuid?: string;
}

const tags =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s<>/!?]+)(?:"[^"]*"|'[^']*'|[^"'>])*?(\/?)>/g;

/**
 * The name and the UUID of a definition, without reading more of it than it takes. Says nothing about what else
 * is in the text.
 */
export function identify(xml: string): Identity {
  const found: { name?: string; uuid?: string } = {};
  let depth = 0;
  for (const match of xml.matchAll(tags)) {
    const [all, slash, name, empty] = match;
    if (name === undefined) continue;
    if (slash === "/") {
      if (--depth === 0) break;
      continue;
    }
    if (depth === 1 && (name === "name" || name === "uuid") && found[name] === undefined && empty !== "/") {
      const from = match.index + all.length;
      found[name] = decodeXml(xml.slice(from, xml.indexOf("<", from))).trim();
      if (found.name !== undefined && found.uuid !== undefined) break;
    }
    if (empty !== "/") depth++;
  }
  return found;
}

/** A definition that has been read. */
export interface Definition {
  readonly xml: string;
  readonly root: XmlElement;
  readonly name: string;
  readonly uuid: string;
}

const uuidForm = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** A UUID in its usual spelling. */
export function canonicalUuid(text: string): string | undefined {
  if (!uuidForm.test(text.trim())) return undefined;
  const digits = text.trim().toLowerCase().replaceAll("-", "");
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([a, b]) => digits.slice(a, b)).join("-");
}

/**
 * Reads a definition that must have a given root and a name. Where it has no UUID it gets `newId`.
 *
 * @throws {VirtError} `invalid-document` where it is not such a definition.
 */
export function readDefinition(
  xml: string,
  { root: rootName, newId }: { readonly root: string; readonly newId: string },
): Definition {
  const root = readXml(xml, `${rootName} definition`);
  if (root.name !== rootName) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the ${rootName} definition: found <${root.name}>, expected <${rootName}>`,
      { at: { line: 1, column: 1 } },
    );
  }
  const name = textOf(root, "name");
  if (name === undefined || name === "") {
    throw new VirtError("invalid-document", `Cannot read the ${rootName} definition: it has no <name>`);
  }
  if (name.includes("/") || name.includes("\n")) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the ${rootName} definition: the name "${name}" holds a slash or a line break`,
    );
  }
  const given = childOf(root, "uuid");
  if (given === undefined) {
    const after = childOf(root, "name");
    const by = `<uuid>${newId}</uuid>`;
    const text = withChild(xml, root, { child: by, ...(after === undefined ? {} : { after }) });
    return { xml: text, root: readXml(text), name, uuid: newId };
  }
  const uuid = canonicalUuid(given.text);
  if (uuid === undefined) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the ${rootName} definition: "${given.text.trim()}" is not a UUID`,
    );
  }
  return { xml, root, name, uuid };
}

/** The definition under another name. */
export function renamed(xml: string, name: string): string {
  const element = childOf(readXml(xml), "name");
  if (element === undefined) return xml;
  return splice(xml, element.start, { to: element.end, by: `<name>${encodeXml(name)}</name>` });
}

/** The definition with the id of the guest that runs it, as libvirt shows live definitions. */
export function withGuestId(xml: string, id: number): string {
  const root = readXml(xml);
  if (attributeOf(root, "id") !== undefined) return xml;
  const at = root.empty ? root.startEnd - 2 : root.startEnd - 1;
  return splice(xml, at, { to: at, by: ` id='${id}'` });
}

/** The path at which a pool keeps its volumes. */
export function poolTarget(xml: string): string | undefined {
  return xml === "" ? undefined : textOf(readXml(xml), "target", "path");
}
