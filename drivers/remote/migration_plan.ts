/**
 * What a migration is asked for with: libvirt's flags and parameters.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import {
  type ParameterInput,
  type ParameterKind,
  toTypedParameters,
} from "../../protocol/typed_parameters.ts";
import type { In } from "../operation_types.ts";
import type { RemoteConnection } from "./connection.ts";
import type { RemoteObject } from "./object.ts";

type Migrate = In<"domain.migrate">;

/** Source: libvirt, virDomainMigrateFlags. */
export const migrateFlags = {
  live: 1 << 0,
  peerToPeer: 1 << 1,
  tunnelled: 1 << 2,
  persistDestination: 1 << 3,
  undefineSource: 1 << 4,
  paused: 1 << 5,
  copyAll: 1 << 6,
  copyIncremental: 1 << 7,
  changeProtection: 1 << 8,
  unsafe: 1 << 9,
  offline: 1 << 10,
  compressed: 1 << 11,
  abortOnError: 1 << 12,
  autoConverge: 1 << 13,
  postCopy: 1 << 15,
  tls: 1 << 16,
  parallel: 1 << 17,
  synchronousWrites: 1 << 18,
  resumePostCopy: 1 << 19,
} as const;

/** The names of parameters and their kinds. Source: libvirt, VIR_MIGRATE_PARAM_*. */
const kinds = {
  "migrate_uri": "string",
  "destination_name": "string",
  "destination_xml": "string",
  "persistent_xml": "string",
  "bandwidth": "ullong",
  "bandwidth.postcopy": "ullong",
  "listen_address": "string",
  "migrate_disks": "string",
  "disks_port": "int",
  "compression": "string",
  "auto_converge.initial": "int",
  "auto_converge.increment": "int",
  "parallel.connections": "int",
  "tls.destination": "string",
} as const satisfies Record<string, ParameterKind>;

/** Parameters by their names. */
export type MigrationParameters = { readonly [K in keyof typeof kinds]?: ParameterInput[string] };

/** What the two hosts are asked for. */
export interface MigrationPlan {
  readonly flags: number;
  readonly parameters: MigrationParameters;
}

/** Whether the definition is kept on the other host. */
export function keepsDefinition(domain: RemoteObject, { persistent }: Migrate): boolean {
  return persistent ?? domain.persistent;
}

/** What a migration is asked for with. */
export function migrationPlan(domain: RemoteObject, input: Migrate): MigrationPlan {
  const keeps = keepsDefinition(domain, input);
  const wanted: Readonly<Partial<Record<keyof typeof migrateFlags, boolean>>> = {
    live: input.live && !input.offline,
    peerToPeer: input.via !== "direct",
    tunnelled: input.via === "tunnelled",
    persistDestination: keeps,
    undefineSource: input.undefineSource,
    paused: input.paused,
    copyAll: input.copyStorage === "all",
    copyIncremental: input.copyStorage === "incremental",
    unsafe: input.unsafe,
    offline: input.offline,
    compressed: input.compressed,
    abortOnError: input.abortOnError,
    autoConverge: input.autoConverge,
    postCopy: input.postCopy || input.resumePostCopy,
    resumePostCopy: input.resumePostCopy,
    tls: input.tls,
    parallel: input.parallelConnections !== undefined,
    synchronousWrites: input.synchronousWrites,
  };
  return {
    flags: Object.entries(migrateFlags).reduce(
      (flags, [name, flag]) => wanted[name as keyof typeof migrateFlags] === true ? flags | flag : flags,
      0,
    ),
    parameters: {
      "migrate_uri": input.migrateUri,
      "destination_xml": input.xml,
      "persistent_xml": keeps ? input.xml : undefined,
      "bandwidth": input.bandwidthMibPerS,
      "bandwidth.postcopy": input.postCopyBandwidthMibPerS,
      "listen_address": input.listenAddress,
      "migrate_disks": input.disks,
      "disks_port": input.disksPort,
      "compression": input.compression,
      "auto_converge.initial": input.autoConvergeInitialPercent,
      "auto_converge.increment": input.autoConvergeIncrementPercent,
      "parallel.connections": input.parallelConnections,
      "tls.destination": input.tlsDestination,
    },
  };
}

/** Parameters for the wire. */
export function migrationParameters(parameters: MigrationParameters): readonly TypedParameter[] {
  return toTypedParameters(parameters, kinds);
}

/** Flags that are the source's alone; a destination would refuse them. Source: libvirt, virDomainMigrate3. */
const forSourceAlone = migrateFlags.abortOnError | migrateFlags.autoConverge | migrateFlags.changeProtection;

/** The flags for the other host. */
export function destinationFlags(flags: number): number {
  return flags & ~forSourceAlone;
}

/** Transports by which one host can reach another as this program does. */
const reachable: ReadonlySet<string | undefined> = new Set([
  undefined,
  "tls",
  "tcp",
  "ssh",
  "libssh",
  "libssh2",
]);

/**
 * How the source's libvirtd reaches the other one.
 *
 * @throws {VirtError} `invalid-argument` where that cannot be told from the connection to it.
 */
export function destinationUri(
  { label }: RemoteObject,
  { input, there }: { readonly input: Migrate; readonly there: RemoteConnection },
): string {
  if (input.destinationUri !== undefined) return input.destinationUri;
  const { driver, transport, user, host, port, path } = there.uri;
  const isLocal = host === undefined || /^(localhost|127\.|\[?::1)/.test(host);
  if (!isLocal && reachable.has(transport)) {
    const scheme = transport === undefined ? driver : `${driver}+${transport}`;
    const at = user === undefined ? "" : `${user}@`;
    const where = host.includes(":") ? `[${host}]` : host;
    return `${scheme}://${at}${where}${port === undefined ? "" : `:${port}`}${path}`;
  }
  throw new VirtError(
    "invalid-argument",
    `Cannot migrate ${label} from peer to peer: how its host reaches the other one is not known`,
    { target: label, hint: "Say it: destinationUri: qemu+tls://other-host/system" },
  );
}
