/**
 * Which socket of which daemon on this machine serves a connection: libvirtd's, or that of the daemon for one driver.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ConnectionUri } from "../model/uri.ts";
import { type ClientMachine, systemRuntimeDirectory, userRuntimeDirectory } from "./client_machine.ts";

/** Which daemon serves: one for all drivers, one for each, or whichever is there. */
export type DaemonMode = "auto" | "legacy" | "direct";

/** A daemon's socket on this machine. */
export interface DaemonSocket {
  readonly path: string;
  /** The daemon's program: `libvirtd`, `virtqemud`. */
  readonly daemon: string;
  /** Whose daemon it is: the machine's, or this user's. */
  readonly owner: "system" | "user";
}

/** What the choice depends on. */
export interface DaemonSocketOptions {
  readonly machine: ClientMachine;
  readonly mode: DaemonMode;
  /** Whether the socket for reading alone will do. */
  readonly readonly: boolean;
}

/**
 * Chooses as libvirt's client does: a user's own daemon for `/session` and for `test+unix`, unless the user is root;
 * the driver's daemon where its socket is there, else libvirtd.
 *
 * @throws {VirtError} `invalid-argument` where a driver's daemon is wanted and the URI names no driver.
 */
export function chooseDaemonSocket(
  uri: ConnectionUri,
  { machine, mode, readonly }: DaemonSocketOptions,
): DaemonSocket {
  const isTest = uri.driver === "test" && uri.transport !== undefined;
  const owner = machine.uid !== 0 && (uri.path === "/session" || isTest) ? "user" : "system";
  const folder = owner === "user" ? userRuntimeDirectory(machine) : systemRuntimeDirectory(machine);
  // A user's own daemon has one socket for everything.
  const suffix = readonly && owner === "system" ? "sock-ro" : "sock";
  const legacy: DaemonSocket = { path: `${folder}/libvirt-${suffix}`, daemon: "libvirtd", owner };
  if (uri.driver === "remote") {
    if (mode !== "direct") return legacy;
    throw new VirtError("invalid-argument", `Cannot connect to "${uri.text}": mode=direct needs a driver`, {
      hint: "Name the driver, as in qemu:///system?mode=direct",
    });
  }
  const daemon = `virt${uri.driver}d`;
  const direct: DaemonSocket = { path: `${folder}/${daemon}-${suffix}`, daemon, owner };
  switch (mode) {
    case "direct":
      return direct;
    case "legacy":
      return legacy;
    case "auto":
      if (machine.exists(direct.path)) return direct;
      if (machine.exists(legacy.path)) return legacy;
      return isModular({ daemon, machine }) ? direct : legacy;
  }
}

/** Whether drivers have daemons of their own here, as far as can be seen while none of this user's runs. */
function isModular(
  { daemon, machine }: { readonly daemon: string; readonly machine: ClientMachine },
): boolean {
  if (machine.exists(`${systemRuntimeDirectory(machine)}/${daemon}-sock`)) return true;
  return !machine.exists(daemonProgram("libvirtd", machine)) &&
    machine.exists(daemonProgram(daemon, machine));
}

/** Where a daemon's program is, as libvirt's clients look for it. */
export function daemonProgram(daemon: string, machine: ClientMachine): string {
  const folder = machine.environment("VIRTD_PATH") ?? machine.environment("LIBVIRTD_PATH") ?? "/usr/sbin";
  return `${folder}/${daemon}`;
}
