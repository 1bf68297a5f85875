/**
 * Where a daemon listens.
 *
 * @module
 */
import { join } from "node:path";
import { VirtError } from "../model/error.ts";
import { type ClientMachine, userRuntimeDirectory } from "../protocol/client_machine.ts";
import type { DaemonSettings } from "./settings.ts";

/** A place to listen. */
export type ListenAddress =
  | {
    readonly kind: "unix";
    readonly path: string;
    /** Whether it is for looking only. */
    readonly readonly: boolean;
    /** Who may connect. */
    readonly mode: number;
    /** The group that it belongs to; the daemon's own where absent. */
    readonly group?: string;
  }
  | { readonly kind: "tcp" | "tls"; readonly host?: string; readonly port: number };

/** The directory for sockets of this machine, as libvirt's clients look for it. */
export function socketDirectory({ unix_sock_dir: given }: DaemonSettings, machine: ClientMachine): string {
  if (given !== "") return given;
  return machine.uid === 0 ? "/run/libvirt" : userRuntimeDirectory(machine);
}

/** Everywhere that the settings say. A user's own daemon has one socket for everything. */
export function addressesOf(settings: DaemonSettings, machine: ClientMachine): readonly ListenAddress[] {
  const directory = socketDirectory(settings, machine);
  const group = settings.unix_sock_group === "" ? {} : { group: settings.unix_sock_group };
  const host = settings.listen_addr === "" ? {} : { host: settings.listen_addr };
  const isSystem = machine.uid === 0;
  const unix = (name: string, readonly: boolean): ListenAddress => ({
    kind: "unix",
    path: join(directory, name),
    readonly,
    mode: !isSystem ? 0o700 : readonly ? settings.unix_sock_ro_perms : settings.unix_sock_rw_perms,
    ...group,
  });
  return [
    unix("libvirt-sock", false),
    ...(isSystem ? [unix("libvirt-sock-ro", true)] : []),
    ...(settings.listen_tcp ? [{ kind: "tcp" as const, port: settings.tcp_port, ...host }] : []),
    ...(settings.listen_tls ? [{ kind: "tls" as const, port: settings.tls_port, ...host }] : []),
  ];
}

/**
 * A place as the command line gives it: `unix:/path`, `unix-ro:/path`, `tcp:host:port`, `tls:host:port`, `tcp:[::1]:16509`.
 *
 * @throws {VirtError} `invalid-argument`
 */
export function parseListenAddress(text: string, settings: DaemonSettings): ListenAddress {
  const unix = /^unix(-ro)?:(\/.*)$/s.exec(text);
  if (unix !== null) {
    const [, readonly, path = ""] = unix;
    return {
      kind: "unix",
      path,
      readonly: readonly !== undefined,
      mode: readonly === undefined ? settings.unix_sock_rw_perms : settings.unix_sock_ro_perms,
      ...(settings.unix_sock_group === "" ? {} : { group: settings.unix_sock_group }),
    };
  }
  const network = /^(tcp|tls):(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/i.exec(text);
  const kind = network?.[1] === "tls" ? "tls" : "tcp";
  const port = Number(network?.[4] ?? (kind === "tls" ? settings.tls_port : settings.tcp_port));
  if (network === null || port > 65_535) {
    throw new VirtError("invalid-argument", `Cannot listen on "${text}": it is no place to listen`, {
      hint:
        "Places look like unix:/run/drover/sock, unix-ro:/run/drover/sock-ro, tcp:127.0.0.1:16509, tls:0.0.0.0:16514",
    });
  }
  const host = network[2] ?? network[3] ?? "";
  return { kind, port, ...(host === "" || host === "*" ? {} : { host }) };
}

/** A place as people call it. */
export function addressText(address: ListenAddress): string {
  if (address.kind === "unix") return `unix${address.readonly ? "-ro" : ""}:${address.path}`;
  const { kind, host = "*", port } = address;
  return `${kind}:${host.includes(":") ? `[${host}]` : host}:${port}`;
}
