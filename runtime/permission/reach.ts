/**
 * What a definition reaches on the host: files outside granted storage, devices, sockets, programs, scripts, the
 * host's network, namespaces of others, and everything that is not known to be harmless.
 *
 * @module
 */
import { parseTree } from "../../model/xml/document.ts";
import { TreeElement } from "../../model/xml/tree.ts";
import { VirtError } from "../../model/error.ts";
import type { HostPlace, Reaches } from "../../model/operation.ts";
import { webAddress } from "../../model/web_address.ts";
import { deviceVocabulary } from "./reach/device_vocabulary.ts";
import { domainVocabulary } from "./reach/domain_vocabulary.ts";
import { fingerprint } from "./reach/element.ts";
import { type Finding, type PlacedFinding, Report } from "./reach/finding.ts";
import {
  filterBindingVocabulary,
  filterVocabulary,
  interfaceVocabulary,
  networkPortVocabulary,
  networkSectionVocabulary,
  networkVocabulary,
  nodeDeviceVocabulary,
} from "./reach/network_vocabulary.ts";
import { canonicalPath, GrantedStorage } from "./reach/path.ts";
import { checkpointVocabulary, storageVocabulary } from "./reach/storage_vocabulary.ts";
import { type Entry, Vocabulary } from "./reach/vocabulary.ts";
import { walk } from "./reach/walk.ts";

export type { Finding } from "./reach/finding.ts";

/** How a definition is looked at. */
export interface ReachOptions {
  readonly document: Reaches["document"];
  /** Host paths that need no grant: those of pools. */
  readonly grantedPaths?: readonly string[];
  /** The present definition of the object: what it has already and the new one leaves as it is, is not reached anew. */
  readonly present?: string;
}

const domains = new Vocabulary(deviceVocabulary, domainVocabulary, storageVocabulary, checkpointVocabulary);
const networks = new Vocabulary(deviceVocabulary, networkVocabulary);
const networkSections = new Vocabulary(deviceVocabulary, networkVocabulary, networkSectionVocabulary);
const interfaces = new Vocabulary(interfaceVocabulary);
const nodeDevices = new Vocabulary(nodeDeviceVocabulary);
const filters = new Vocabulary(filterVocabulary);
const filterBindings = new Vocabulary(filterBindingVocabulary);
const networkPorts = new Vocabulary(deviceVocabulary, networkPortVocabulary);
/** Stands for `<devices>`: a device alone is a child of it. */
const devices = new Vocabulary(deviceVocabulary, "devices +devices\n");

/**
 * What a definition reaches.
 *
 * @throws {VirtError} `invalid-document` where the text cannot be read.
 *
 * @example
 * ```ts
 * import { reachesOf } from "./reach.ts";
 * const xml = "<disk type='file'><source file='/etc/shadow'/><target dev='vdb'/></disk>";
 * reachesOf(xml, { document: "device" })[0]?.reached; // "/etc/shadow"
 * ```
 */
export function reachesOf(xml: string, options: ReachOptions): Finding[] {
  const { root } = parseTree(xml);
  const report = new Report(new GrantedStorage(options.grantedPaths ?? []));
  const known = root.uri === "" ? entryOf(root.name, options.document) : undefined;
  if (root.uri !== "") report.reach("namespace", root.uri, { element: root });
  else if (known === undefined) report.unknown({ element: root });
  else walk(root, known.entry, { vocabulary: known.vocabulary, report });
  const unchanged = options.present === undefined ? undefined : unitsIn(parseTree(options.present).root);
  const top = options.document === "device" ? "devices" : "";
  const keys = new Map<TreeElement, string>();
  const isUnchanged = (element: TreeElement): boolean => {
    if (unchanged === undefined) return false;
    const unit = unitOf(element, top);
    const key = keys.getOrInsertComputed(unit, (whole) => unitKey(whole, top));
    return unchanged.has(key);
  };
  const findings = distinct(
    report.findings.filter(({ refused, element }) => refused !== undefined || !isUnchanged(element)),
  );
  refuseMuch(findings);
  return findings;
}

/**
 * What places on the host an input reaches that is no definition. Granted storage does not make them free: what is
 * restored from a file defines a domain, and what is dumped into one replaces what was there.
 */
