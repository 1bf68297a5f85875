/**
 * Events of domains that hypervisors tell of by themselves: of disks, screens, memory and what is done in the background.
 *
 * Drivers say in words what happened (`model/event.ts`, `drivers/remote/events.ts`). What the words do not say is left
 * empty: the addresses of who looks at a screen, the place that was set for a threshold.
 *
 * @module
 */
import { disksOf, sourceOf } from "../../drivers/device.ts";
import { attributeOf } from "../../drivers/xml_span.ts";
import type { VirtEvent } from "../../model/event.ts";
import type { RemoteDomain } from "../../protocol/procedures/mod.ts";
import { blockJobTypes } from "../../protocol/words/domain.ts";
import {
  blockJobStates,
  graphicsPhases,
  ioErrorActions,
  memoryFailureActions,
  trayMoves,
  watchdogActions,
} from "../../protocol/words/event.ts";
import { placeOf } from "../../protocol/words/place.ts";
import { typedParameters } from "../dispatch/parameters.ts";
import type { Telling } from "../event_registry.ts";
import type { HostSession } from "../host_session.ts";

/** Tells of an event of a domain, where it is one of those that a number stands for. */
export type ToldOf = (
  event: VirtEvent,
  to: Parameters<Telling>[1] & { readonly dom: RemoteDomain },
) => void;

/** The words of a detail, where the event is of a type and its detail begins with a word. */
function wordsOf(event: VirtEvent, type: string, first?: string): readonly string[] | undefined {
  if (event.type !== type) return undefined;
  const words = (event.detail ?? "").split(" ").filter((word) => word !== "");
  if (first === undefined) return words;
  return words[0] === first ? words.slice(1) : undefined;
}

/** A size in a detail. */
function sizeOf(word: string | undefined): bigint {
  return word !== undefined && /^\d+$/.test(word) ? BigInt(word) : 0n;
}

/** The source of a disk that is called by its alias or its target; nothing where that is not known. */
function sourcePath(
  session: HostSession,
  { dom, disk }: { readonly dom: RemoteDomain; readonly disk: string },
): string {
  const config = session.connection.find({ $ref: "domain", id: dom.uuid })?.config ?? "";
  const found = config === ""
    ? undefined
    : disksOf(config).find((each) =>
      attributeOf(each, "name", "alias") === disk || attributeOf(each, "dev", "target") === disk
    );
  return (found === undefined ? undefined : sourceOf(found)) ?? "";
}

const nowhere = { family: 0, node: "", service: "" } as const;

export const watchdog: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [action] = wordsOf(event, "watchdog") ?? [];
  if (action === undefined) return;
  const msg = { dom, action: placeOf(watchdogActions, action) };
  connection.tell("domainEventCallbackWatchdog", { callbackID, msg });
};

/** What is told of a disk that failed, with the reason or without. */
function ioErrorOf(
  event: VirtEvent,
  { session, dom }: { readonly session: HostSession; readonly dom: RemoteDomain },
): { dom: RemoteDomain; srcPath: string; devAlias: string; action: number; reason: string } | undefined {
  const words = wordsOf(event, "io-error");
  if (words === undefined) return undefined;
  const [action, devAlias = "", reason = ""] = words;
  const srcPath = sourcePath(session, { dom, disk: devAlias });
  return { dom, srcPath, devAlias, action: placeOf(ioErrorActions, action), reason };
}

export const ioError: ToldOf = (event, { connection, callback: callbackID, session, dom }) => {
  const msg = ioErrorOf(event, { session, dom });
  if (msg !== undefined) connection.tell("domainEventCallbackIoError", { callbackID, msg });
};

export const ioErrorReason: ToldOf = (event, { connection, callback: callbackID, session, dom }) => {
  const msg = ioErrorOf(event, { session, dom });
  if (msg !== undefined) connection.tell("domainEventCallbackIoErrorReason", { callbackID, msg });
};

export const graphics: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [phase] = wordsOf(event, "graphics") ?? [];
  if (phase === undefined) return;
  const who = { local: nowhere, remote: nowhere, authScheme: "", subject: [] } as const;
  const msg = { dom, phase: placeOf(graphicsPhases, phase), ...who };
  connection.tell("domainEventCallbackGraphics", { callbackID, msg });
};

