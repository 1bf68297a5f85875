/**
 * The parameters of connection URIs that say how to connect. All others belong to the far side's driver.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";

/** libvirt's own names (connection URIs, "Transport configuration", and `authfile` of "Connection authentication"). */
const names = [
  "name",
  "command",
  "socket",
  "auth",
  "sshauth",
  "netcat",
  "keyfile",
  "pkipath",
  "known_hosts",
  "known_hosts_verify",
  "tls_priority",
  "mode",
  "proxy",
  "no_sanity",
  "no_verify",
  "no_tty",
  "authfile",
] as const;

/** The name of a parameter that says how to connect. */
export type UriParameter = typeof names[number];

/** What a URI's parameters say. */
export interface UriParameters {
  /** The value of a parameter, absent where it is not given or empty. */
  text(name: UriParameter): string | undefined;
  /** Whether a parameter that is a number is given and not 0. */
  isOn(name: UriParameter): boolean;
  /** The value of a parameter that knows only certain words. */
  word<W extends string>(
    name: UriParameter,
    words: readonly W[],
    otherwise: string | undefined,
  ): W | undefined;
  /** What is left for the far side, in order. */
  readonly others: readonly (readonly [name: string, value: string])[];
}

/**
 * Sorts the parameters of a URI. Names are the same in upper and lower case.
 *
 * @throws {VirtError} `invalid-argument` where a name is nearly one of those that say how to connect: the far side
 * would pass over it, and the connection would not be the one that was meant.
 */
export function readParameters(uri: ConnectionUri): UriParameters {
  const known = new Map<string, string>();
  const others: (readonly [string, string])[] = [];
  for (const [given, value] of uri.parameters) {
    const name = given.toLowerCase();
    if (names.some((one) => one === name)) {
      known.set(name, value);
      continue;
    }
    const meant = names.find((one) => isNearly(name, one));
    if (meant !== undefined) {
      throw new VirtError(
        "invalid-argument",
        `Cannot connect to "${uri.text}": unknown parameter "${given}"`,
        {
          hint: `Did you mean "${meant}"?`,
        },
      );
    }
    others.push([given, value]);
  }
  const text = (name: UriParameter): string | undefined => known.get(name) || undefined;
  return {
    text,
    isOn(name): boolean {
      const value = known.get(name);
      if (value === undefined) return false;
      if (/^[+-]?\d{1,9}$/.test(value)) return Number(value) !== 0;
      throw new VirtError(
        "invalid-argument",
        `Cannot connect to "${uri.text}": "${name}" is "${value}", which is not a number`,
        { hint: `Write ${name}=1 to switch it on` },
      );
    },
    word<W extends string>(
      name: UriParameter,
      words: readonly W[],
      otherwise: string | undefined,
    ): W | undefined {
      const value = text(name) ?? otherwise;
      if (value === undefined) return undefined;
      const found = words.find((word) => word === value);
      if (found !== undefined) return found;
      const list = words.map((word) => `"${word}"`).join(", ");
      const source = text(name) === undefined ? ` in libvirt.conf` : "";
      throw new VirtError(
        "invalid-argument",
        `Cannot connect to "${uri.text}": "${name}"${source} is "${value}", which is none of ${list}`,
      );
    },
    others,
  };
}

/** Whether one letter too many, too few, other, or two exchanged make the difference; two, between long words. */
function isNearly(given: string, name: string): boolean {
  const bare = (text: string): string => text.replaceAll(/[-_]/g, "");
  if (bare(given) === bare(name)) return true;
  const allowed = name.length > 5 ? 2 : 1;
  return name.length > 3 && given[0] === name[0] && distance(given, name) <= allowed;
}

/** How many letters must be added, removed, replaced or exchanged with their neighbour. */
function distance(one: string, other: string): number {
  let older: number[] = [];
  let old = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const fresh = [row];
    for (let column = 1; column <= other.length; column++) {
      const at = (line: readonly number[], place: number): number => line[place] ?? Infinity;
      const same = one[row - 1] === other[column - 1];
      const swapped = row > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      fresh.push(Math.min(
        at(old, column) + 1,
        at(fresh, column - 1) + 1,
        at(old, column - 1) + (same ? 0 : 1),
        swapped ? at(older, column - 2) + 1 : Infinity,
      ));
    }
    [older, old] = [old, fresh];
  }
  return old[other.length] ?? Infinity;
}

/** What a daemon is asked to open: the URI without transport, user, host and port, and with the parameters given. */
export function daemonName(uri: ConnectionUri, parameters: UriParameters["others"]): string {
  // As libvirt writes it: a path keeps its reserved characters, a value does not.
  const path = encodeURI(uri.path).replaceAll(/[?#:]/g, (mark) => encodeURIComponent(mark));
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${uri.driver}://${path}${query === "" ? "" : `?${query}`}`;
}

/** The error of a URI that cannot be meant. */
export function uriRefusal(uri: ConnectionUri, what: string, hint?: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot connect to "${uri.text}": ${what}`,
    hint === undefined ? {} : { hint },
  );
}
