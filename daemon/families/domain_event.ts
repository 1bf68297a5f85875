/**
 * Events of domains: who wants to be told of which, and in which words of libvirt's they are told.
 *
 * What the kernel tells of a domain is a type and a detail (`model/event.ts`, `drivers/remote/events.ts`).
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { VirtEvent } from "../../model/event.ts";
import { metadataKinds } from "../../protocol/words/domain.ts";
import { agentStates, domainLife, lifeNumber } from "../../protocol/words/event.ts";
import { placeOf } from "../../protocol/words/place.ts";
import { remoteDomain } from "../dispatch/objects.ts";
import { answers, type Family } from "../dispatch/row.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";
import * as incident from "./domain_incident.ts";
import type { ToldOf } from "./domain_incident.ts";

/** What drivers call otherwise than libvirt's details do. */
const otherWords: Readonly<Record<string, string>> = { user: "paused", "shutting-down": "guest" };

/** A life-cycle event in libvirt's numbers; none for what is no life-cycle event. */
function lifeOf(
  { type, detail = "" }: VirtEvent,
): { readonly event: number; readonly detail: number } | undefined {
  const event = lifeNumber(domainLife, type);
  const details = domainLife[event]?.details;
  if (details === undefined) return undefined;
  return { event, detail: placeOf(details, details.includes(detail) ? detail : otherWords[detail]) };
}

/** The words behind the first of a detail, where the first is the one that is meant. */
function wordsBehind({ detail = "" }: VirtEvent, first: string): readonly string[] | undefined {
  const [word, ...rest] = detail.split(" ");
  return word === first ? rest : undefined;
}

/** An event that says no more than that it was. */
function bare(
  type: string,
  message:
    | "domainEventCallbackReboot"
    | "domainEventCallbackControlError",
): ToldOf {
  return (event, { connection, callback, dom }) => {
    if (event.type === type) connection.tell(message, { callbackID: callback, msg: { dom } });
  };
}

/** An event about a device, by the name that it has in the definition. */
function ofDevice(
  word: string,
  message: "domainEventCallbackDeviceAdded" | "domainEventCallbackDeviceRemovalFailed",
): ToldOf {
  return (event, { connection, callback, dom }) => {
    const [devAlias] = wordsBehind(event, word) ?? [];
    if (event.type !== "changed" || devAlias === undefined) return;
    connection.tell(message, { callbackID: callback, dom, devAlias });
  };
}

/** Every event of domains at the place of its number. Source: libvirt, virDomainEventID. */
const events: readonly ToldOf[] = [
  (event, { connection, callback, dom }) => {
    const life = lifeOf(event);
    if (life === undefined) return;
    connection.tell("domainEventCallbackLifecycle", { callbackID: callback, msg: { dom, ...life } });
  },
  bare("reboot", "domainEventCallbackReboot"),
  (event, { connection, callback, dom }) => {
    if (event.type !== "rtc-change") return;
    const offset = BigInt(event.detail ?? "0");
    connection.tell("domainEventCallbackRtcChange", { callbackID: callback, msg: { dom, offset } });
  },
  incident.watchdog,
  incident.ioError,
  incident.graphics,
  incident.ioErrorReason,
  bare("control-error", "domainEventCallbackControlError"),
  incident.blockJobByPath,
  incident.diskChange,
  incident.trayChange,
  (event, { connection, callback, dom }) => {
    if (event.type !== "pmwakeup") return;
    connection.tell("domainEventCallbackPmwakeup", { callbackID: callback, reason: 0, msg: { dom } });
  },
  (event, { connection, callback, dom }) => {
    if (event.type !== "pmsuspend" || event.detail === "disk") return;
    connection.tell("domainEventCallbackPmsuspend", { callbackID: callback, reason: 0, msg: { dom } });
  },
  (event, { connection, callback, dom }) => {
    const [actual] = wordsBehind(event, "balloon-change") ?? [];
    if (actual === undefined) return;
    const msg = { dom, actual: BigInt(actual) };
    connection.tell("domainEventCallbackBalloonChange", { callbackID: callback, msg });
  },
  (event, { connection, callback, dom }) => {
    if (event.type !== "pmsuspend" || event.detail !== "disk") return;
    connection.tell("domainEventCallbackPmsuspendDisk", { callbackID: callback, reason: 0, msg: { dom } });
  },
  (event, { connection, callback, dom }) => {
    const [devAlias] = wordsBehind(event, "device-removed") ?? [];
    if (event.type !== "changed" || devAlias === undefined) return;
    connection.tell("domainEventCallbackDeviceRemoved", { callbackID: callback, msg: { dom, devAlias } });
  },
  incident.blockJob,
  incident.tunable,
  (event, { connection, callback, dom }) => {
    const state = agentStates.findIndex((each) => each === event.detail);
    if (event.type !== "agent" || state < 0) return;
    connection.tell("domainEventCallbackAgentLifecycle", { callbackID: callback, dom, state, reason: 0 });
  },
  ofDevice("device-added", "domainEventCallbackDeviceAdded"),
  (event, { connection, callback, dom }) => {
    const [iteration] = wordsBehind(event, "migration-iteration") ?? [];
    if (event.type !== "job" || iteration === undefined) return;
    connection.tell("domainEventCallbackMigrationIteration", {
      callbackID: callback,
      dom,
      iteration: Number(iteration),
    });
  },
  (event, { connection, callback, dom }) => {
    if (event.type !== "job" || event.detail !== "completed") return;
    connection.tell("domainEventCallbackJobCompleted", { callbackID: callback, dom, params: [] });
  },
  ofDevice("device-removal-failed", "domainEventCallbackDeviceRemovalFailed"),
  (event, { connection, callback, dom }) => {
    const [kind = "", nsuri] = wordsBehind(event, "metadata") ?? [];
    const type = metadataKinds.findIndex((each) => each === kind);
    if (event.type !== "changed" || type < 0) return;
    connection.tell("domainEventCallbackMetadataChange", { callbackID: callback, dom, type, nsuri });
  },
  incident.blockThreshold,
  incident.memoryFailure,
  incident.memoryDeviceSize,
  incident.nicMac,
];

