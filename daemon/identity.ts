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

/** On whose behalf a client acts: `uid:1000`, `sasl:alice`, `x509:CN=alice`. */
export function principalOf({ saslUser, x509Name, process, transport }: Identity): string {
  if (saslUser !== undefined) return `sasl:${saslUser}`;
  if (x509Name !== undefined) return `x509:${x509Name}`;
  return process === undefined ? `anonymous:${transport}` : `uid:${process.uid}`;
}
