/**
 * Hosts of one's own: `<node>` files, as libvirt's test driver reads them.
 *
 * Under `<node>` stand `<domain>`, `<network>`, `<interface>`, `<pool>` and `<device>`, each inline or in a file of its own
 * that the attribute `file` names; in a `<pool>` there may be `<volume>`. A domain is started unless its
 * `<test:domainrunstate>` says otherwise (namespace http://libvirt.org/schemas/domain/test/1.0); networks and pools are
 * started. Domains carry `<domainsnapshot>` under their `<test:…>` elements. Source: libvirt drvtest, "Test driver
 * configuration".
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import { canonicalUuid, readDefinition } from "../../definition.ts";
import { readVolume } from "../volume_definition.ts";
import {
  attributeOf,
  childOf,
  childrenOf,
  readXml,
  textOf,
  without,
  type XmlElement,
} from "../../xml_span.ts";
import { bareHost } from "./default_host.ts";
import type { Change, DomainRecord, HostRecord } from "./record.ts";

/** What a host gets that its file does not say. */
export interface NodeFileOptions {
  readonly uuid: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Gives each thing that has no UUID one that follows from its place, so that the same file is the same host. */
class Reader {
  readonly changes: Change[] = [];
  readonly #directory: string;
  readonly #now: number;
  readonly #seed: string;
  #guests = 0;
  #things = 0;

  constructor(file: string, { uuid, now }: NodeFileOptions) {
    this.#directory = file.slice(0, file.lastIndexOf("/") + 1);
    this.#now = now;
    this.#seed = uuid;
  }

  get guests(): number {
    return this.#guests;
  }

  /** The text of an element, or of the file that it names. */
  read(element: XmlElement, text: string): { readonly root: XmlElement; readonly xml: string } {
    const file = element.attributes.get("file");
    if (file === undefined) {
      const xml = `${text.slice(element.start, element.end)}\n`;
      return { root: readXml(xml), xml };
    }
    const path = file.startsWith("/") ? file : this.#directory + file;
    const xml = readFile(path);
    const root = readXml(xml, `file "${path}"`);
    if (root.name !== element.name) {
      throw new VirtError(
        "invalid-document",
        `Cannot read "${path}": found <${root.name}>, expected <${element.name}>`,
      );
    }
    return { root, xml };
  }