/** How a registration for an event of domains is told. */
function tellingOf(eventID: number): Telling {
  const told = events[eventID];
  if (told === undefined) return () => {};
  return (event, to) => {
    if (event.object.$ref === "domain") told(event, { ...to, dom: remoteDomain(event.object, to.session) });
  };
}

/** The events of older clients carry no number of a registration. */
const bareLife: Telling = (event, { connection, session }) => {
  const life = event.object.$ref === "domain" ? lifeOf(event) : undefined;
  if (life === undefined) return;
  connection.tell("domainEventLifecycle", { dom: remoteDomain(event.object, session), ...life });
};

function checkedEvent(eventID: number): number {
  if (eventID >= 0 && eventID < events.length) return eventID;
  throw new VirtError("internal", `unsupported event ID ${eventID}`, { detail: { from: "VIR_FROM_RPC" } });
}

const oldKind = "old domain:0";

function refuseOld(
  session: HostSession,
  { registered }: { readonly registered: boolean },
): number | undefined {
  const callback = session.events.find(oldKind);
  if ((callback !== undefined) === registered) return callback;
  throw new VirtError("internal", `domain event 0 ${registered ? "not" : "already"} registered`, {
    detail: { from: "VIR_FROM_RPC" },
  });
}

function beginOld(session: HostSession): undefined {
  refuseOld(session, { registered: false });
  session.events.add({ kind: oldKind, tell: bareLife });
}

function endOld(session: HostSession): undefined {
  const callback = refuseOld(session, { registered: true });
  if (callback !== undefined) session.events.remove(callback, "old domain");
}

/** The rows. */
export const domainEvent = {
  connectDomainEventCallbackRegisterAny: answers(({ eventID, dom }, session) => ({
    callbackID: session.events.add({
      kind: `domain:${checkedEvent(eventID)}`,
      ...(dom === undefined
        ? {}
        : { id: session.find({ $ref: "domain", connection: "host", id: dom.uuid, name: dom.name }).id }),
      tell: tellingOf(eventID),
    }),
  })),
  connectDomainEventCallbackDeregisterAny: answers(({ callbackID }, session) => {
    session.events.remove(callbackID, "domain");
    return undefined;
  }),
  connectDomainEventRegister: answers((_args, session) => {
    beginOld(session);
    return { cbRegistered: 1 };
  }),
  connectDomainEventDeregister: answers((_args, session) => {
    endOld(session);
    return { cbRegistered: 0 };
  }),
  connectDomainEventRegisterAny: answers(({ eventID }, session) => {
    // Clients that register in this way are older than the numbers of registrations, and than most events.
    if (checkedEvent(eventID) === 0) beginOld(session);
    return undefined;
  }),
  connectDomainEventDeregisterAny: answers(({ eventID }, session) => {
    if (checkedEvent(eventID) === 0) endOld(session);
    return undefined;
  }),
} satisfies Family;
