/**
 * The ways by which bytes get to a daemon.
 *
 * @module
 */
import type { DaemonSocket } from "./daemon_socket.ts";

/** libvirt's names for the ways in which ssh logs in. */
export const sshLogins = ["agent", "privkey", "password", "keyboard-interactive"] as const;

/** A socket on this machine. */
export interface UnixLink {
  readonly kind: "unix";
  readonly path: string;
  /** Whose daemon listens there; absent where the URI names the socket. */
  readonly socket?: DaemonSocket;
}

/** TCP without protection. */
export interface TcpLink {
  readonly kind: "tcp";
  readonly host: string;
  readonly port: number;
}

/** TCP protected by TLS. */
export interface TlsLink {
  readonly kind: "tls";
  readonly host: string;
  readonly port: number;
  /** The folder of `cacert.pem`, `clientcert.pem` and `clientkey.pem`; absent where they are in libvirt's places. */
  readonly pkiPath?: string;
  /** Whether the server's certificate must be right. */
  readonly verify: boolean;
  /** Whether our own certificate is looked at before it is used. */
  readonly checkOwn: boolean;
}

/** Which program on the far side passes bytes on to the daemon's socket. */
export type SshProxy = "auto" | "netcat" | "native";

/** How host keys are looked at, in libvirt's words; absent leaves it to ssh's own settings. */
export type HostKeyCheck = "normal" | "auto" | "ignore";

/** A program on the far side, run by the system's `ssh`. */
export interface SshLink {
  readonly kind: "ssh";
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** The ssh program, where the URI names one. */
  readonly program?: string;
  readonly keyFile?: string;
  readonly knownHosts?: string;
  readonly hostKeys?: HostKeyCheck;
  /** Ways to log in, in order. */
  readonly logins?: readonly SshLogin[];
  /** Whether ssh may ask a person. */
  readonly mayAsk: boolean;
  readonly proxy: SshProxy;
  /** The netcat on the far side. */
  readonly netcat: string;
  /** The socket on the far side, for netcat. */
  readonly socket: string;
  /** What virt-ssh-helper is given, from which it finds the socket on its own. */
  readonly helperUri: string;
  readonly readonly: boolean;
}

/** libvirt's names for the ways in which ssh logs in. */
export type SshLogin = typeof sshLogins[number];

/** A program on this machine whose standard streams lead to the daemon. */
export interface ProgramLink {
  readonly kind: "ext";
  readonly program: string;
}

/** How the bytes get to the daemon. */
export type Link = UnixLink | TcpLink | TlsLink | SshLink | ProgramLink;
