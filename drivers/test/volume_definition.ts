/**
 * Documents of volumes: what a caller asks for, and what a volume shows of itself.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { VolumeRecord } from "./world/record.ts";
import { attributeOf, childOf, encodeXml, readXml, textOf, type XmlElement } from "../xml_span.ts";

/** A volume to be made, as the hypervisor makes it. */
export interface VolumeRequest {
  readonly id: string;
  readonly pool: string;
  readonly name: string;
  readonly path: string;
  readonly type: "file";
  readonly format: string;
  readonly capacity: number;
  readonly allocation: number;
  readonly backing?: { readonly path: string; readonly format: string };
}

const bytesPerUnit: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  byte: 1,
  bytes: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
  p: 1024 ** 5,
  pib: 1024 ** 5,
  pb: 1000 ** 5,
};

/** A size with its unit, in bytes. Source: libvirt formatstorage, <capacity>. */
function bytesOf(element: XmlElement | undefined): number | undefined {
  if (element === undefined) return undefined;
  const text = element.text.trim();
  const factor = bytesPerUnit[(element.attributes.get("unit") ?? "").toLowerCase()];
  const bytes = Number(text) * (factor ?? Number.NaN);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(bytes)) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the volume: "${text}" is not a size for <${element.name}>`,
    );
  }
  return bytes;
}

/**
 * What a caller asks for.
 *
 * @throws {VirtError} `invalid-document`
 */
export function readVolume(
  xml: string,
  { pool, target }: { readonly pool: string; readonly target: string },
): VolumeRequest {
  const root = readXml(xml, "volume");
  if (root.name !== "volume") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the volume: found <${root.name}>, expected <volume>`,
    );
  }
  const name = textOf(root, "name") ?? "";
  if (name === "" || name.includes("/") || name === "." || name === "..") {
    throw new VirtError("invalid-document", `Cannot read the volume: "${name}" is no name for one`);
  }
  const backingPath = textOf(root, "backingStore", "path");
  const capacity = bytesOf(childOf(root, "capacity"));
  if (capacity === undefined && backingPath === undefined) {
    throw new VirtError("invalid-document", `Cannot read the volume "${name}": it has no <capacity>`);
  }
  return {
    id: `${pool}/${name}`,
    pool,
    name,
    path: `${target.replace(/\/$/, "")}/${name}`,
    type: "file",
    format: attributeOf(root, "type", "target", "format") ?? "raw",
    capacity: capacity ?? 0,
    allocation: bytesOf(childOf(root, "allocation")) ?? (backingPath === undefined ? capacity ?? 0 : 0),
    ...(backingPath === undefined ? {} : {
      backing: { path: backingPath, format: attributeOf(root, "type", "backingStore", "format") ?? "raw" },
    }),
  };
}

/** A volume's document. Source: libvirt formatstorage. */
export function volumeXml({ name, type, path, capacity, allocation, format, backing }: VolumeRecord): string {
  return [
    `<volume type='${type}'>`,
    `  <name>${encodeXml(name)}</name>`,
    `  <key>${encodeXml(path)}</key>`,
    `  <capacity unit='bytes'>${capacity}</capacity>`,
    `  <allocation unit='bytes'>${allocation}</allocation>`,
    "  <target>",
    `    <path>${encodeXml(path)}</path>`,
    `    <format type='${encodeXml(format)}'/>`,
    "  </target>",
    ...(backing === undefined ? [] : [
      "  <backingStore>",
      `    <path>${encodeXml(backing.path)}</path>`,
      `    <format type='${encodeXml(backing.format)}'/>`,
      "  </backingStore>",
    ]),
    "</volume>",
    "",
  ].join("\n");
}
