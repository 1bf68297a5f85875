/**
 * The inventory of a play: files, directories, names, or what a connection has.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import {
  type Files,
  type Inventory,
  InventoryBuilder,
  readInventory,
  readVarsBeside,
  type Vars,
} from "../../playbook/mod.ts";
import type { PlayFlags } from "../commands/play.ts";

/** Files of this machine. */
export const localFiles: Files = {
  async readText(path: string): Promise<string> {
    try {
      return await Deno.readTextFile(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) {
        throw new VirtError("not-found", `Cannot read "${path}": there is no such file`);
      }
      throw new VirtError("operation-failed", `Cannot read "${path}"`, { cause });
    }
  },
  async list(path: string): Promise<readonly string[] | undefined> {
    try {
      return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
    } catch {
      return undefined;
    }
  },
};

/** Whether an inventory is to be asked of a connection. */
export function isLive({ inventory }: Pick<PlayFlags, "inventory">): boolean {
  return inventory === undefined || inventory.length === 0 || inventory.some(isUri);
}

function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** What the inventory is put together with. */
export interface InventoryOptions {
  readonly defaultUri: string;
  /** The playbook's folder: its `group_vars` and `host_vars` count too. */
  readonly folder: string;
  readonly uriOf: (name: string) => string;
  /** What `domain.list` answers on a connection; nothing where absent. */
  readonly domains?: (uri: string) => Promise<unknown>;
}

/** Puts the inventory together. */
export async function playInventory(
  { inventory = [] }: Pick<PlayFlags, "inventory">,
  options: InventoryOptions,
): Promise<Inventory> {
  const builder = new InventoryBuilder();
  for (const source of inventory.length === 0 ? [options.defaultUri] : inventory) {
    if (isUri(source)) await readLive(options.uriOf(source), builder, options);
    else if (source.includes(",")) {
      for (const name of source.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
        builder.host(name, { group: "all" });
      }
    } else await readInventory(source, { builder, files: localFiles });
  }
  await readVarsBeside(options.folder, { builder, files: localFiles });
  return builder.build();
}

interface Entry {
  readonly name: string;
  readonly state: string;
  readonly persistent: boolean;
}

/** The domains of a connection, in groups by their state; and the connection itself, as localhost. */
async function readLive(uri: string, builder: InventoryBuilder, options: InventoryOptions): Promise<void> {
  const vars: Vars = { uri: { k: "plain", value: uri } };
  for (const { name, state, persistent } of await domainsOf(uri, options)) {
    const own: Vars = { ...vars, domain: { k: "plain", value: name }, state: { k: "plain", value: state } };
    builder.host(name, { group: "domains", vars: own });
    builder.host(name, { group: `state_${state}`, vars: {} });
    if (!persistent) builder.host(name, { group: "transient", vars: {} });
  }
  builder.group("domains");
  builder.host("localhost", { group: "hypervisors", vars });
  builder.apart("localhost");
}

async function domainsOf(uri: string, { domains }: InventoryOptions): Promise<readonly Entry[]> {
  const listed = await domains?.(uri);
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null || !("domain" in item) || !("state" in item)) return [];
    const { domain, state } = item;
    if (typeof domain !== "object" || domain === null || !("name" in domain)) return [];
    const persistent = !("persistent" in item) || item.persistent === true;
    return [{ name: String(domain.name), state: String(state), persistent }];
  });
}
