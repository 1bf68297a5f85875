/**
 * What a client looks at on the machine where it runs, to find out where a connection URI leads.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
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
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** This machine. */
export const thisMachine: ClientMachine = {
  get uid(): number {
    return process.geteuid?.() ?? 0;
  },
  get home(): string {
    return variable("HOME") ?? homedir();
  },
  environment: variable,
  exists: (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  readText(path): string | undefined {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      if (reasonOf(cause) === "ENOENT" || reasonOf(cause) === "ENOTDIR") return undefined;
      throw new VirtError("permission-denied", `Cannot read "${path}"`, { cause });
    }
  },
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
    join(machine.home, ".cache");
  return join(runtime, "libvirt");
}

/** Where a user keeps the settings of libvirt's clients: `~/.config/libvirt`. */
export function userConfigDirectory(machine: ClientMachine): string {
  return join(machine.environment("XDG_CONFIG_HOME") ?? join(machine.home, ".config"), "libvirt");
}

/** Where the machine keeps the sockets of its daemons. */
export function systemRuntimeDirectory(machine: ClientMachine): string {
  return machine.exists("/run") ? "/run/libvirt" : "/var/run/libvirt";
}
