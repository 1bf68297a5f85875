/**
 * What the far side tells without being asked.
 *
 * An event is told to subscribers as it comes, and it is a hint that its object may be other than it is known to be.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { MessageName, MessageOf, TypedParameter } from "../../protocol/procedures/mod.ts";
import { blockJobTypes, metadataKinds } from "../../protocol/words/domain.ts";
import {
  agentStates,
  blockJobStates,
  domainLife,
  graphicsPhases,
  ioErrorActions,
  type LifeWord,
  memoryFailureActions,
  networkLife,
  nodeDeviceLife,
  poolLife,
  secretLife,
  trayMoves,
  watchdogActions,
} from "../../protocol/words/event.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import type { RemoteConnection } from "./connection.ts";
import type { Identity, RemoteClass } from "./object.ts";

/** What was heard. */
interface Heard {
  readonly identity: Identity;
  readonly type: string;
  readonly detail?: string | undefined;
  /** Whether the object may have come, gone, started, stopped or been redefined. */
  readonly hint?: boolean;
}

/** How a message of the far side is understood. */
type Hearing = { readonly [M in MessageName]?: (message: MessageOf<M>) => Heard };

/** What all events of domains have. */
interface OfDomain {
  readonly dom: { readonly name: string; readonly uuid: string };
}

