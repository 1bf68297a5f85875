/**
 * The way by ssh, as a connection URI has it.
 *
 * @module
 */
import type { ConnectionUri } from "../model/uri.ts";
import type { ClientConfig } from "./client_config.ts";
import type { DaemonMode } from "./daemon_socket.ts";
import { type SshLink, type SshLogin, sshLogins, type SshProxy } from "./link.ts";
import { daemonName, type UriParameters, uriRefusal } from "./uri_parameters.ts";

/** What else decides. */
export interface SshLinkContext {
  readonly parameters: UriParameters;
  readonly config: ClientConfig;
  readonly mode: DaemonMode;
  readonly readonly: boolean;
}

/**
 * What a URI says of the way by ssh.
 *
 * @throws {VirtError} `invalid-argument` where its parameters contradict each other or have values that cannot be.
 */
export function sshLink(
  uri: ConnectionUri,
  { parameters, config, mode, readonly }: SshLinkContext,
): SshLink {
  const socket = parameters.text("socket");
  const netcat = parameters.text("netcat");
  const proxy = sshProxy(uri, {
    mode,
    hasSocket: socket !== undefined,
    hasNetcat: netcat !== undefined,
    wanted: parameters.word("proxy", ["auto", "netcat", "native"], config.proxy),
  });
  const optional = {
    port: uri.port,
    user: uri.user || undefined,
    program: parameters.text("command"),
    keyFile: parameters.text("keyfile"),
    knownHosts: parameters.text("known_hosts"),
    hostKeys: parameters.isOn("no_verify")
      ? "auto" as const
      : parameters.word("known_hosts_verify", ["normal", "auto", "ignore"], undefined),
    logins: readLogins(uri, parameters.text("sshauth")),
  };
  for (const [what, path] of Object.entries({ socket, netcat, ...optional })) {
    // deno-lint-ignore no-control-regex
    if (typeof path === "string" && /[\x00-\x1f\x7f]/.test(path)) {
      throw uriRefusal(uri, `the ${what} has a control character in it`);
    }
  }
  return {
    kind: "ssh",
    host: uri.host ?? "localhost",
    ...present(optional),
    mayAsk: !parameters.isOn("no_tty"),
    proxy,
    netcat: netcat ?? "nc",
    // Every system has it below /var/run; below /run, only some.
    socket: socket ?? `/var/run/libvirt/libvirt-sock${readonly ? "-ro" : ""}`,
    helperUri: helperUri(uri, { parameters, socket, mode }),
    readonly,
  };
}

/** The parts that are there. */
function present<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> };
function present(parts: object): object {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

/** What virt-ssh-helper is given. It knows `mode` and `socket`, which the daemon must not see. */
function helperUri(
  uri: ConnectionUri,
  { parameters, socket, mode }: {
    readonly parameters: UriParameters;
    readonly socket: string | undefined;
    readonly mode: DaemonMode;
  },
): string {
  const name = parameters.text("name");
  if (name !== undefined) return name;
  const parts = [...parameters.others];
  if (mode !== "auto") parts.push(["mode", mode]);
  if (socket !== undefined) parts.push(["socket", socket]);
  return daemonName(uri, parts);
}

function sshProxy(
  uri: ConnectionUri,
  { wanted, mode, hasSocket, hasNetcat }: {
    readonly wanted: SshProxy | undefined;
    readonly mode: DaemonMode;
    readonly hasSocket: boolean;
    readonly hasNetcat: boolean;
  },
): SshProxy {
  const needsHelper = mode === "direct" || uri.path === "/session" && !hasSocket;
  if (wanted === "native" && hasNetcat) {
    throw uriRefusal(uri, `proxy=native does not use netcat`, "Leave netcat or proxy out");
  }
  if (needsHelper && (wanted === "netcat" || hasNetcat)) {
    throw uriRefusal(
      uri,
      `netcat must be told the daemon's socket on the far side`,
      "Add ?socket=PATH, or leave netcat and proxy out so that virt-ssh-helper finds it",
    );
  }
  if (wanted !== undefined && wanted !== "auto") return wanted;
  if (needsHelper) return "native";
  return hasSocket || hasNetcat ? "netcat" : "auto";
}

function readLogins(uri: ConnectionUri, text: string | undefined): readonly SshLogin[] | undefined {
  return text?.split(",").map((word) => {
    const login = sshLogins.find((one) => one === word.trim());
    if (login !== undefined) return login;
    throw uriRefusal(uri, `sshauth "${word}" is unknown`, `Ways to log in are ${sshLogins.join(", ")}`);
  });
}