export function placesOf(places: readonly HostPlace[]): Finding[] {
  return places.map(({ kind, value }) => {
    const permission = `host:${kind}` as const;
    if (kind === "network") return { permission, reached: value, place: "" };
    if (kind === "fetch") return { permission, place: "", ...fetched(value) };
    const canonical = canonicalPath(value);
    return canonical.ok
      ? { permission, reached: canonical.path, place: "" }
      : { permission, reached: value, place: "", refused: canonical.problem };
  });
}

/** An address in the one spelling in which it is fetched. */
function fetched(value: string): Pick<Finding, "reached" | "refused"> {
  const address = webAddress(value);
  return address.ok ? { reached: address.url.href } : { reached: value, refused: address.problem };
}

/** What is known of a document's root element. */
function entryOf(
  name: string,
  document: Reaches["document"],
): { readonly vocabulary: Vocabulary; readonly entry: Entry } | undefined {
  const [vocabulary, entry] = ((): [Vocabulary, Entry | undefined] => {
    switch (document) {
      case "device": {
        const top = devices.top("devices");
        return [devices, top === undefined ? undefined : devices.child(top, name)];
      }
      case "network":
        return [name === "network" ? networks : networkSections, networkSections.top(name)];
      case "interface":
        return [interfaces, interfaces.top(name)];
      case "nodeDevice":
        return [nodeDevices, nodeDevices.top(name)];
      case "filter":
        return [filters, filters.top(name)];
      case "filterBinding":
        return [filterBindings, filterBindings.top(name)];
      case "networkPort":
        return [networkPorts, networkPorts.top(name)];
      case "poolSource":
        return [domains, name === "source" ? domains.top("poolSource") : undefined];
      case "snapshot":
      case "checkpoint":
      case "backup":
        return [domains, name === `domain${document}` ? domains.top(name) : undefined];
      default:
        return [domains, name === document ? domains.top(name) : undefined];
    }
  })();
  return entry === undefined ? undefined : { vocabulary, entry };
}

/** The most that one definition may reach. */
const mostFindings = 1000;
const mostText = 16_384;

/** Elements whose children stand each for themselves. */
const containers = ["devices", "os"];

/**
 * The part of a definition that an element belongs to: a whole device, or a whole part beside the devices. Only such a
 * part that stays as it is counts as unchanged. `top` is what a root stands in.
 */
function unitOf(element: TreeElement, top: string): TreeElement {
  let unit = element;
  while (unit.parent !== undefined && (top !== "" || !isPartOfDocument(unit))) unit = unit.parent;
  return unit;
}

/** A part of a definition, with all that is in it, as text. */
function unitKey(unit: TreeElement, top = ""): string {
  return `${unit.parent?.name ?? top} ${fingerprint(unit)}`;
}

/**
 * What reaches more than anybody could have granted is not compared with grants at all: it would keep the kernel busy.
 *
 * @throws {VirtError} `invalid-document`
 */
function refuseMuch(findings: readonly Finding[]): void {
  let size = 0;
  for (const { reached } of findings) size += reached.length;
  if (findings.length <= mostFindings && size <= mostText) return;
  throw new VirtError(
    "invalid-document",
    `Cannot look through the definition: it reaches ${findings.length} places on the host, with ${size} characters`,
    { hint: `A definition may reach ${mostFindings} places, with ${mostText} characters together` },
  );
}

/** Whether an element stands below the root, or below one of its containers. */
function isPartOfDocument({ parent }: TreeElement): boolean {
  return parent !== undefined && (parent.parent === undefined || isContainer(parent));
}

function isContainer(element: TreeElement): boolean {
  return containers.includes(element.name) && element.parent !== undefined &&
    element.parent.parent === undefined;
}

function unitsIn(root: TreeElement): ReadonlySet<string> {
  const units = new Set<string>([unitKey(root)]);
  for (const child of root.children) {
    if (!(child instanceof TreeElement)) continue;
    units.add(unitKey(child));
    if (!isContainer(child)) continue;
    for (const inner of child.children) {
      if (inner instanceof TreeElement) units.add(unitKey(inner));
    }
  }
  return units;
}

function distinct(findings: readonly PlacedFinding[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const { element: _element, ...finding } of findings) {
    const key = `${finding.permission} ${finding.reached}`;
    if (finding.refused !== undefined || !found.has(key)) found.set(key, finding);
  }
  return [...found.values()];
}
