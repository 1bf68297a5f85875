/**
 * libvirt's file with credentials, `auth.conf` ("Connection authentication", client configuration).
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type ClientMachine, userConfigDirectory } from "../client_machine.ts";

/** What the file has for a host. */
export interface StoredCredentials {
  /** The file that has it, for messages. */
  readonly file: string;
  readonly user?: string;
  readonly password?: string;
}

type Groups = ReadonlyMap<string, ReadonlyMap<string, string>>;

const escapes: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** Reads a file of groups of keys. No message has a line of it: it may be the one with the password. */
function readGroups(text: string, file: string): Groups {
  const groups = new Map<string, Map<string, string>>();
  let group: Map<string, string> | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const name = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
    if (name !== undefined) {
      group = groups.get(name) ?? new Map();
      groups.set(name, group);
      continue;
    }
    const [, key, value] = /^\s*([^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (group === undefined || key === undefined || key === "" || value === undefined) {
      throw new VirtError("invalid-argument", `Cannot read the credentials in "${file}"`, {
        hint: `Line ${index + 1} is neither [group] nor key=value within a group`,
        at: { file, line: index + 1 },
      });
    }
    group.set(key, value.replaceAll(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole));
  }
  return groups;
}

/** Where the file is: the first that is named or there. */
function findFile(named: string | undefined, machine: ClientMachine): string | undefined {
  const explicit = machine.environment("LIBVIRT_AUTH_FILE") ?? named;
  if (explicit !== undefined) return explicit;
  const places = [`${userConfigDirectory(machine)}/auth.conf`, "/etc/libvirt/auth.conf"];
  return places.find((place) => machine.exists(place));
}

/**
 * What `auth.conf` has for a host's libvirtd: of group `auth-libvirt-HOST`, else of `auth-libvirt-default`.
 *
 * @returns absent where there is no file, or nothing in it for the host
 * @throws {VirtError} `not-found` for a file that is named and not there; `invalid-argument` for one that cannot be
 * understood; `permission-denied` for one that is named and cannot be read.
 */
export function storedCredentials(
  host: string,
  { machine, named }: { readonly machine: ClientMachine; readonly named: string | undefined },
): StoredCredentials | undefined {
  const file = findFile(named, machine);
  if (file === undefined) return undefined;
  const text = readIfAllowed(file, machine);
  if (text === undefined) {
    throw new VirtError("not-found", `Cannot read the credentials in "${file}": there is no such file`, {
      hint: "It is named by LIBVIRT_AUTH_FILE or by authfile in the connection URI",
    });
  }
  const groups = readGroups(text, file);
  const service = [`auth-libvirt-${host}`, "auth-libvirt-default"].find((name) => groups.has(name));
  if (service === undefined) return undefined;
  const name = groups.get(service)?.get("credentials");
  const credentials = name === undefined ? undefined : groups.get(`credentials-${name}`);
  if (credentials === undefined) {
    const missing = name === undefined
      ? `[${service}] has no credentials=NAME`
      : `[${service}] refers to [credentials-${name}], which is not there`;
    throw new VirtError("invalid-argument", `Cannot read the credentials in "${file}": ${missing}`);
  }
  // libvirt takes authname for its own daemons and username for others; many files have the one for the other.
  const user = credentials.get("authname") ?? credentials.get("username");
  const password = credentials.get("password");
  return {
    file,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

function readIfAllowed(file: string, machine: ClientMachine): string | undefined {
  try {
    return machine.readText(file);
  } catch (cause) {
    throw new VirtError("permission-denied", `Cannot read the credentials in "${file}"`, {
      hint: `Look at its owner and mode: ls -l ${file}`,
      cause,
    });
  }
}
