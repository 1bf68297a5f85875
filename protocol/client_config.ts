/**
 * libvirt's settings for clients: `libvirt.conf` with its aliases and defaults, and what the environment says.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type ClientMachine, thisMachine, userConfigDirectory } from "./client_machine.ts";
import { parseSettings, type SettingValue } from "./settings_file.ts";

/** What `libvirt.conf` says. */
export interface ClientConfig {
  /** Short names for connection URIs, in order. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The URI where none is given. */
  readonly defaultUri?: string;
  /** `auto`, `legacy` or `direct`, where the URI has no `mode`. */
  readonly mode?: string;
  /** `auto`, `netcat` or `native`, where the URI has no `proxy`. */
  readonly proxy?: string;
  /** GnuTLS's priorities, where the URI has no `tls_priority`. */
  readonly tlsPriority?: string;
}

function textOf(settings: ReadonlyMap<string, SettingValue>, name: string, file: string): string | undefined {
  const value = settings.get(name);
  if (value === undefined || typeof value === "string") return value;
  throw new VirtError("invalid-argument", `Cannot read the settings in "${file}": "${name}" is not one text`);
}

function readAliases(value: SettingValue | undefined, file: string): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const entry of typeof value === "string" ? [value] : value ?? []) {
    const [, alias, uri] = /^([\w-]*)=(.*)$/s.exec(entry) ?? [];
    if (alias === undefined || uri === undefined) {
      throw new VirtError("invalid-argument", `Cannot read the settings in "${file}": alias "${entry}"`, {
        hint:
          "Aliases look like hail=qemu+ssh://root@hail.example/system; their names are letters, digits, _ and -",
      });
    }
    // The first of two counts, as it does for libvirt.
    if (!aliases.has(alias)) aliases.set(alias, uri);
  }
  return aliases;
}

/**
 * Reads the text of a `libvirt.conf`. Settings that are not for clients are passed over.
 *
 * @throws {VirtError} `invalid-argument` with file and line where the text does not follow libvirt's grammar.
 *
 * @example
 * ```ts
 * import { parseClientConfig } from "./client_config.ts";
 * parseClientConfig('uri_aliases = [ "hail=qemu+ssh://root@hail/system" ]', "libvirt.conf").aliases.get("hail");
 * ```
 */
export function parseClientConfig(text: string, file: string): ClientConfig {
  const settings = parseSettings(text, file);
  const defaultUri = textOf(settings, "uri_default", file);
  const mode = textOf(settings, "remote_mode", file);
  const proxy = textOf(settings, "remote_proxy", file);
  const tlsPriority = textOf(settings, "tls_priority", file);
  return {
    aliases: readAliases(settings.get("uri_aliases"), file),
    ...(defaultUri === undefined ? {} : { defaultUri }),
    ...(mode === undefined ? {} : { mode }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(tlsPriority === undefined ? {} : { tlsPriority }),
  };
}

/**
 * The user's settings: `/etc/libvirt/libvirt.conf` for root, `~/.config/libvirt/libvirt.conf` for everybody else, as
 * libvirt has it. Where there is no file there are no settings.
 *
 * @throws {VirtError} `invalid-argument` where the file cannot be understood, `permission-denied` where it cannot be
 * read.
 */
export function loadClientConfig(machine: ClientMachine = thisMachine): ClientConfig {
  const folder = machine.uid === 0 ? "/etc/libvirt" : userConfigDirectory(machine);
  const file = `${folder}/libvirt.conf`;
  return parseClientConfig(machine.readText(file) ?? "", file);
}

/** Whose settings count. */
export interface ConnectionNameOptions {
  /** The machine whose environment and files are looked at. @default the one that this runs on */
  readonly machine?: ClientMachine;
  /** The settings. @default those of the machine */
  readonly config?: ClientConfig;
}

/**
 * The connection URI that a person means: an alias is looked up, and where nothing is given
 * `LIBVIRT_DEFAULT_URI` counts, then `uri_default`.
 *
 * @returns the URI as text; absent where nothing was given and nothing is set.
 * @throws {VirtError} as {@linkcode loadClientConfig} does.
 *
 * @example
 * ```ts
 * import { resolveConnectionName } from "./client_config.ts";
 * resolveConnectionName("test:///default"); // "test:///default"
 * ```
 */
export function resolveConnectionName(
  name: string | undefined,
  { machine = thisMachine, config = loadClientConfig(machine) }: ConnectionNameOptions = {},
): string | undefined {
  // libvirt keeps the two oldest names of all.
  if (name?.toLowerCase() === "xen" || name === "xen://") return "xen:///system";
  const wanted = name === undefined || name === ""
    ? machine.environment("LIBVIRT_DEFAULT_URI") ?? config.defaultUri
    : name;
  if (wanted === undefined || wanted === "") return undefined;
  return config.aliases.get(wanted) ?? wanted;
}
