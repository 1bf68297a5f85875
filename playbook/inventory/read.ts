/**
 * Reading inventories from files: YAML, JSON and INI, as Ansible's users write them.
 *
 * @module
 */
import { basename, extname, join } from "node:path";
import { VirtError } from "../../model/error.ts";
import { valueOf } from "../compile/value.ts";
import type { Value, Vars } from "../engine/program.ts";
import { kindOf, readYaml, type Source, sourceFault } from "../source.ts";
import type { InventoryBuilder } from "./inventory.ts";
import { readIni } from "./ini.ts";
import { namesOf } from "./range.ts";

/** What files are read with. */
export interface Files {
  readText(path: string): Promise<string>;
  /** The names in a directory; nothing where it is none. */
  list(path: string): Promise<readonly string[] | undefined>;
}

/** Files that are no inventories, though they lie beside some. */
const ignored = [".orig", ".bak", ".retry", ".cfg", ".pyc", ".md", ".txt~"];

/**
 * Reads a file or a directory into an inventory, with `group_vars` and `host_vars` beside.
 *
 * @throws {VirtError} `invalid-argument` with the place; `not-found`.
 */
export async function readInventory(
  path: string,
  { builder, files }: { readonly builder: InventoryBuilder; readonly files: Files },
): Promise<void> {
  const names = await files.list(path);
  if (names === undefined) {
    await readFile(path, { builder, files });
    return await readVarsBeside(join(path, ".."), { builder, files });
  }
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || name === "group_vars" || name === "host_vars") continue;
    if (ignored.includes(extname(name)) || name.endsWith("~")) continue;
    const inside = join(path, name);
    if (await files.list(inside) === undefined) await readFile(inside, { builder, files });
  }
  await readVarsBeside(path, { builder, files });
}

async function readFile(
  path: string,
  { builder, files }: { readonly builder: InventoryBuilder; readonly files: Files },
): Promise<void> {
  const text = await files.readText(path);
  const isYaml = [".yml", ".yaml", ".json"].includes(extname(path)) ||
    /^(---|[\w.-]+:\s*(#.*)?$)/m.test(text) && !/^\[/m.test(text);
  if (!isYaml) return readIni(text, path, builder);
  const source = readYaml(text, path);
  if (source.kind !== "map") {
    throw sourceFault(`Cannot read the inventory: it is ${kindOf(source)}, not a map of groups`, source.at, {
      hint: "Write for instance: all: { hosts: { web-1: {} } }",
    });
  }
  const plugin = source.entries.get("plugin");
  if (plugin !== undefined) {
    const uri = source.entries.get("uri")?.value;
    const named = uri?.kind === "scalar" && uri.value !== null ? String(uri.value) : "URI";
    throw sourceFault("Cannot read the inventory: it configures a plugin of Ansible", plugin.keyAt, {
      hint: `Give the connection itself as the inventory: -i ${named}`,
    });
  }
  for (const [name, { value }] of source.entries) readGroup(name, value, builder);
}

function readGroup(name: string, source: Source, builder: InventoryBuilder): void {
  builder.group(name);
  if (source.kind === "scalar" && source.value === null) return;
  if (source.kind !== "map") {
    throw sourceFault(`Cannot read the group "${name}": it is ${kindOf(source)}, not a map`, source.at, {
      hint: "A group has hosts, vars and children",
    });
  }
  for (const [key, { keyAt, value }] of source.entries) {
    if (key === "hosts") {
      for (const [host, vars] of mapOf(value, `the hosts of "${name}"`)) {
        for (const each of namesOf(host)) {
          builder.host(each, { group: name, vars: varsOf(vars, `"${host}"`) });
        }
      }
    } else if (key === "vars") builder.groupVars(name, varsOf(value, `the group "${name}"`));
    else if (key === "children") {
      for (const [child, inner] of mapOf(value, `the children of "${name}"`)) {
        builder.child(name, child);
        readGroup(child, inner, builder);
      }
    } else {
      throw sourceFault(`Unknown key "${key}" in the group "${name}"`, keyAt, {
        hint: "A group has hosts, vars and children",
      });
    }
  }
}

/** The entries of a map; a list of names, or nothing, will do too. */
function mapOf(source: Source, what: string): readonly (readonly [string, Source])[] {
  if (source.kind === "map") return [...source.entries].map(([key, { value }]) => [key, value] as const);
  if (source.kind === "scalar" && source.value === null) return [];
  if (source.kind === "list") {
    return source.items.map((item) => {
      if (item.kind === "scalar" && typeof item.value === "string") {
        return [item.value, { ...item, value: null }] as const;
      }
      throw sourceFault(`Cannot read ${what}: a name is expected, not ${kindOf(item)}`, item.at);
    });
  }
  throw sourceFault(`Cannot read ${what}: a map is expected, not ${kindOf(source)}`, source.at);
}

/** A map of variables. */
export function varsOf(source: Source, what: string): Vars {
  if (source.kind === "scalar" && source.value === null) return {};
  if (source.kind !== "map") {
    throw sourceFault(
      `Cannot read the variables of ${what}: a map is expected, not ${kindOf(source)}`,
      source.at,
    );
  }
  const vars: Record<string, Value> = {};
  for (const [name, { keyAt, value }] of source.entries) {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw sourceFault(`"${name}" is no name for a variable`, keyAt, {
        hint: "Names have letters, digits and _",
      });
    }
    vars[name] = valueOf(value);
  }
  return vars;
}

/**
 * Reads `group_vars` and `host_vars` in a folder. A file, or a folder of files, has the name of a group or of a host.
 */
export async function readVarsBeside(
  folder: string,
  { builder, files }: { readonly builder: InventoryBuilder; readonly files: Files },
): Promise<void> {
  await eachVarsFile(join(folder, "group_vars"), files, (name, vars) => {
    if (builder.hasGroup(name)) builder.groupVars(name, vars);
  });
  await eachVarsFile(join(folder, "host_vars"), files, (name, vars) => builder.hostVars(name, vars));
}

async function eachVarsFile(
  folder: string,
  files: Files,
  take: (name: string, vars: Vars) => void,
): Promise<void> {
  for (const name of (await files.list(folder) ?? []).toSorted()) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    const inside = await files.list(path);
    const paths = inside === undefined
      ? [path]
      : inside.toSorted().filter((each) => !each.startsWith(".")).map((each) => join(path, each));
    const stem = basename(name).replace(/\.(ya?ml|json)$/, "");
    for (const each of paths) {
      const text = await files.readText(each);
      if (text.startsWith("$ANSIBLE_VAULT")) {
        throw new VirtError("unsupported", `Cannot read "${each}": it is encrypted with Ansible's vault`, {
          hint: "Decrypt it with ansible-vault, or give the secret as a variable with -e",
        });
      }
      take(stem, varsOf(readYaml(text, each), `"${stem}"`));
    }
  }
}
