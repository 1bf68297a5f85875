/**
 * What a client looks at on the machine where it runs, to find out where a connection URI leads.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/**
 * The machine and the user of a client.
 *
 * @example
 * ```ts
 * import type { ClientMachine } from "./client_machine.ts";
 * const nobodyAtHome: ClientMachine = {
 *   uid: 1000,
 *   home: "/home/alice",
 *   environment: () => undefined,
 *   exists: () => false,
 *   readText: () => undefined,
 * };
 * ```
 */
export interface ClientMachine {
  /** The number of the user for whom the process acts; 0 is root. */
  readonly uid: number;
  /** The user's home directory. */
  readonly home: string;
  /** A variable of the environment; absent where it is not set or empty. */
  environment(name: string): string | undefined;
  /** Whether there is a file, socket or directory that this user can see. */
  exists(path: string): boolean;
  /**
   * The text of a file; absent where there is none.
   *
   * @throws {VirtError} `permission-denied` where it is there and cannot be read.
   */
  readText(path: string): string | undefined;
}

function variable(name: string): string | undefined {
  const value = Deno.env.get(name);
  return value === "" ? undefined : value;
}

/** The home directory of a user whose environment has none, as a service's may. */
function homeInPasswd(uid: number): string {
  const lines = readText("/etc/passwd")?.split("\n") ?? [];
  return lines.map((line) => line.split(":")).find((fields) => fields[2] === `${uid}`)?.[5] ?? "/";
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || reasonOf(cause) === "ENOTDIR") return undefined;
    throw new VirtError("permission-denied", `Cannot read "${path}"`, { cause });
  }
}

/** Whether this user can see it; what is in a folder that it may not enter is not there. */
function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** This machine. */
export const thisMachine: ClientMachine = {
  get uid(): number {
    return Deno.uid() ?? 0;
  },
  get home(): string {
    return variable("HOME") ?? homeInPasswd(this.uid);
  },
  environment: variable,
  exists,
  readText,
};

/** The system's own name for what went wrong, such as `ENOENT`; absent where it has none. */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Where a user's programs keep what must not outlive a reboot: `$XDG_RUNTIME_DIR/libvirt`. */
export function userRuntimeDirectory(machine: ClientMachine): string {
  // libvirt, like GLib, falls back on the cache where a login did not make a runtime directory.
  const runtime = machine.environment("XDG_RUNTIME_DIR") ?? machine.environment("XDG_CACHE_HOME") ??
    `${machine.home}/.cache`;
  return `${runtime}/libvirt`;
}

/** Where a user keeps the settings of libvirt's clients: `~/.config/libvirt`. */
export function userConfigDirectory(machine: ClientMachine): string {
  return `${machine.environment("XDG_CONFIG_HOME") ?? `${machine.home}/.config`}/libvirt`;
}

/** Where the machine keeps the sockets of its daemons. */
export function systemRuntimeDirectory(machine: ClientMachine): string {
  return machine.exists("/run") ? "/run/libvirt" : "/var/run/libvirt";
}
