/**
 * Who is at the other end of a connection, as far as it is known.
 *
 * @module
 */

/** How a client has reached the daemon. */
export type ClientTransport = "unix" | "tcp" | "tls";

/** The process at the other end of a socket of this machine. */
export interface PeerProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** The numbers of its further groups, where the system tells. */
  readonly groups?: readonly number[];
}

/** What is known of a client. */
export interface Identity {
  readonly transport: ClientTransport;
  /** The process, where the socket is of this machine and the system tells. */
  readonly process?: PeerProcess;
  /** The name that it has proved by SASL. */
  readonly saslUser?: string;
  /** The name in its certificate: `CN=alice,O=Example`. */
  readonly x509Name?: string;
  /** Whether nothing is known but how it came. */
  readonly anonymous: boolean;
}

/** What this machine calls users and groups, by their numbers. */
export interface AccountNames {
  user(uid: number): string | undefined;
  group(gid: number): string | undefined;
}

/** On whose behalf a client acts: `uid:1000`, `sasl:alice`, `x509:CN=alice`. */
export function principalOf({ saslUser, x509Name, process, transport }: Identity): string {
  if (saslUser !== undefined) return `sasl:${saslUser}`;
  if (x509Name !== undefined) return `x509:${x509Name}`;
  return process === undefined ? `anonymous:${transport}` : `uid:${process.uid}`;
}

/**
 * All the names by which policies know a client: what it has proved (`sasl:alice`, `x509:CN=alice`), and who runs it on this
 * machine (`uid:1000`, `user:alice`, `gid:1000`, `group:libvirt`). Of whom nothing is known: `anonymous:tcp`.
 *
 * @example
 * ```ts
 * import { principalsOf } from "./identity.ts";
 * const nameless = { user: () => undefined, group: () => undefined };
 * principalsOf({ transport: "tls", x509Name: "CN=alice", saslUser: "bob", anonymous: false }, nameless);
 * // ["sasl:bob", "x509:CN=alice"]
 * ```
 */
export function principalsOf(identity: Identity, names: AccountNames): readonly string[] {
  const { saslUser, x509Name, process } = identity;
  const known = [
    ...(saslUser === undefined ? [] : [`sasl:${saslUser}`]),
    ...(x509Name === undefined ? [] : [`x509:${x509Name}`]),
    ...(process === undefined ? [] : accounts(process, names)),
  ];
  return known.length === 0 ? [principalOf(identity)] : known;
}

function accounts({ uid, gid, groups = [] }: PeerProcess, names: AccountNames): readonly string[] {
  const gids = [...new Set([gid, ...groups])];
  return [
    `uid:${uid}`,
    ...prefixed("user:", names.user(uid)),
    ...gids.flatMap((each) => [`gid:${each}`, ...prefixed("group:", names.group(each))]),
  ];
}

function prefixed(prefix: string, name: string | undefined): readonly string[] {
  return name === undefined ? [] : [`${prefix}${name}`];
}
