/**
 * Changes of parts of a network's definition.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { XmlEditor } from "./xml_edit.ts";
import { childOf, childrenOf, readXml, type XmlElement } from "./xml_span.ts";

/** A part of a network, and what shall become of it. */
export interface NetworkUpdate {
  readonly xml: string;
  readonly command: "add-first" | "add-last" | "modify" | "delete";
  readonly section: string;
  readonly element: string;
  readonly parentIndex: number;
}

/** Where each section's elements stand, and what tells them apart. Source: libvirt formatnetwork. */
const sections: Readonly<
  Record<
    string,
    { readonly element: string; readonly path: readonly string[]; readonly keys: readonly string[] }
  >
> = {
  "ip-dhcp-host": { element: "host", path: ["ip", "dhcp"], keys: ["mac", "name", "ip", "id"] },
  "ip-dhcp-range": { element: "range", path: ["ip", "dhcp"], keys: ["start", "end"] },
  "forward-interface": { element: "interface", path: ["forward"], keys: ["dev"] },
  "portgroup": { element: "portgroup", path: [], keys: ["name"] },
  "dns-host": { element: "host", path: ["dns"], keys: ["ip"] },
  "dns-txt": { element: "txt", path: ["dns"], keys: ["name"] },
  "dns-srv": { element: "srv", path: ["dns"], keys: ["service", "protocol", "domain", "target"] },
};

/**
 * The definition with a part of it changed.
 *
 * @throws {VirtError} `wrong-state` where what is to be added is there, or what is to be changed is not; `unsupported`
 * for parts that cannot be changed by themselves.
 */
export function updated(network: { readonly label: string }, update: NetworkUpdate): string {
  const section = sections[update.section];
  if (section === undefined) {
    throw new VirtError("unsupported", `Cannot change "${update.section}" of ${network.label} by itself`, {
      target: network.label,
      hint: "Define the network anew",
    });
  }
  const element = readXml(update.element, update.section);
  if (element.name !== section.element) {
    throw new VirtError(
      "invalid-document",
      `Cannot read the ${update.section}: found <${element.name}>, expected <${section.element}>`,
    );
  }
  const editor = new XmlEditor(update.xml);
  const parent = parentIn(editor, { network, path: section.path, index: update.parentIndex });
  const present = childrenOf(parent, section.element).find((each) =>
    isSame(each, { element, keys: section.keys })
  );
  const adds = update.command === "add-first" || update.command === "add-last";
  if (adds === (present !== undefined)) {
    const found = adds ? "such an entry exists" : "there is no such entry";
    throw new VirtError("wrong-state", `Cannot change "${update.section}" of ${network.label}: ${found}`, {
      target: network.label,
    });
  }
  if (present !== undefined) {
    return update.command === "delete"
      ? editor.remove(present).text
      : editor.replace(present, update.element).text;
  }
  if (update.command === "add-first") {
    const first = parent.children.find(({ name }) => name === section.element);
    if (first !== undefined) {
      const both = `${update.element.trim()}\n${editor.text.slice(first.start, first.end)}`;
      return editor.replace(first, both).text;
    }
  }
  return editor.insert(parent, update.element, section.element).text;
}

/** The element that a section's entries stand in, which is made where it may be. */
function parentIn(
  editor: XmlEditor,
  { network, path, index }: {
    readonly network: { readonly label: string };
    readonly path: readonly string[];
    readonly index: number;
  },
): XmlElement {
  if (path[0] !== "ip") {
    if (path.length > 0) editor.put(path);
    return childOf(editor.root, ...path) ?? editor.root;
  }
  const find = (): XmlElement | undefined => {
    const ips = childrenOf(editor.root, "ip");
    return index >= 0 ? ips[index] : ips.find((ip) => childOf(ip, "dhcp") !== undefined) ?? ips[0];
  };
  const ip = find();
  if (ip === undefined) {
    throw new VirtError("wrong-state", `Cannot change ${network.label}: it has no such <ip>`, {
      target: network.label,
    });
  }
  if (childOf(ip, "dhcp") === undefined) editor.putIn(find, { name: "dhcp" });
  const found = find();
  return (found === undefined ? undefined : childOf(found, "dhcp")) ?? ip;
}

/** Whether two entries are the same one: every key that both have is equal, and they have one in common. */
function isSame(
  one: XmlElement,
  { element, keys }: { readonly element: XmlElement; readonly keys: readonly string[] },
): boolean {
  const common = keys.filter((key) => one.attributes.has(key) && element.attributes.has(key));
  return common.length > 0 && common.some((key) => one.attributes.get(key) === element.attributes.get(key));
}
