/**
 * The daemon's settings: `libvirtd.conf`'s names where the same thing is meant, and libvirt's defaults.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { parseSettings, type SettingValue } from "../protocol/settings_file.ts";

/** How clients of a socket prove who they are. */
export const authenticationKinds = ["none", "sasl"] as const;

/** One of these. */
export type AuthenticationSetting = typeof authenticationKinds[number];

/** What a setting is. */
type Kind = "number" | "text" | "switch" | "list" | "authentication" | "mode";

/** Every setting, once: what it is, and what it is where the file does not say. */
const declared = {
  /** Listen for TLS. Unlike libvirt's, it takes no option on the command line beside it. */
  listen_tls: { kind: "switch", default: false },
  /** Listen for TCP without protection. */
  listen_tcp: { kind: "switch", default: false },
  tls_port: { kind: "number", default: 16514 },
  tcp_port: { kind: "number", default: 16509 },
  /** The address for TLS and TCP; every one where empty. */
  listen_addr: { kind: "text", default: "" },

  /** The group that may use the sockets of this machine; the daemon's own where empty. */
  unix_sock_group: { kind: "text", default: "" },
  unix_sock_ro_perms: { kind: "mode", default: 0o777 },
  unix_sock_rw_perms: { kind: "mode", default: 0o700 },
  /** Where the sockets of this machine are; by who runs the daemon where empty. */
  unix_sock_dir: { kind: "text", default: "" },

  auth_unix_ro: { kind: "authentication", default: "none" },
  auth_unix_rw: { kind: "authentication", default: "none" },
  auth_tcp: { kind: "authentication", default: "sasl" },
  auth_tls: { kind: "authentication", default: "none" },
  /** The protection in bits that SASL must bring over TCP. What is known here brings none: only 0 lets it be used there. */
  tcp_min_ssf: { kind: "number", default: 112 },
  /** Globs over names that SASL has proved; everybody known where empty. */
  sasl_allowed_username_list: { kind: "list", default: [] },
  /** Who is known to SASL, and how they prove it; see `drover daemon password`. */
  sasl_user_file: { kind: "text", default: "" },

  key_file: { kind: "text", default: "" },
  cert_file: { kind: "text", default: "" },
  ca_file: { kind: "text", default: "" },
  crl_file: { kind: "text", default: "" },
  /** Let in clients without a certificate. */
  tls_no_verify_certificate: { kind: "switch", default: false },
  /** Globs over names in clients' certificates; every right certificate where empty. */
  tls_allowed_dn_list: { kind: "list", default: [] },

  max_clients: { kind: "number", default: 5000 },
  max_queued_clients: { kind: "number", default: 1000 },
  max_anonymous_clients: { kind: "number", default: 20 },
  max_client_requests: { kind: "number", default: 5 },
  /** Streams that a client may have open at a time, and its registrations for events. libvirt has no limit. */
  max_client_streams: { kind: "number", default: 256 },
  max_client_registrations: { kind: "number", default: 1024 },
  keepalive_interval: { kind: "number", default: 5 },
  keepalive_count: { kind: "number", default: 5 },
  /** How long a client may take to prove who it is, in seconds. libvirt waits for ever. */
  authentication_timeout: { kind: "number", default: 60 },
  /** How long calls may take to end when the daemon does, in seconds. */
  shutdown_timeout: { kind: "number", default: 30 },

  /** Globs over the connection URIs that clients may open, without parameters; with them only exactly as written here. */
  allowed_uris: { kind: "list", default: ["test:///**"] },
  /**
   * Hosts that are kept open, and how clients name them: "test:///default=test:///default?state=/var/lib/drover/test". What is
   * marked to be started with them is started.
   */
  hosts: { kind: "list", default: [] },
  /** What clients open that name nothing. */
  default_uri: { kind: "text", default: "test:///default" },
  /** The file that says who may do what; see docs/permissions.md. Everybody may do everything where empty. */
  access_policy: { kind: "text", default: "" },

  /** Where the HTTP API is: "127.0.0.1:16580", "[::1]:16580", "unix:/run/drover/http"; nowhere where empty. */
  http_listen: { kind: "list", default: [] },
  /** Who may use it; see `drover daemon token`. In the state directory where empty. */
  http_token_file: { kind: "text", default: "" },
  /** Further names by which clients may call it, as a proxy before it has one: "drover.example.org". */
  http_allowed_hosts: { kind: "list", default: [] },
  /** Further origins of web pages that may use it: "https://drover.example.org". */
  http_allowed_origins: { kind: "list", default: [] },
  /** Directories with the recipes that may be run by it; none where empty. */
  http_recipe_dirs: { kind: "list", default: [] },
  /** The longest request, in bytes: its head, and its body. */
  http_max_head: { kind: "number", default: 16_384 },
  http_max_body: { kind: "number", default: 16_777_216 },
  /** How many connections there may be, how many event streams among them, and how many requests of one token at a time. */
  http_max_clients: { kind: "number", default: 256 },
  http_max_streams: { kind: "number", default: 64 },
  http_max_requests: { kind: "number", default: 32 },
  /** How long a client may take to send a request, or to take what it is sent, in seconds. */
  http_timeout: { kind: "number", default: 30 },

  /** Where traces are sent to, as OTLP: "http://127.0.0.1:4318"; nowhere where empty. */
  otlp_endpoint: { kind: "text", default: "" },
  /** How many of a hundred traces that begin here are kept. */
  otlp_sample_percent: { kind: "number", default: 100 },
} as const satisfies Record<string, { readonly kind: Kind; readonly default: unknown }>;

