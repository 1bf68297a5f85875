/**
 * What the driver reads out of definitions, and changes in them. Everything that this driver knows about XML goes
 * through here.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
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
    throw new VirtError("invalid-document", `Cannot read the ${rootName} definition: it has no <name>`, {
      remoteCode: "VIR_ERR_NO_NAME",
    });
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
  return insertGuestId(xml, { id, at: guestIdPlace(readXml(xml)) });
}

/** Where the id of the guest goes; none where there is one already. */
export function guestIdPlace(root: XmlElement): number | undefined {
  if (attributeOf(root, "id") !== undefined) return undefined;
  return root.empty ? root.startEnd - 2 : root.startEnd - 1;
}

/** The definition with the id of the guest at its place. */
export function insertGuestId(
  xml: string,
  { id, at }: { readonly id: number; readonly at: number | undefined },
): string {
  return at === undefined ? xml : splice(xml, at, { to: at, by: ` id='${id}'` });
}

/** The path at which a pool keeps its volumes. */
export function poolTarget(xml: string): string | undefined {
  return xml === "" ? undefined : textOf(readXml(xml), "target", "path");
}

/** What becomes of a domain that powers off, reboots or crashes. */
export function lifecycleAction(xml: string, on: "poweroff" | "reboot" | "crash"): string {
  return textOf(readXml(xml), `on_${on}`) ?? (on === "reboot" ? "restart" : "destroy");
}

const kibPerUnit: Readonly<Record<string, number>> = {
  b: 1 / 1024,
  bytes: 1 / 1024,
  KB: 1000 / 1024,
  k: 1,
  KiB: 1,
  MB: 1000 ** 2 / 1024,
  M: 1024,
  MiB: 1024,
  GB: 1000 ** 3 / 1024,
  G: 1024 ** 2,
  GiB: 1024 ** 2,
  TB: 1000 ** 4 / 1024,
  T: 1024 ** 3,
  TiB: 1024 ** 3,
  PB: 1000 ** 5 / 1024,
  P: 1024 ** 4,
  PiB: 1024 ** 4,
  EB: 1000 ** 6 / 1024,
  E: 1024 ** 5,
  EiB: 1024 ** 5,
};

/** A size with its unit, in KiB, rounded up. Source: libvirt formatdomain, <memory>. */
export function kibOf(element: XmlElement | undefined): number | undefined {
  if (element === undefined) return undefined;
  const text = element.text.trim();
  const factor = kibPerUnit[element.attributes.get("unit") ?? "KiB"];
  if (!/^\d+$/.test(text) || factor === undefined) {
    throw new VirtError("invalid-document", `Cannot read <${element.name}>: "${text}" is not a size`);
  }
  return Math.ceil(Number(text) * factor);
}

/** A domain's memory. */
export function memoryOf(xml: string): { readonly maximumKib: number; readonly currentKib: number } {
  const root = readXml(xml);
  const maximumKib = kibOf(childOf(root, "memory")) ?? 0;
  return {
    maximumKib,
    currentKib: Math.min(kibOf(childOf(root, "currentMemory")) ?? maximumKib, maximumKib),
  };
}

/** A domain's virtual processors. */
export function vcpusOf(xml: string): { readonly maximum: number; readonly current: number } {
  const root = readXml(xml);
  const maximum = Number(textOf(root, "vcpu") ?? 1);
  return { maximum, current: Number(attributeOf(root, "current", "vcpu") ?? maximum) };
}