  domain({ root, xml }: { readonly root: XmlElement; readonly xml: string }): void {
    const own = root.children.filter(({ name }) => name.startsWith("test:"));
    const runState = own.find(({ name }) => name === "test:domainrunstate")?.text.trim() ?? "1";
    const snapshots = own.find(({ name }) => name === "test:domainsnapshots");
    const kept = own.toReversed().reduce((text, element) => without(text, element), xml);
    const { uuid, name, xml: config } = readDefinition(kept, { root: "domain", newId: this.#id() });
    const running = runState !== "5" && runState !== "0";
    const record: DomainRecord = {
      id: uuid,
      revision: 1,
      name,
      ...(own.some(({ name, text }) => name === "test:transient" && text.trim() === "1") ? {} : { config }),
      autostart: false,
      parameters: {},
      ...(own.some(({ name, text }) => name === "test:hasmanagedsave" && text.trim() === "1")
        ? { managedSave: { xml: config, paused: false } }
        : {}),
      ...(running
        ? {
          guest: {
            id: ++this.#guests,
            xml: config,
            state: runState === "3" ? "paused" : runState === "6" ? "crashed" : "running",
            reason: "booted",
            since: this.#now,
            startedAt: this.#now,
            frozen: [],
            clockOffsetS: 0,
          },
        }
        : {}),
    };
    const moments = childrenOf(snapshots, "domainsnapshot");
    const current = moments.find((each) => textOf(each, "active") === "1");
    const currentName = current === undefined ? undefined : textOf(current, "name");
    this.changes.push({
      kind: "domain",
      id: uuid,
      revision: 1,
      record: currentName === undefined ? record : { ...record, currentSnapshot: currentName },
    });
    for (const moment of moments) this.#snapshot(moment, { domain: uuid, text: xml, config });
  }

  network({ xml }: { readonly xml: string }): void {
    const { uuid, name, root, xml: config } = readDefinition(xml, { root: "network", newId: this.#id() });
    const bridge = attributeOf(root, "name", "bridge");
    this.changes.push({
      kind: "network",
      id: uuid,
      revision: 1,
      record: {
        id: uuid,
        revision: 1,
        name,
        config,
        bridge: { xml: config, ...(bridge === undefined ? {} : { name: bridge }) },
        autostart: false,
      },
    });
  }

  pool({ root, xml }: { readonly root: XmlElement; readonly xml: string }): void {
    const volumes = childrenOf(root, "volume");
    const kept = volumes.toReversed().reduce((text, element) => without(text, element), xml);
    const { uuid, name, root: pool, xml: config } = readDefinition(kept, { root: "pool", newId: this.#id() });
    const target = textOf(pool, "target", "path") ?? `/${name}`;
    this.changes.push({
      kind: "pool",
      id: uuid,
      revision: 1,
      record: {
        id: uuid,
        revision: 1,
        name,
        config,
        started: { xml: config },
        autostart: false,
        built: true,
        capacity: 100 * 1024 ** 3,
      },
    });
    for (const element of volumes) {
      const { xml: text } = this.read(element, xml);
      const volume = { ...readVolume(text, { pool: uuid, target }), revision: 1 };
      this.changes.push({ kind: "volume", id: volume.id, revision: 1, record: volume });
    }
  }

  interface({ root, xml }: { readonly root: XmlElement; readonly xml: string }): void {
    const name = root.attributes.get("name") ?? "";
    this.changes.push({
      kind: "interface",
      id: name,
      revision: 1,
      record: {
        id: name,
        revision: 1,
        name,
        mac: attributeOf(root, "address", "mac")?.toLowerCase() ?? "",
        config: xml,
        up: true,
      },
    });
  }

  device({ root, xml }: { readonly root: XmlElement; readonly xml: string }): void {
    const name = textOf(root, "name") ?? "";
    const parent = textOf(root, "parent");
    this.changes.push({
      kind: "nodeDevice",
      id: name,
      revision: 1,
      record: {
        id: name,
        revision: 1,
        name,
        ...(parent === undefined ? {} : { parent }),
        config: xml,
        present: true,
        defined: false,
        autostart: false,
      },
    });
  }

  #snapshot(
    element: XmlElement,
    { domain, text, config }: { readonly domain: string; readonly text: string; readonly config: string },
  ): void {
    const name = textOf(element, "name") ?? "";
    const parent = textOf(element, "parent", "name");
    const description = textOf(element, "description");
    const inner = childOf(element, "domain");
    const domainXml = inner === undefined ? config : text.slice(inner.start, inner.end);
    const disks = childrenOf(childOf(readXml(domainXml), "devices"), "disk").map((disk) =>
      attributeOf(disk, "dev", "target") ?? ""
    );
    const state = textOf(element, "state") ?? "shutoff";
    this.changes.push({
      kind: "snapshot",
      id: `${domain}/${name}`,
      revision: 1,
      record: {
        id: `${domain}/${name}`,
        revision: 1,
        domain,
        name,
        ...(parent === undefined ? {} : { parent }),
        ...(description === undefined ? {} : { description }),
        createdS: Number(textOf(element, "creationTime") ?? Math.floor(this.#now / 1000)),
        state,
        domainXml,
        memory: state === "running" || state === "paused" ? "internal" : "no",
        disks: disks.map((disk) => ({ name: disk, snapshot: "internal" })),
        data: disks,
      },
    });
  }

  #id(): string {
    const number = (++this.#things).toString(16).padStart(12, "0");
    return `${this.#seed.slice(0, 24)}${number}`;
  }
}

function readFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new VirtError("invalid-argument", `Cannot read "${path}"`, { cause });
  }
}

/** The host that a `<cpu>` and a `<memory>` of the file describe. */
function hostOf(root: XmlElement, uuid: string): HostRecord {
  const host = bareHost(uuid);
  const cpu = childOf(root, "cpu");
  const number = (name: string): number | undefined => {
    const text = cpu === undefined ? undefined : textOf(cpu, name);
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const nodes = number("nodes") ?? host.nodes;
  const sockets = number("sockets") ?? host.sockets;
  const cores = number("cores") ?? host.cores;
  const threads = number("threads") ?? host.threads;
  const memory = textOf(root, "memory");
  const model = cpu === undefined ? undefined : textOf(cpu, "model");
  return {
    ...host,
    nodes,
    sockets,
    cores,
    threads,
    cpus: number("active") ?? (cpu === undefined ? host.cpus : nodes * sockets * cores * threads),
    mhz: number("mhz") ?? host.mhz,
    ...(model === undefined ? {} : { cpuModel: model }),
    ...(memory === undefined || !/^\d+$/.test(memory) ? {} : { memoryKib: Number(memory) }),
  };
}

/**
 * Reads a host from a file.
 *
 * @throws {VirtError} `invalid-argument` where a file cannot be read, `invalid-document` where it is not a host.
 */
export function readNodeFile(path: string, options: NodeFileOptions): readonly Change[] {
  const text = readFile(path);
  const root = readXml(text, `file "${path}"`);
  if (root.name !== "node") {
    throw new VirtError(
      "invalid-document",
      `Cannot read the host in "${path}": found <${root.name}>, expected <node>`,
    );
  }
  const uuid = canonicalUuid(textOf(root, "uuid") ?? "") ?? options.uuid;
  const reader = new Reader(path, { ...options, uuid });
  for (const child of root.children) {
    switch (child.name) {
      case "domain":
      case "network":
      case "pool":
      case "interface":
      case "device":
        reader[child.name](reader.read(child, text));
    }
  }
  refuseDoubles(reader.changes, path);
  return [
    {
      kind: "host",
      id: "host",
      revision: 1,
      record: { ...hostOf(root, uuid), nextGuestId: reader.guests + 1 },
    },
    ...reader.changes,
  ];
}

/** No two things of a kind have one id or name. */
function refuseDoubles(changes: readonly Change[], path: string): void {
  const seen = new Set<string>();
  for (const { kind, id, record } of changes) {
    if (record === undefined || !("name" in record)) continue;
    const parent = "pool" in record ? record.pool : "domain" in record ? record.domain : "";
    for (const key of new Set([`${kind}/${id}`, `${kind}/${parent}/${record.name}`])) {
      if (seen.has(key)) {
        throw new VirtError(
          "invalid-document",
          `Cannot read the host in "${path}": two are called ${kind} "${record.name}"`,
        );
      }
      seen.add(key);
    }
  }
}
