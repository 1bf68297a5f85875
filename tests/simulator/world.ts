/**
 * What is there when a simulation begins.
 *
 * @module
 */
import { bareHost } from "../../drivers/test/world/default_host.ts";
import type { Change, DomainRecord, RecordKind, Records } from "../../drivers/test/world/record.ts";

/** The UUID of the n-th thing of a kind. */
export function uuidOf(kind: "host" | "domain" | "pool", number: number): string {
  const part = { host: "1", domain: "2", pool: "3" }[kind];
  return `${part.repeat(8)}-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** The definition of a domain; `mark` makes it one of its own. */
export function domainXml(
  name: string,
  { uuid, mark = "" }: { readonly uuid?: string; readonly mark?: string } = {},
): string {
  return `<domain type='test'><name>${name}</name>${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}` +
    `${mark === "" ? "" : `<title>${mark}</title>`}<memory unit='KiB'>1048576</memory><vcpu>1</vcpu>` +
    `<os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='/images/${name}'/>` +
    `<target dev='vda' bus='virtio'/></disk></devices></domain>`;
}

/** The definition of a storage pool. */
export function poolXml(
  name: string,
  { uuid, mark = "" }: { readonly uuid?: string; readonly mark?: string } = {},
): string {
  return `<pool type='dir'><name>${name}</name>${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}` +
    `<target><path>/pools/${name}${mark}</path></target></pool>`;
}

function change<K extends RecordKind>(kind: K, record: Omit<Records[K], "revision">): Change {
  // The kind says the type of the record.
  return { kind, id: record.id, revision: 1, record: { ...record, revision: 1 } } as unknown as Change;
}

/** A host, the n-th of a simulation. */
export function hostNumber(number: number): Change {
  const { revision: _revision, ...host } = bareHost(uuidOf("host", number));
  return change("host", { ...host, nextGuestId: 100 });
}

/** A domain; with `running` its guest is there. */
export function domain(
  name: string,
  { number, running = false }: { readonly number: number; readonly running?: boolean },
): Change {
  const id = uuidOf("domain", number);
  const xml = domainXml(name, { uuid: id });
  const record: Omit<DomainRecord, "revision"> = {
    id,
    name,
    config: xml,
    autostart: false,
    parameters: {},
    ...(running
      ? {
        guest: {
          id: number,
          xml,
          state: "running",
          reason: "booted",
          since: 0,
          startedAt: 0,
          frozen: [],
          clockOffsetS: 0,
        },
      }
      : {}),
  };
  return change("domain", record);
}

/** A snapshot of a domain with two disks' data. */
export function snapshot(
  name: string,
  { of, parent }: { readonly of: number; readonly parent?: string },
): Change {
  const owner = uuidOf("domain", of);
  return change("snapshot", {
    id: `${owner}/${name}`,
    domain: owner,
    name,
    createdS: 0,
    state: "shutoff",
    domainXml: "",
    memory: "no",
    disks: ["vda", "vdb"].map((disk) => ({ name: disk, snapshot: "internal" })),
    data: ["vda", "vdb"],
    ...(parent === undefined ? {} : { parent }),
  });
}

/** A storage pool. */
export function pool(
  name: string,
  { number, started = false }: { readonly number: number; readonly started?: boolean },
): Change {
  const id = uuidOf("pool", number);
  const xml = poolXml(name, { uuid: id });
  return change("pool", {
    id,
    name,
    config: xml,
    autostart: false,
    built: started,
    capacity: 2 ** 40,
    ...(started ? { started: { xml } } : {}),
  });
}

/** A node device. */
export function nodeDevice(name: string, parent?: string): Change {
  return change("nodeDevice", {
    id: name,
    name,
    config: `<device><name>${name}</name>${parent === undefined ? "" : `<parent>${parent}</parent>`}` +
      `<capability type='system'/></device>`,
    present: true,
    defined: false,
    autostart: false,
    ...(parent === undefined ? {} : { parent }),
  });
}
