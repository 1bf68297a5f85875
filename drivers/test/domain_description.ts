/**
 * Domains: what they look like at a glance, and what people and programs write about them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { Affect, Edit } from "./affect.ts";
import { connectionOf } from "./connection.ts";
import { type DomainJob, notFound, stateOf } from "./domain.ts";
import { cpuTime, editing } from "./domain_resource.ts";
import { essentialsOf } from "./essentials.ts";
import type { In, Out } from "./operation_types.ts";
import { XmlEditor } from "../xml_edit.ts";
import { childOf, encodeXml, readXml, textOf, type XmlElement } from "../xml_span.ts";

function info(job: DomainJob): Out<"domain.info"> {
  const { object, clock } = job;
  const { live, facts: { record } } = object;
  const { maximumKib, currentKib, osType, vcpus: { current } } = essentialsOf(object);
  return {
    name: object.name,
    uuid: object.id,
    ...(live === undefined ? {} : { id: live.id }),
    state: stateOf(object),
    reason: live?.reason ?? record.stopped ?? "unknown",
    osType,
    vcpus: current,
    cpuTimeNs: cpuTime(object, clock.now()) * current,
    maxMemoryKib: maximumKib,
    memoryKib: currentKib,
    persistent: object.persistent,
    autostart: record.autostart,
    managedSave: record.managedSave !== undefined,
    snapshots: connectionOf(job).table.snapshots(object.id).size,
    ...(record.currentSnapshot === undefined ? {} : { currentSnapshot: record.currentSnapshot }),
  };
}

/** The element of a namespace in a definition's metadata. */
function elementOf(xml: string, uri: string): XmlElement | undefined {
  return childOf(readXml(xml), "metadata")?.children.find((child) => {
    const prefix = child.name.includes(":") ? child.name.split(":")[0] : undefined;
    return child.attributes.get(prefix === undefined ? "xmlns" : `xmlns:${prefix}`) === uri;
  });
}

function needUri({ object }: DomainJob, uri: string | undefined): string {
  if (uri !== undefined && uri !== "") return uri;
  throw new VirtError(
    "invalid-argument",
    `Cannot find the metadata of ${object.label}: an element needs its uri`,
  );
}

function metadata(job: DomainJob, { kind, uri, config }: In<"domain.metadata">): string {
  const { object } = job;
  const xml = config || object.live === undefined ? object.persistentConfig : object.config;
  if (kind !== "element") {
    const text = textOf(readXml(xml), kind);
    if (text === undefined) throw notFound(`${kind} of domain`, object.name);
    return text;
  }
  const wanted = needUri(job, uri);
  const element = elementOf(xml, wanted);
  if (element === undefined) throw notFound(`metadata of ${object.label}`, wanted);
  return withoutNamespace(xml.slice(element.start, element.end), element);
}

/** The element as its owner gave it: without the namespace that it was put into. */
function withoutNamespace(text: string, { name, attributes }: XmlElement): string {
  const prefix = name.includes(":") ? name.slice(0, name.indexOf(":")) : undefined;
  if (prefix === undefined || !attributes.has(`xmlns:${prefix}`)) return text;
  const declaration = new RegExp(`\\s+xmlns:${RegExp.escape(prefix)}\\s*=\\s*(?:"[^"]*"|'[^']*')`);
  const bare = (element: XmlElement): string => {
    const isOurs = element.name.startsWith(`${prefix}:`);
    const newName = isOurs ? element.name.slice(prefix.length + 1) : element.name;
    const tag = text.slice(element.start, element.startEnd).replace(element.name, newName);
    if (element.empty) return tag;
    let inner = "";
    let at = element.startEnd;
    for (const child of element.children) {
      inner += text.slice(at, child.start) + bare(child);
      at = child.end;
    }
    return `${tag}${inner}${text.slice(at, element.endStart)}</${newName}>`;
  };
  return bare(readXml(text, "metadata")).replace(declaration, "");
}

function setMetadata(job: DomainJob, input: In<"domain.setMetadata">): { affect: Affect; edit: Edit } {
  const { kind, value, uri, key, ...affect } = input;
  if (kind === "title" && value?.includes("\n") === true) {
    throw new VirtError(
      "invalid-argument",
      `Cannot set the title of ${job.object.label}: it has more than one line`,
    );
  }
  return {
    affect,
    edit: (xml) => {
      const editor = new XmlEditor(xml);
      if (kind !== "element") {
        if (value === undefined || value === "") return editor.remove(childOf(editor.root, kind)).text;
        return editor.put([kind], { text: value }).text;
      }
      const wanted = needUri(job, uri);
      const element = value === undefined ? undefined : withNamespace(value, { uri: wanted, key });
      const present = elementOf(xml, wanted);
      if (present !== undefined && element !== undefined) return editor.replace(present, element).text;
      editor.remove(present);
      if (element === undefined) {
        const left = childOf(editor.root, "metadata");
        return editor.remove(left?.children.length === 0 ? left : undefined).text;
      }
      editor.put(["metadata"]);
      const parent = childOf(editor.root, "metadata");
      return parent === undefined ? editor.text : editor.insert(parent, element, "").text;
    },
  };
}

/** The element in its namespace, under a prefix. */
function withNamespace(
  text: string,
  { uri, key }: { readonly uri: string; readonly key: string | undefined },
): string {
  const element = readXml(text, "metadata");
  if (key === undefined) {
    throw new VirtError("invalid-argument", `Cannot set metadata of "${uri}": an element needs its key`);
  }
  const bare = element.name.split(":").at(-1) ?? element.name;
  const attributes = [...element.attributes].filter(([name]) => !name.startsWith("xmlns"))
    .map(([name, value]) => ` ${name}='${encodeXml(value)}'`).join("");
  const tag = `<${key}:${bare} xmlns:${key}='${encodeXml(uri)}'${attributes}`;
  return element.empty
    ? `${tag}/>`
    : `${tag}>${text.slice(element.startEnd, element.endStart)}</${key}:${bare}>`;
}

function setAction(_job: DomainJob, input: In<"domain.setLifecycleAction">): { affect: Affect; edit: Edit } {
  const { on, action, ...affect } = input;
  return { affect, edit: (xml) => new XmlEditor(xml).put([`on_${on}`], { text: action }).text };
}

export const domainDescription = {
  // Nothing that a simulated guest has makes it suspect.
  "domain.messages": { run: () => Promise.resolve([]) },
  "domain.info": { run: (job) => Promise.try(info, job) },
  "domain.metadata": { run: (job, input) => Promise.try(metadata, job, input) },
  "domain.setMetadata": editing<"domain.setMetadata">({ doing: "describe", prepare: setMetadata }, {}),
  "domain.setLifecycleAction": editing<"domain.setLifecycleAction">(
    { doing: "change a life-cycle action of", prepare: setAction },
    {},
  ),
} satisfies DriverMap;