/** libvirt's settings for what this daemon does not have: threads, its own log, an administrator's socket. */
const ignored: ReadonlySet<string> = new Set([
  ...["access_drivers", "unix_sock_admin_perms", "tls_no_sanity_certificate", "tls_priority"],
  ...["min_workers", "max_workers", "prio_workers", "audit_level", "audit_logging"],
  ...["admin_min_workers", "admin_max_workers", "admin_max_clients", "admin_max_queued_clients"],
  ...["admin_max_client_requests", "admin_keepalive_interval", "admin_keepalive_count"],
  ...["host_uuid", "host_uuid_source", "log_level", "log_filters", "log_outputs", "ovs_timeout"],
]);

interface ValueOfKind {
  readonly number: number;
  readonly text: string;
  readonly switch: boolean;
  readonly list: readonly string[];
  readonly authentication: AuthenticationSetting;
  readonly mode: number;
}

type Declared = typeof declared;

/** The daemon's settings, by their names in the file. */
export type DaemonSettings = { readonly [N in keyof Declared]: ValueOfKind[Declared[N]["kind"]] };

/** Settings, and the names in the file that mean nothing here. */
export interface ReadSettings {
  readonly settings: DaemonSettings;
  readonly ignored: readonly string[];
}

/** The settings where no file says anything. */
export const defaultSettings: DaemonSettings = read(new Map(), "");

/**
 * Reads the text of a file.
 *
 * @throws {VirtError} `invalid-argument` with the file where it cannot be understood, or has a name that is not known.
 *
 * @example
 * ```ts
 * import { parseDaemonSettings } from "./settings.ts";
 * parseDaemonSettings("max_clients = 20", "drover.conf").settings.max_clients; // 20
 * ```
 */
export function parseDaemonSettings(text: string, file: string): ReadSettings {
  const values = parseSettings(text, file);
  const passedOver: string[] = [];
  for (const name of values.keys()) {
    if (Object.hasOwn(declared, name)) continue;
    if (!ignored.has(name)) throw wrong(file, name, "there is no such setting");
    passedOver.push(name);
  }
  return { settings: read(values, file), ignored: passedOver };
}

function read(values: ReadonlyMap<string, SettingValue>, file: string): DaemonSettings {
  const entries = Object.entries(declared).map(([name, facts]) => {
    const value = values.get(name);
    return [name, value === undefined ? facts.default : valueOf(facts.kind, { name, value, file })];
  });
  // Each value is of the kind that its name is declared with.
  return Object.fromEntries(entries) as DaemonSettings;
}

function valueOf(
  kind: Kind,
  { name, value, file }: { readonly name: string; readonly value: SettingValue; readonly file: string },
): ValueOfKind[Kind] {
  if (kind === "list") return typeof value === "string" ? [value] : value;
  if (typeof value !== "string") throw wrong(file, name, "it is a list, where one value belongs");
  switch (kind) {
    case "text":
      return value;
    case "number":
      if (!/^[+-]?\d{1,9}$/.test(value)) throw wrong(file, name, `"${value}" is no number`);
      return Number(value);
    case "switch":
      if (value !== "0" && value !== "1") throw wrong(file, name, `"${value}" is neither 0 nor 1`);
      return value === "1";
    case "mode":
      if (!/^0?[0-7]{3}$/.test(value)) throw wrong(file, name, `"${value}" is no mode such as "0770"`);
      return Number.parseInt(value, 8);
    case "authentication": {
      const found = authenticationKinds.find((one) => one === value);
      if (found !== undefined) return found;
      throw wrong(
        file,
        name,
        value === "polkit"
          ? '"polkit" is not offered; who may use a socket of this machine is decided by its mode and group'
          : `"${value}" is neither "none" nor "sasl"`,
      );
    }
  }
}

function wrong(file: string, name: string, what: string): VirtError {
  return new VirtError("invalid-argument", `Cannot read the settings in "${file}": "${name}": ${what}`, {
    hint: "See docs/daemon.md for the settings that there are",
  });
}
