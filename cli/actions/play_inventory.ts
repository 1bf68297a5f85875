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
} from "../../playbook/mod.ts";
import type { PlayFlags } from "../commands/play.ts";
import type { AskConnection } from "./live_inventory.ts";

/** Files of this machine. */
export const localFiles: Files = {
  async readText(path: string): Promise<string> {
    try {
      return textIn(await Deno.readFile(path), path);
    } catch (cause) {
      if (cause instanceof VirtError) throw cause;
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

/** The text of a file. What is not UTF-8 is told with its place, and not replaced by signs that nobody wrote. */
function textIn(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const read = new TextDecoder().decode(bytes);
    const before = read.slice(0, Math.max(0, read.indexOf("\uFFFD"))).split("\n");
    throw new VirtError("invalid-argument", `Cannot read "${file}": it is not UTF-8`, {
      at: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
      hint: `Convert it, for instance with: iconv -f LATIN1 -t UTF-8`,
    });
  }
}

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
  /** Asks connections what they have; nothing is asked where absent. */
  readonly ask?: AskConnection;
}

/** Puts the inventory together. */
export async function playInventory(
  { inventory = [] }: Pick<PlayFlags, "inventory">,
  options: InventoryOptions,
): Promise<Inventory> {
  const builder = new InventoryBuilder();
  const live: string[] = [];
  for (const source of inventory.length === 0 ? [options.defaultUri] : inventory) {
    if (isUri(source)) live.push(options.uriOf(source));
    else if (source.includes(",")) {
      for (const name of source.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
        builder.host(name, { group: "all" });
      }
    } else await readInventory(source, { builder, files: localFiles });
  }
  const { ask } = options;
  if (live.length > 0 && ask !== undefined) {
    await (await import("./live_inventory.ts")).readLive([...new Set(live)], { builder, ask });
  }
  await readVarsBeside(options.folder, { builder, files: localFiles });
  return builder.build();
}
