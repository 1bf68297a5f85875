/**
 * Which settings count anew when the daemon is told to read them again.
 *
 * @module
 */
import type { DaemonSettings } from "./settings.ts";

/** The settings that may change while the daemon listens. All others need a start. */
export const rereadable = [
  ...["sasl_allowed_username_list", "sasl_user_file"] as const,
  ...["key_file", "cert_file", "ca_file", "crl_file", "tls_allowed_dn_list"] as const,
  ...["max_clients", "max_queued_clients", "max_anonymous_clients", "max_client_requests"] as const,
  ...["keepalive_interval", "keepalive_count", "authentication_timeout", "shutdown_timeout"] as const,
  ...["allowed_uris", "default_uri", "access_policy"] as const,
  ...["http_allowed_hosts", "http_allowed_origins", "http_recipe_dirs", "http_max_body"] as const,
  ...["http_max_clients", "http_max_streams", "http_max_requests"] as const,
] as const satisfies readonly (keyof DaemonSettings)[];

/** What follows from settings that were read again. */
export interface Reread {
  /** What counts from now on. */
  readonly settings: DaemonSettings;
  /** Settings that have another value than before, and count. */
  readonly changed: readonly string[];
  /** Settings that have another value than before, and do not count before the next start. */
  readonly waiting: readonly string[];
}

/**
 * Puts together what counts from now on.
 *
 * @param started what the daemon was started with, as far as it does not change
 * @param read what the file says now
 *
 * @example
 * ```ts
 * import { reread } from "./reread.ts";
 * import { defaultSettings } from "./settings.ts";
 * const next = { ...defaultSettings, max_clients: 7, tcp_port: 9 };
 * reread(defaultSettings, next).waiting; // ["tcp_port"]
 * ```
 */
export function reread(started: DaemonSettings, read: DaemonSettings): Reread {
  const may: ReadonlySet<string> = new Set(rereadable);
  const other = Object.keys(read).filter((name) =>
    !isSame(Reflect.get(started, name), Reflect.get(read, name))
  );
  const waiting = other.filter((name) => !may.has(name));
  const kept = Object.fromEntries(waiting.map((name) => [name, Reflect.get(started, name)]));
  return { settings: { ...read, ...kept }, changed: other.filter((name) => may.has(name)), waiting };
}

/** Whether two values of a setting, each a word, a number or a list of words, are the same. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
