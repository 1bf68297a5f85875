/**
 * What a connection has, as an inventory: its domains, in groups by what is known of them, and the connection itself.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import { parseTree } from "../../model/xml/document.ts";
import type { TreeElement } from "../../model/xml/tree.ts";
import type { InventoryBuilder, Vars } from "../../playbook/mod.ts";
import { refIn } from "../../runtime/control/asking.ts";
import { labelsIn } from "../../runtime/permission/labels.ts";
import { childrenOf } from "../../runtime/permission/reach/element.ts";

/** Something that is asked of a connection. */
export interface LiveQuestion {
  readonly operation: "domain.list" | "domain.xml" | "pool.list" | "pool.xml" | "connection.info";
  /** The object that it is about, as a list named it. */
  readonly target?: ObjectRef;
}

/** Asks a connection. */
export type AskConnection = (uri: string, question: LiveQuestion) => Promise<unknown>;

/** How many definitions are asked for at a time. */
const atOnce = 16;

interface Entry {
  readonly uri: string;
  readonly host: string;
  readonly name: string;
  readonly state: string;
  readonly persistent: boolean;
  readonly target: ObjectRef;
}

/** Reads the domains of connections into an inventory. Where two have one of the same name, both are called `NAME@HOST`. */
export async function readLive(
  uris: readonly string[],
  { builder, ask }: { readonly builder: InventoryBuilder; readonly ask: AskConnection },
): Promise<void> {
  const found = await Promise.all(uris.map((uri) => entriesOf(uri, ask)));
  const names = Map.groupBy(found.flatMap(({ entries }) => entries), ({ name }) => name);
  builder.group("domains");
  for (const { uri, host, entries } of found) {
    const pools = await poolPaths(uri, ask);
    const groups = new Map<Entry, readonly string[]>();
    await inTurns(entries, async (entry) => {
      groups.set(entry, await groupsOf(entry, { ask, pools }));
    });
    for (const entry of entries) {
      const name = (names.get(entry.name)?.length ?? 0) > 1 ? `${entry.name}@${host}` : entry.name;
      builder.host(name, { group: "domains", vars: varsOf(entry) });
      for (const group of groups.get(entry) ?? []) builder.host(name, { group });
    }
    const self = uris.length === 1 ? "localhost" : `localhost@${host}`;
    builder.host(self, { group: "hypervisors", vars: { uri: { k: "plain", value: uri } } });
    builder.apart(self);
  }
}

function varsOf({ uri, name, state }: Entry): Vars {
  return {
    uri: { k: "plain", value: uri },
    domain: { k: "plain", value: name },
    state: { k: "plain", value: state },
  };
}

async function entriesOf(
  uri: string,
  ask: AskConnection,
): Promise<{ readonly uri: string; readonly host: string; readonly entries: readonly Entry[] }> {
  const [info, listed] = await Promise.all([
    allowed(ask(uri, { operation: "connection.info" })),
    ask(uri, { operation: "domain.list" }),
  ]);
  const host = String(fieldOf(info, "hostname") ?? "host");
  const entries = listIn(listed).flatMap((item): readonly Entry[] => {
    const target = refIn("domain", fieldOf(item, "domain"));
    if (target === undefined) return [];
    const persistent = fieldOf(item, "persistent") !== false;
    return [{ uri, host, name: target.name, state: String(fieldOf(item, "state")), persistent, target }];
  });
  return { uri, host, entries };
}

/** The groups of a domain: what it is called by, in names that groups may have. */
async function groupsOf(
  { uri, host, state, persistent, target }: Entry,
  { ask, pools }: { readonly ask: AskConnection; readonly pools: ReadonlyMap<string, string> },
): Promise<readonly string[]> {
  const known = [`state_${state}`, groupName("host", host), ...persistent ? [] : ["transient"]];
  const xml = await allowed(ask(uri, { operation: "domain.xml", target }));
  if (typeof xml !== "string") return known;
  const { networks, poolsUsed } = usedBy(xml, pools);
  return [
    ...known,
    ...labelsIn(xml).map((label) => groupName("label", label)),
    ...networks.map((network) => groupName("network", network)),
    ...poolsUsed.map((pool) => groupName("pool", pool)),
  ];
}

/** A group's name: what is neither letter, digit nor underscore is an underscore, as in Ansible's inventories. */
function groupName(kind: string, name: string): string {
  return `${kind}_${name.replace(/[^\p{L}\p{N}_]/gu, "_")}`;
}

function usedBy(
  xml: string,
  pools: ReadonlyMap<string, string>,
): { readonly networks: readonly string[]; readonly poolsUsed: readonly string[] } {
  const devices = childrenOf(parseTree(xml).root, "devices");
  const sources = (device: string): readonly TreeElement[] =>
    devices.flatMap((each) => childrenOf(each, device)).flatMap((each) => childrenOf(each, "source"));
  const networks = sources("interface").flatMap((source) => source.attribute("network") ?? []);
  const poolsUsed = sources("disk").flatMap((source) => {
    const path = source.attribute("file") ?? source.attribute("dev");
    const named = source.attribute("pool");
    if (named !== undefined) return [named];
    return path === undefined ? [] : pools.get(path.slice(0, path.lastIndexOf("/"))) ?? [];
  });
  return { networks: [...new Set(networks)], poolsUsed: [...new Set(poolsUsed)] };
}

/** The names of pools by their folders. */
async function poolPaths(uri: string, ask: AskConnection): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  await inTurns(listIn(await allowed(ask(uri, { operation: "pool.list" }))), async (item) => {
    const target = refIn("pool", fieldOf(item, "pool"));
    const xml = target && await allowed(ask(uri, { operation: "pool.xml", target }));
    if (target === undefined || xml === undefined) return;
    const { root } = parseTree(String(xml));
    for (const element of childrenOf(root, "target").flatMap((each) => childrenOf(each, "path"))) {
      paths.set(element.text().trim().replace(/\/+$/, ""), target.name);
    }
  });
  return paths;
}

/** Calls `body` for each, some at a time. */
async function inTurns<T>(all: readonly T[], body: (one: T) => Promise<void>): Promise<void> {
  const open = all[Symbol.iterator]();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const one of open) await body(one);
  }));
}

/** An answer; nothing where it may not be had, or what it is about is gone meanwhile. */
async function allowed(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isVirtError(error) && ["permission-denied", "not-found", "unsupported"].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