function named(
  objectClass: RemoteClass,
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Identity {
  return { objectClass, id: uuid, name };
}

function ofDomain({ dom }: OfDomain, type: string, ...details: readonly (string | undefined)[]): Heard {
  const detail = details.filter((word) => word !== undefined && word !== "").join(" ");
  return { identity: named("domain", dom), type, ...(detail === "" ? {} : { detail }) };
}

function ofLife(
  identity: Identity,
  words: readonly LifeWord[],
  { event, detail }: { readonly event: number; readonly detail: number },
): Heard {
  const word = words[event];
  const why = word?.details[detail];
  return {
    identity,
    type: word?.type ?? "changed",
    hint: true,
    ...(why === undefined ? {} : { detail: why }),
  };
}

/** A setting with its value, as one word. */
function settingOf({ field, value }: TypedParameter): string {
  return `${encodeURIComponent(field)}=${encodeURIComponent(String(value.value))}`;
}

/** A device of the host, which is called by its name alone. */
function device({ name }: { readonly name: string }): Identity {
  return { objectClass: "nodeDevice", id: name, name };
}

function secret({ uuid, usageID }: { readonly uuid: string; readonly usageID: string }): Identity {
  return { objectClass: "secret", id: uuid, name: usageID || uuid };
}

/**
 * Every event. Two older ones are left out, whose newer forms say more of the same: errors of disks without a reason, and
 * block jobs by path.
 */
const hearing: Hearing = {
  domainEventCallbackLifecycle: ({ msg }) => ofLife(named("domain", msg.dom), domainLife, msg),
  domainEventCallbackReboot: ({ msg }) => ofDomain(msg, "reboot"),
  domainEventCallbackRtcChange: ({ msg }) => ofDomain(msg, "rtc-change", `${msg.offset}`),
  domainEventCallbackWatchdog: ({ msg }) => ofDomain(msg, "watchdog", watchdogActions[msg.action]),
  domainEventCallbackIoErrorReason: ({ msg }) =>
    ofDomain(msg, "io-error", ioErrorActions[msg.action], msg.devAlias, msg.reason),
  domainEventCallbackGraphics: ({ msg }) => ofDomain(msg, "graphics", graphicsPhases[msg.phase]),
  domainEventCallbackControlError: ({ msg }) => ofDomain(msg, "control-error"),
  domainEventCallbackDiskChange: ({ msg }) => ofDomain(msg, "changed", "disk-change", msg.devAlias),
  domainEventCallbackTrayChange: ({ msg }) =>
    ofDomain(msg, "changed", "tray-change", msg.devAlias, trayMoves[msg.reason]),
  domainEventCallbackPmwakeup: ({ msg }) => ofDomain(msg, "pmwakeup"),
  domainEventCallbackPmsuspend: ({ msg }) => ofDomain(msg, "pmsuspend", "memory"),
  domainEventCallbackPmsuspendDisk: ({ msg }) => ofDomain(msg, "pmsuspend", "disk"),
  domainEventCallbackBalloonChange: ({ msg }) => ofDomain(msg, "changed", "balloon-change", `${msg.actual}`),
  domainEventCallbackDeviceRemoved: ({ msg }) => ofDomain(msg, "changed", "device-removed", msg.devAlias),
  domainEventBlockJob2: (message) =>
    ofDomain(
      message,
      "job",
      `block-${blockJobTypes[message.type]}`,
      message.dst,
      blockJobStates[message.status],
    ),
  domainEventCallbackTunable: (message) =>
    ofDomain(message, "changed", "tunable", ...message.params.map(settingOf)),
  domainEventCallbackAgentLifecycle: (message) => ofDomain(message, "agent", agentStates[message.state]),
  domainEventCallbackDeviceAdded: (message) => ofDomain(message, "changed", "device-added", message.devAlias),
  domainEventCallbackMigrationIteration: (message) =>
    ofDomain(message, "job", "migration-iteration", `${message.iteration}`),
  domainEventCallbackJobCompleted: (message) => ofDomain(message, "job", "completed"),
  domainEventCallbackDeviceRemovalFailed: (message) =>
    ofDomain(message, "changed", "device-removal-failed", message.devAlias),
  domainEventCallbackMetadataChange: (message) => ({
    ...ofDomain(message, "changed", "metadata", metadataKinds[message.type], message.nsuri),
    hint: true,
  }),
  domainEventBlockThreshold: (message) =>
    ofDomain(message, "block-threshold", message.dev, `${message.excess}`),
  domainEventMemoryFailure: (message) =>
    ofDomain(message, "memory-failure", memoryFailureActions[message.action]),
  domainEventMemoryDeviceSizeChange: (message) =>
    ofDomain(message, "changed", "memory-device-size", message.alias, `${message.size}`),
  domainEventNicMacChange: (message) =>
    ofDomain(message, "changed", "nic-mac", message.alias, message.newMAC),
  networkEventLifecycle: (message) => ofLife(named("network", message.net), networkLife, message),
  networkEventCallbackMetadataChange: ({ net, type, nsuri }) => ({
    identity: named("network", net),
    type: "changed",
    detail: ["metadata", metadataKinds[type], nsuri].filter((word) => word !== undefined).join(" "),
    hint: true,
  }),
  storagePoolEventLifecycle: (message) => ofLife(named("pool", message.pool), poolLife, message),
  storagePoolEventRefresh: ({ pool }) => ({ identity: named("pool", pool), type: "refreshed" }),
  nodeDeviceEventLifecycle: (message) => ofLife(device(message.dev), nodeDeviceLife, message),
  nodeDeviceEventUpdate: ({ dev }) => ({ identity: device(dev), type: "updated", hint: true }),
  secretEventLifecycle: (message) => ofLife(secret(message.secret), secretLife, message),
  secretEventValueChanged: (message) => ({ identity: secret(message.secret), type: "value-changed" }),
};

/** An event, by its number, and the version of libvirt that brought it; an older one logs an error where it is asked. */
interface EventNumber {
  readonly id: number;
  readonly since?: number;
}

/**
 * The numbers of domains' events, but for those of which there is a newer form: 4 (of which 6 says more) and 8 (16).
 * Source: libvirt, virDomainEventID.
 */
const domainEvents: readonly EventNumber[] = Array.from({ length: 28 }, (_, id) => ({
  id,
  ...(id === 27 ? { since: 11_002_000 } : {}),
})).filter(({ id }) => id !== 4 && id !== 8);

/** Source: libvirt, virNetworkEventID. */
const networkEvents: readonly EventNumber[] = [{ id: 0 }, { id: 1, since: 9_008_000 }];

/** Of pools, devices and secrets: their lives, and one more. */
const otherEvents: readonly EventNumber[] = [{ id: 0 }, { id: 1 }];

/** How events are asked for: those that a peer does not know, or does not give, are left out. */
function registrations(
  rpc: RpcConnection,
  { signal, version }: { readonly signal: AbortSignal; readonly version: number },
): readonly Promise<unknown>[] {
  const options = { signal };
  const there = (events: readonly EventNumber[]): readonly number[] =>
    events.filter(({ since = 0 }) => version >= since).map(({ id }) => id);
  return [
    ...there(domainEvents).map((eventID) =>
      rpc.call("connectDomainEventCallbackRegisterAny", { eventID, dom: undefined }, options)
    ),
    ...there(networkEvents).map((eventID) =>
      rpc.call("connectNetworkEventRegisterAny", { eventID, net: undefined }, options)
    ),
    ...there(otherEvents).flatMap((eventID) => [
      rpc.call("connectStoragePoolEventRegisterAny", { eventID, pool: undefined }, options),
      rpc.call("connectNodeDeviceEventRegisterAny", { eventID, dev: undefined }, options),
      rpc.call("connectSecretEventRegisterAny", { eventID, secret: undefined }, options),
    ]),
  ];
}

/**
 * Has the far side tell what happens, and hears it for as long as the connection is open.
 *
 * @throws {VirtError} where the link breaks.
 */
export async function listenToEvents(
  rpc: RpcConnection,
  { signal, connection }: { readonly signal: AbortSignal; readonly connection: RemoteConnection },
): Promise<void> {
  for (const message of Object.keys(hearing) as MessageName[]) {
    const understand = hearing[message] as ((payload: MessageOf<MessageName>) => Heard) | undefined;
    if (understand !== undefined) rpc.on(message, (payload) => tell(connection, understand(payload)));
  }
  const version = connection.identity.libvirtVersion;
  const asked = await Promise.allSettled(registrations(rpc, { signal, version }));
  for (const each of asked) {
    if (each.status === "rejected" && !isRefusal(each.reason)) throw each.reason;
  }
}

/** Whether the far side has answered, if only that it will not. */
function isRefusal(error: unknown): boolean {
  return isVirtError(error) && error.remoteCode !== undefined;
}

function tell(connection: RemoteConnection, { identity, type, detail, hint = false }: Heard): void {
  const { table } = connection;
  const known = table.byId(identity.objectClass, identity.id, identity.parent);
  connection.emit({
    object: (known ?? table.provisional(identity)) as ManagedObject,
    type,
    ...(detail === undefined ? {} : { detail }),
  });
  if (hint) connection.hear(identity, { redefined: type === "defined" && known !== undefined });
}
