/**
 * Why ssh failed, from what it says.
 *
 * @module
 */
import { type ErrorCode, VirtError } from "../../model/error.ts";
import type { SshLink } from "../link.ts";
import type { ProgramEnd } from "./program.ts";

/** One thing that goes wrong. */
interface Cause {
  /** What OpenSSH, or the program on the far side, says then. */
  readonly says: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  /** What to do. */
  readonly hint: (link: SshLink) => string;
}

/** How a person would log in. */
function byHand({ host, port, user, program, keyFile }: SshLink): string {
  const words = [
    program ?? "ssh",
    ...(port === undefined ? [] : ["-p", port]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(keyFile === undefined ? [] : ["-i", keyFile]),
    host,
  ];
  return words.join(" ");
}

/** The first that fits counts: a changed key also ends in a failed verification. */
const causes: readonly Cause[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED|Offending .* key in/,
    code: "permission-denied",
    what: "the host's key is not the one that is known",
    hint: ({ host }) =>
      `Somebody may stand between; if the host was installed anew, forget the old key: ssh-keygen -R ${host}`,
  },
  {
    says: /REVOKED HOST KEY|host key .* revoked/i,
    code: "permission-denied",
    what: "the host's key is revoked",
    hint: ({ host }) => `Ask whoever runs "${host}" for its present key`,
  },
  {
    says: /Host key verification failed|No .* host key is known/,
    code: "permission-denied",
    what: "the host's key is not known",
    hint: (link) =>
      `Log in once by hand and accept it: ${
        byHand(link)
      }; or add ?no_verify=1 to accept the key of a host that is not known`,
  },
  {
    says: /Permission denied \(|Too many authentication failures|No more authentication methods/,
    code: "permission-denied",
    what: "the host did not let us log in",
    hint: (link) =>
      `Log in by hand: ${
        byHand(link)
      }. A key needs ssh-copy-id there and, with a passphrase, ssh-agent here; nothing can be asked without a terminal`,
  },
  {
    says: /Could not resolve hostname/,
    code: "unreachable",
    what: "the host is not known",
    hint: ({ host }) => `Check the name: getent hosts ${host}; and ssh's own settings: ssh -G ${host}`,
  },
  {
    says: /(?:virt-ssh-helper|nc): .*Permission denied/,
    code: "permission-denied",
    what: "the user there may not use the daemon's socket",
    hint: ({ user }) =>
      `Add ${user === undefined ? "the user" : `"${user}"`} to the group libvirt on the far side`,
  },
  {
    says:
      /virt-ssh-helper: cannot connect|Failed to connect socket|nc: .*(refused|No such file|unix connect)/i,
    code: "unreachable",
    what: "the daemon on the far side does not listen",
    hint: (link) => `Look there: ${byHand(link)} systemctl status libvirtd virtqemud`,
  },
  {
    says: /not found|No such file or directory/,
    code: "unreachable",
    what: "a program is missing on the far side",
    hint: ({ proxy, netcat }) =>
      proxy === "netcat"
        ? `Install ${netcat} there, or leave out proxy, netcat and socket so that virt-ssh-helper is used`
        : "Install libvirt's virt-ssh-helper there (Debian: libvirt-daemon), or netcat with unix sockets (Debian: netcat-openbsd)",
  },
  {
    says: /Connection refused/,
    code: "unreachable",
    what: "nobody listens for ssh on the host",
    hint: (link) => `Try by hand: ${byHand(link)}`,
  },
  {
    says:
      /Connection timed out|Operation timed out|No route to host|Network is unreachable|Connection closed|Connection reset|kex_exchange_identification/,
    code: "unreachable",
    what: "the host cannot be reached by ssh",
    hint: (link) => `Try by hand: ${byHand(link)}`,
  },
];

/** What ssh's end means. */
export function explainSsh(
  { code, signal, complaint }: ProgramEnd,
  { link, uri }: { readonly link: SshLink; readonly uri: string },
): VirtError {
  const said = complaint === "" ? "" : `; ssh says: ${lastLines(complaint)}`;
  const cause = causes.find(({ says }) => says.test(complaint));
  if (cause !== undefined) {
    return new VirtError(cause.code, `Connection to "${uri}": ${cause.what}${said}`, {
      hint: cause.hint(link),
    });
  }
  const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  return new VirtError("unreachable", `Connection to "${uri}": ssh ${how}${said}`, {
    hint: `Try by hand: ${byHand(link)}`,
  });
}

/** The end of a complaint, on one line. */
function lastLines(complaint: string): string {
  const lines = complaint.split("\n").map((line) => line.trim().replaceAll(/^[@\s]+|[@\s]+$/g, ""));
  return lines.filter((line) => line !== "").slice(-6).join(" / ").slice(-600);
}