/** What is told of work on a disk. */
function blockJobOf(
  event: VirtEvent,
): { readonly disk: string; readonly type: number; readonly status: number } | undefined {
  const [kind, disk, state] = wordsOf(event, "job") ?? [];
  const status = blockJobStates.indexOf(state ?? "");
  if (kind?.startsWith("block-") !== true || disk === undefined || status < 0) return undefined;
  return { disk, type: placeOf(blockJobTypes, kind.slice("block-".length)), status };
}

export const blockJobByPath: ToldOf = (event, { connection, callback: callbackID, session, dom }) => {
  const job = blockJobOf(event);
  if (job === undefined) return;
  const { disk, type, status } = job;
  const msg = { dom, path: sourcePath(session, { dom, disk }) || disk, type, status };
  connection.tell("domainEventCallbackBlockJob", { callbackID, msg });
};

export const blockJob: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const job = blockJobOf(event);
  if (job === undefined) return;
  const { disk: dst, type, status } = job;
  connection.tell("domainEventBlockJob2", { callbackID, dom, dst, type, status });
};

export const diskChange: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [devAlias] = wordsOf(event, "changed", "disk-change") ?? [];
  if (devAlias === undefined) return;
  const msg = { dom, oldSrcPath: undefined, newSrcPath: undefined, devAlias, reason: 0 };
  connection.tell("domainEventCallbackDiskChange", { callbackID, msg });
};

export const trayChange: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [devAlias, move] = wordsOf(event, "changed", "tray-change") ?? [];
  if (devAlias === undefined) return;
  const msg = { dom, devAlias, reason: placeOf(trayMoves, move) };
  connection.tell("domainEventCallbackTrayChange", { callbackID, msg });
};

export const tunable: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const words = wordsOf(event, "changed", "tunable");
  if (words === undefined) return;
  const params = typedParameters(Object.fromEntries(words.flatMap(settingIn)), { kindOf: tunableKind });
  connection.tell("domainEventCallbackTunable", { callbackID, dom, params });
};

/** A setting in a word, as drivers write it: both parts percent-encoded. */
function settingIn(word: string): readonly (readonly [name: string, value: string])[] {
  const [name = "", value] = word.split("=").map(decodeURIComponent);
  if (value === undefined) return [];
  return tunableKind(name) === "string" || /^-?\d+$/.test(value) ? [[name, value]] : [];
}

/** Source: libvirt, VIR_DOMAIN_TUNABLE_*. */
function tunableKind(name: string): "string" | "llong" | "ullong" {
  if (/pin\d*$|\.disk$|\.group_name$/.test(name)) return "string";
  return name.endsWith("quota") ? "llong" : "ullong";
}

export const blockThreshold: ToldOf = (event, { connection, callback: callbackID, session, dom }) => {
  const [dev, excess] = wordsOf(event, "block-threshold") ?? [];
  if (dev === undefined) return;
  const path = sourcePath(session, { dom, disk: dev.replace(/\[\d+\]$/, "") });
  connection.tell("domainEventBlockThreshold", {
    callbackID,
    dom,
    dev,
    path: path === "" ? undefined : path,
    threshold: 0n,
    excess: sizeOf(excess),
  });
};

export const memoryFailure: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [action] = wordsOf(event, "memory-failure") ?? [];
  if (action === undefined) return;
  const failure = { recipient: 0, action: placeOf(memoryFailureActions, action), flags: 0 };
  connection.tell("domainEventMemoryFailure", { callbackID, dom, ...failure });
};

export const memoryDeviceSize: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [alias, size] = wordsOf(event, "changed", "memory-device-size") ?? [];
  if (alias === undefined) return;
  connection.tell("domainEventMemoryDeviceSizeChange", { callbackID, dom, alias, size: sizeOf(size) });
};

export const nicMac: ToldOf = (event, { connection, callback: callbackID, dom }) => {
  const [alias, newMAC = ""] = wordsOf(event, "changed", "nic-mac") ?? [];
  if (alias === undefined) return;
  connection.tell("domainEventNicMacChange", { callbackID, dom, alias, oldMAC: "", newMAC });
};
