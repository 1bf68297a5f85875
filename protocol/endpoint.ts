/**
 * Where a connection URI leads: the daemon's socket, host and port, or program, and what the daemon is asked to open.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";
import { type ClientConfig, loadClientConfig } from "./client_config.ts";
import { type ClientMachine, thisMachine } from "./client_machine.ts";
import { chooseDaemonSocket, type DaemonMode, type DaemonSocket } from "./daemon_socket.ts";
import { readParameters, type UriParameters } from "./uri_parameters.ts";

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

/** What a URI demands of the proof of who we are. */
export type WantedAuthentication =
  | { readonly kind: "sasl"; readonly mechanism?: string }
  | { readonly kind: "polkit" };

/** Where a connection URI leads. */
export interface Endpoint {
  /** The URI, for messages. */
  readonly uri: string;
  /** The host as the URI has it; `localhost` where it has none. */
  readonly host: string;
  /** The user in the URI. */
  readonly user?: string;
  readonly link: Link;
  /** What the daemon is asked to open: the URI without all that says how to get there; "" lets the daemon choose. */
  readonly name: string;
  readonly readonly: boolean;
  /** The way to prove who we are, where the URI demands one. */
  readonly authentication?: WantedAuthentication;
  /** The file with credentials that the URI names. */
  readonly authFile?: string;
}

/** What else decides where a URI leads. */
export interface EndpointOptions {
  /** Whether the connection only reads. @default false */
  readonly readonly?: boolean;
  /** The machine that looks. @default the one that this runs on */
  readonly machine?: ClientMachine;
  /** The user's settings. @default those of the machine */
  readonly config?: ClientConfig;
}

const transports = ["tls", "unix", "ssh", "libssh2", "ext", "tcp", "libssh"] as const;
const sshLogins = ["agent", "privkey", "password", "keyboard-interactive"] as const;
/** Schemes that libvirt's library serves by itself, without a daemon. */
const withoutDaemon: ReadonlySet<string> = new Set(["esx", "gsx", "vpx", "hyperv"]);
/** libvirt's ports, as registered with IANA for TLS and in use for TCP. */
const ports = { tls: 16514, tcp: 16509 } as const;

/**
 * Whether a libvirt daemon serves a URI. The one kind that none does is `test:///...`, without transport and host.
 *
 * @example
 * ```ts
 * import { parseUri } from "../model/uri.ts";
 * import { isServedByDaemon } from "./endpoint.ts";
 * isServedByDaemon(parseUri("test+unix:///default")); // true
 * ```
 */
export function isServedByDaemon(uri: ConnectionUri): boolean {
  return uri.driver !== "test" || uri.transport !== undefined || uri.host !== undefined;
}

/**
 * Finds out where a connection URI leads, by libvirt's rules.
 *
 * @throws {VirtError} `invalid-argument` where the URI contradicts itself, has an unknown transport, a misspelt
 * parameter or a value that cannot be; `unsupported` for what libvirt can and we cannot.
 *
 * @example
 * ```ts
 * import { parseUri } from "../model/uri.ts";
 * import { endpointOf } from "./endpoint.ts";
 * endpointOf(parseUri("qemu+tls://host-1/system")).name; // "qemu:///system"
 * ```
 */
export function endpointOf(uri: ConnectionUri, options: EndpointOptions = {}): Endpoint {
  const { readonly = false, machine = thisMachine, config = loadClientConfig(machine) } = options;
  refuseMistakes(uri);
  const parameters = readParameters(uri);
  const authentication = wantedAuthentication(uri, parameters);
  const authFile = parameters.text("authfile");
  return {
    uri: uri.text,
    host: uri.host ?? "localhost",
    ...(uri.user === undefined || uri.user === "" ? {} : { user: uri.user }),
    link: linkOf(uri, { parameters, readonly, machine, config }),
    name: parameters.text("name") ?? (uri.driver === "remote" ? "" : formatName(uri, parameters.others)),
    readonly,
    ...(authentication === undefined ? {} : { authentication }),
    ...(authFile === undefined ? {} : { authFile }),
  };
}

function refusal(uri: ConnectionUri, what: string, hint?: string): VirtError {
  return new VirtError(
    "invalid-argument",
    `Cannot connect to "${uri.text}": ${what}`,
    hint === undefined ? {} : { hint },
  );
}

function refuseMistakes(uri: ConnectionUri): void {
  const { driver, host, path, transport, user } = uri;
  if (transport === undefined && (host === "system" || host === "session")) {
    throw refusal(uri, `"${host}" would be the name of a host`, `Did you mean ${driver}:///${host}?`);
  }
  if (transport === undefined && withoutDaemon.has(driver)) {
    throw new VirtError(
      "unsupported",
      `Cannot connect to "${uri.text}": no libvirt daemon serves "${driver}"`,
      {
        hint:
          "libvirt's own library talks to such hosts directly; connect to a libvirtd, or to the host by its own driver",
      },
    );
  }
  if (path === "/embed") {
    throw new VirtError("unsupported", `Cannot connect to "${uri.text}": a driver cannot be embedded here`, {
      hint: `Connect to a daemon: ${driver}:///system or ${driver}:///session`,
    });
  }
  for (const [what, text] of [["host", host], ["user", user]] as const) {
    if (text === undefined) continue;
    // It would be taken for an option by the programs that get it as an argument.
    if (text.startsWith("-")) throw refusal(uri, `the ${what} begins with "-"`);
    // deno-lint-ignore no-control-regex
    if (/[\s\x00-\x1f\x7f]/.test(text)) {
      throw refusal(uri, `the ${what} has a space or a control character in it`);
    }
  }
}

