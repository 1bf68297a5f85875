/**
 * Where a connection URI leads: the daemon's socket, host and port, or program, and what the daemon is asked to open.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";
import { type ClientConfig, loadClientConfig } from "./client_config.ts";
import { type ClientMachine, thisMachine } from "./client_machine.ts";
import { chooseDaemonSocket, type DaemonMode } from "./daemon_socket.ts";
import type { Link, TlsLink, UnixLink } from "./link.ts";
import { sshLink } from "./ssh_link.ts";
import { daemonName, readParameters, type UriParameters, uriRefusal } from "./uri_parameters.ts";

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
    name: parameters.text("name") ?? (uri.driver === "remote" ? "" : daemonName(uri, parameters.others)),
    readonly,
    ...(authentication === undefined ? {} : { authentication }),
    ...(authFile === undefined ? {} : { authFile }),
  };
}

function refuseMistakes(uri: ConnectionUri): void {
  const { driver, host, path, transport, user } = uri;
  if (transport === undefined && (host === "system" || host === "session")) {
    throw uriRefusal(uri, `"${host}" would be the name of a host`, `Did you mean ${driver}:///${host}?`);
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
    if (text.startsWith("-")) throw uriRefusal(uri, `the ${what} begins with "-"`);
    // deno-lint-ignore no-control-regex
    if (/[\s\x00-\x1f\x7f]/.test(text)) {
      throw uriRefusal(uri, `the ${what} has a space or a control character in it`);
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
      throw uriRefusal(
        uri,
        `transport "ext" needs a program`,
        "Name it, as in ?command=/usr/local/bin/tunnel",
      );
    }
    case undefined:
      throw uriRefusal(uri, `"${uri.transport}" is no transport`, `Transports are ${transports.join(", ")}`);
  }
}

function unixLink(uri: ConnectionUri, context: LinkContext & { readonly mode: DaemonMode }): UnixLink {
  if (uri.host !== undefined) {
    throw uriRefusal(
      uri,
      `transport "unix" stays on this machine and cannot reach host "${uri.host}"`,
      `Use ${uri.driver}+ssh://${uri.host}${uri.path}, or leave the host out`,
    );
  }
  const path = context.parameters.text("socket");
  if (path !== undefined) {
    if (path.startsWith("/")) return { kind: "unix", path };
    throw uriRefusal(uri, `socket "${path}" is not an absolute path`);
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
  throw uriRefusal(
    uri,
    `auth "${text}" is unknown`,
    "It is sasl, sasl.MECHANISM such as sasl.SCRAM-SHA-256, or polkit",
  );
}
