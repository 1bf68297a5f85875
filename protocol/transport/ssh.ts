/**
 * The way by ssh: the system's own program runs one on the far side that passes bytes on to the daemon's socket. The
 * user's configuration, agent, known hosts and jump hosts therefore apply.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionClock } from "../clock.ts";
import type { HostKeyCheck, SshLink, SshLogin } from "../link.ts";
import type { Transport } from "../transport.ts";
import { runProgram } from "./program.ts";
import { remoteCommand } from "./remote_command.ts";
import type { OpenOptions } from "./socket.ts";
import { explainSsh } from "./ssh_failure.ts";

/** What ssh needs beside the link. */
export interface SshOptions extends OpenOptions {
  readonly clock: ConnectionClock;
  /** Whether a person sits there whom ssh may ask. */
  readonly interactive: boolean;
  /** The ssh program, where the URI names none. @default "ssh" */
  readonly sshProgram?: string;
}

/** In OpenSSH's words (ssh_config, StrictHostKeyChecking). */
const hostKeyChecks: Readonly<Record<HostKeyCheck, string | undefined>> = {
  normal: undefined,
  auto: "accept-new",
  ignore: "no",
};

/**
 * The arguments for ssh.
 *
 * @throws {VirtError} `invalid-argument` where a file's name cannot be told to ssh.
 */
export function sshArguments(
  link: SshLink,
  { interactive, uri }: { readonly interactive: boolean; readonly uri: string },
): readonly string[] {
  const settings: string[] = [];
  // Nobody would see the question, and it would be waited for until the deadline.
  if (!interactive || !link.mayAsk) settings.push("BatchMode=yes");
  const check = link.hostKeys === undefined ? undefined : hostKeyChecks[link.hostKeys];
  if (check !== undefined) settings.push(`StrictHostKeyChecking=${check}`);
  if (link.knownHosts !== undefined) settings.push(`UserKnownHostsFile=${fileSetting(link.knownHosts, uri)}`);
  if (link.logins !== undefined) settings.push(...loginSettings(link.logins));
  return [
    ...(link.port === undefined ? [] : ["-p", `${link.port}`]),
    ...(link.user === undefined ? [] : ["-l", link.user]),
    ...(link.keyFile === undefined ? [] : ["-i", link.keyFile]),
    // No terminal there, and no character that ends the connection here.
    "-T",
    "-e",
    "none",
    ...settings.flatMap((setting) => ["-o", setting]),
    "--",
    link.host,
    remoteCommand(link),
  ];
}

/** A file's name for a setting that takes several, in which `%` and `$` would mean something. */
function fileSetting(path: string, uri: string): string {
  if (/["\\]|\$\{/.test(path)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot connect to "${uri}": ssh cannot be told the file "${path}"`,
      {
        hint: "Give the file a name without quotes, backslashes and ${",
      },
    );
  }
  return `"${path.replaceAll("%", "%%")}"`;
}

function loginSettings(logins: readonly SshLogin[]): readonly string[] {
  const names = logins.map((login) => login === "agent" || login === "privkey" ? "publickey" : login);
  const settings = [`PreferredAuthentications=${[...new Set(names)].join(",")}`];
  // OpenSSH knows one way for keys, wherever they are; where one of the two is not wanted it is taken away.
  if (logins.includes("privkey") && !logins.includes("agent")) settings.push("IdentityAgent=none");
  if (logins.includes("agent") && !logins.includes("privkey")) settings.push("IdentityFile=none");
  return settings;
}

/**
 * Connects by ssh. That the far side cannot be reached shows in the first read.
 *
 * @throws {VirtError} `unreachable` where ssh cannot be run.
 */
export function openSsh(link: SshLink, options: SshOptions): Promise<Transport> {
  const { uri, interactive } = options;
  return runProgram(link.program ?? options.sshProgram ?? "ssh", {
    ...options,
    args: sshArguments(link, { interactive, uri }),
    terminal: interactive && link.mayAsk,
    peer: link.user === undefined ? link.host : `${link.user}@${link.host}`,
    explain: (end) => explainSsh(end, { link, uri }),
  });
}
