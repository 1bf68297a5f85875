/**
 * From a playbook and what it is to be run with to the recipe that carries it out: for `drover play`, and for schedules.
 *
 * @module
 */
import { dirname } from "node:path";
import { type Compiled, compilePlaybook, extraVars, type Source } from "../../playbook/mod.ts";
import { type InventoryOptions, localFiles, playInventory } from "./play_inventory.ts";

const defaultForks = 5;

/** What a playbook is run with. */
export interface PlayWish {
  readonly file: string;
  readonly source: Source;
  /** The connection of hosts that name none. */
  readonly defaultUri: string;
  readonly inventory?: readonly string[];
  readonly extraVars?: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly forks?: number;
  /** A pattern, or `@FILE` with names. */
  readonly limit?: string | undefined;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly startAt?: string | undefined;
}

/**
 * Compiles a playbook.
 *
 * @throws {VirtError} what is wrong with it or with its inventory, with the place.
 */
export async function compilePlay(
  { file, source, defaultUri, limit, startAt, ...wish }: PlayWish,
  looking: Pick<InventoryOptions, "uriOf" | "ask">,
): Promise<Compiled> {
  const folder = dirname(await Deno.realPath(file));
  return await compilePlaybook({
    file,
    folder,
    source,
    inventory: await playInventory(wish, { ...looking, defaultUri, folder }),
    files: localFiles,
    defaultUri,
    extra: await extraVars(wish.extraVars ?? [], localFiles),
    check: wish.check ?? false,
    diff: wish.diff ?? false,
    forks: wish.forks ?? defaultForks,
    limit: limit === undefined ? undefined : await limitPattern(limit),
    selection: { tags: commas(wish.tags), skipTags: commas(wish.skipTags), startAt },
  });
}

function commas(given: readonly string[] = []): readonly string[] {
  return given.flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
}

/** A limit may be a file of names: `@failed.txt`. */
async function limitPattern(limit: string): Promise<string> {
  if (!limit.startsWith("@")) return limit;
  const names = (await localFiles.readText(limit.slice(1))).split(/\s+/).filter((name) => name !== "");
  return names.join(",");
}
