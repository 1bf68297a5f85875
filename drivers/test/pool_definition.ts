/**
 * What the driver reads out of storage pools' definitions, and what it shows of them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { In } from "./operation_types.ts";
import { XmlEditor } from "../xml_edit.ts";
import { attributeOf, childOf, encodeXml, readXml } from "../xml_span.ts";

/** A pool's type. */
export function poolType(xml: string): string {
  return readXml(xml).attributes.get("type") ?? "dir";
}

/** A pool's sizes, in bytes. */
export interface PoolSizes {
  readonly capacity: number;
  readonly allocation: number;
  readonly available: number;
}

/** An empty source as libvirt writes it: with room for what could be in it. */
function withSource(xml: string): string {
  return xml.replace(/^( *)<source\/>$/m, "$1<source>\n$1</source>");
}

/** A pool's definition with its sizes. */
export function poolXml(xml: string, sizes: PoolSizes): string {
  const editor = new XmlEditor(xml);
  let after = childOf(editor.root, "uuid")?.name ?? "name";
  for (const name of ["capacity", "allocation", "available"] as const) {
    editor.remove(childOf(editor.root, name));
    editor.insertAfter(after, `<${name} unit='bytes'>${sizes[name]}</${name}>`);
    after = name;
  }
  return withSource(editor.text);
}

/** Volume groups and exports of a simulated host: those of libvirt's test driver. */
const volumeGroups = [
  { name: "testvg1", device: "/dev/sda20" },
  { name: "testvg2", device: "/dev/sda21" },
] as const;

const exports = ["/testshare"] as const;

/**
 * What pools of a type could be made of.
 *
 * @throws {VirtError} `invalid-argument` where it does not say where to look; `unsupported` for other types.
 */
export function findSources({ type, xml }: In<"pool.findSources">): string {
  if (type === "logical") {
    const found = volumeGroups.map(({ name, device }) =>
      `  <source>\n    <device path='${device}'/>\n    <name>${name}</name>\n    <format type='lvm2'/>\n  </source>\n`
    );
    return `<sources>\n${found.join("")}</sources>\n`;
  }
  if (type !== "netfs") {
    throw new VirtError("unsupported", `Cannot look for sources of storage pools of type "${type}"`);
  }
  const host = xml === undefined ? undefined : attributeOf(readXml(xml, "source"), "name", "host");
  if (host === undefined) {
    throw new VirtError(
      "invalid-argument",
      'Cannot look for sources of type "netfs": the source must name its host',
    );
  }
  const found = exports.map((path) =>
    `  <source>\n    <host name='${
      encodeXml(host)
    }'/>\n    <dir path='${path}'/>\n    <format type='nfs'/>\n  </source>\n`
  );
  return `<sources>\n${found.join("")}</sources>\n`;
}