/** What {@linkcode linkOf} needs beside the URI. */
interface LinkContext extends Required<EndpointOptions> {
  readonly parameters: UriParameters;
}

function linkOf(uri: ConnectionUri, context: LinkContext): Link {
  const { parameters, config } = context;
  const transport = transports.find((one) =>
    one === (uri.transport ?? (uri.host === undefined ? "unix" : "tls"))
  );
  const mode = parameters.word("mode", ["auto", "legacy", "direct"], config.mode) ?? "auto";
  switch (transport) {
    case "unix":
      return unixLink(uri, { ...context, mode });
    case "tcp":
      return { kind: "tcp", host: uri.host ?? "localhost", port: uri.port ?? ports.tcp };
    case "tls":
      return tlsLink(uri, context);
    case "ssh":
    case "libssh":
    case "libssh2":
      return sshLink(uri, { ...context, mode });
    case "ext": {
      const program = parameters.text("command");
      if (program !== undefined) return { kind: "ext", program };
      throw refusal(uri, `transport "ext" needs a program`, "Name it, as in ?command=/usr/local/bin/tunnel");
    }
    case undefined:
      throw refusal(uri, `"${uri.transport}" is no transport`, `Transports are ${transports.join(", ")}`);
  }
}

function unixLink(uri: ConnectionUri, context: LinkContext & { readonly mode: DaemonMode }): UnixLink {
  if (uri.host !== undefined) {
    throw refusal(
      uri,
      `transport "unix" stays on this machine and cannot reach host "${uri.host}"`,
      `Use ${uri.driver}+ssh://${uri.host}${uri.path}, or leave the host out`,
    );
  }
  const path = context.parameters.text("socket");
  if (path !== undefined) {
    if (path.startsWith("/")) return { kind: "unix", path };
    throw refusal(uri, `socket "${path}" is not an absolute path`);
  }
  const socket = chooseDaemonSocket(uri, context);
  return { kind: "unix", path: socket.path, socket };
}

function tlsLink(uri: ConnectionUri, { parameters, config }: LinkContext): TlsLink {
  const priority = parameters.text("tls_priority") ?? config.tlsPriority;
  if (priority !== undefined && priority !== "NORMAL") {
    const what = `GnuTLS priorities such as "${priority}" cannot be honoured`;
    throw new VirtError("unsupported", `Cannot connect to "${uri.text}": ${what}`, {
      hint:
        "Leave tls_priority out of the URI and of libvirt.conf: TLS 1.2 and 1.3 with strong ciphers are used",
    });
  }
  const pkiPath = parameters.text("pkipath");
  return {
    kind: "tls",
    host: uri.host ?? "localhost",
    port: uri.port ?? ports.tls,
    ...(pkiPath === undefined ? {} : { pkiPath }),
    verify: !parameters.isOn("no_verify"),
    checkOwn: !parameters.isOn("no_sanity"),
  };
}

function sshLink(
  uri: ConnectionUri,
  { parameters, config, mode, readonly }: LinkContext & { readonly mode: DaemonMode },
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
      throw refusal(uri, `the ${what} has a control character in it`);
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
  return formatName(uri, parts);
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
    throw refusal(uri, `proxy=native does not use netcat`, "Leave netcat or proxy out");
  }
  if (needsHelper && (wanted === "netcat" || hasNetcat)) {
    throw refusal(
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
    throw refusal(uri, `sshauth "${word}" is unknown`, `Ways to log in are ${sshLogins.join(", ")}`);
  });
}

function wantedAuthentication(
  uri: ConnectionUri,
  parameters: UriParameters,
): WantedAuthentication | undefined {
  const text = parameters.text("auth");
  if (text === undefined) return undefined;
  const [kind, mechanism] = [text.slice(0, 5).toLowerCase(), text.slice(5)];
  if (text.toLowerCase() === "polkit") return { kind: "polkit" };
  if (text.toLowerCase() === "sasl") return { kind: "sasl" };
  if (kind === "sasl." && mechanism !== "") return { kind: "sasl", mechanism: mechanism.toUpperCase() };
  throw refusal(
    uri,
    `auth "${text}" is unknown`,
    "It is sasl, sasl.MECHANISM such as sasl.SCRAM-SHA-256, or polkit",
  );
}

/** The URI without transport, user, host and port, and with the parameters given. */
function formatName(uri: ConnectionUri, parameters: UriParameters["others"]): string {
  // As libvirt writes it: a path keeps its reserved characters, a value does not.
  const path = encodeURI(uri.path).replaceAll(/[?#:]/g, (mark) => encodeURIComponent(mark));
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${uri.driver}://${path}${query === "" ? "" : `?${query}`}`;
}
