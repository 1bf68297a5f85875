/**
 * The connections of a recipe, as the command line gives them: one by one, or those of an inventory.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Io } from "../io.ts";
import { connectionUri, namedConnections } from "../settings.ts";

/** Where connections come from. */
export interface HostSources {
  /** `URI` or `NAME=URI`. */
  readonly connect?: readonly string[];
  /** Files and directories. */
  readonly inventory?: readonly string[];
  /** A pattern over the inventory. */
  readonly limit?: string;
}

/** How many connections a run may have. */
const mostHosts = 1024;

/**
 * Connections by name: those of `-c`, and one for each hypervisor of the inventory. A host of the inventory names the
 * connection to its `uri`; hosts that stand for domains name none, but lead to theirs.
 *
 * @throws {VirtError} `invalid-argument` where a host has no URI, where there is a pattern and no inventory, or where nothing
 *   is left of it.
 */
export async function recipeHosts(
  io: Io,
  { connect = [], inventory = [], limit }: HostSources,
): Promise<Record<string, string>> {
  if (inventory.length === 0) {
    if (limit === undefined) return namedConnections(io, connect);
    throw new VirtError("invalid-argument", `Cannot limit the hosts to "${limit}": there is no inventory`, {
      hint: "Name one with --inventory FILE",
    });
  }
  const hosts = connect.length === 0 ? {} : namedConnections(io, connect);
  for (const [name, uri] of await inventoryHosts(io, { inventory, limit })) {
    if (Object.values(hosts).includes(uri)) continue;
    hosts[freeName(name, hosts)] = uri;
  }
  const count = Object.keys(hosts).length;
  if (count > mostHosts) {
    throw new VirtError("invalid-argument", `Cannot connect to ${count} hosts: ${mostHosts} are the most`, {
      hint: "Take a part of the inventory with --limit",
    });
  }
  return hosts;
}

/** The hypervisors of an inventory: hosts that are hypervisors first, for they have names of their own. */
async function inventoryHosts(
  io: Io,
  { inventory: sources, limit }: {
    readonly inventory: readonly string[];
    readonly limit: string | undefined;
  },
): Promise<readonly (readonly [name: string, uri: string])[]> {
  const { domainIn, InventoryBuilder, matchHosts, readInventory, uriIn } = await import(
    "../../playbook/mod.ts"
  );
  const { localFiles } = await import("./play_inventory.ts");
  const builder = new InventoryBuilder();
  for (const source of sources) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
      throw new VirtError("invalid-argument", `Cannot read "${source}" as an inventory: it is a connection`, {
        hint: `Give it as one: -c NAME=${source}`,
      });
    }
    await readInventory(source, { builder, files: localFiles });
  }
  const inventory = builder.build();
  const names = matchHosts(limit ?? "all", inventory);
  if (names.length === 0) {
    throw new VirtError("invalid-argument", `No host of the inventory is left by "${limit ?? "all"}"`);
  }
  const found = names.flatMap((name) => {
    const host = inventory.hosts.get(name);
    return host === undefined ? [] : [{ name, vars: host.vars }];
  }).map(({ name, vars }) => {
    const uri = uriIn(vars);
    if (uri !== undefined) {
      return { name, uri: connectionUri(io, uri), isDomain: domainIn(vars) !== undefined };
    }
    throw new VirtError("invalid-argument", `Cannot connect to "${name}": the inventory has no uri for it`, {
      hint: `Give it one: ${name} uri=qemu+ssh://${name}/system`,
    });
  });
  const hypervisors = found.filter(({ isDomain }) => !isDomain);
  const domains = found.filter(({ isDomain }) => isDomain)
    .map(({ uri }) => ({ name: `of_${uri.replace(/^[a-z0-9+.-]*:\/*/i, "")}`, uri }));
  return [...hypervisors, ...domains].map(({ name, uri }) => [name, uri] as const);
}

/** A name that recipes can use and that no other connection has: of `host-1.example` it is `host_1_example`. */
function freeName(wanted: string, taken: Readonly<Record<string, string>>): string {
  const plain = wanted.replaceAll(/\W+/g, "_").replace(/^(?![A-Za-z])/, "h").slice(0, 56);
  let name = plain;
  for (let number = 2; Object.hasOwn(taken, name); number++) name = `${plain}_${number}`;
  return name;
}
