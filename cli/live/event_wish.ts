/**
 * Which events somebody wants to see, in the words of virsh and in ours.
 *
 * @module
 */
import { type EventClass, lifecycleEvents } from "../../model/event.ts";
import type { WatchedEvent } from "../../runtime/control/methods.ts";
import type { Glob } from "../../runtime/permission/glob.ts";

/** An event as it is told. */
export type TellingEvent = Extract<WatchedEvent, { readonly kind: "event" }>;

/** What is wanted; whatever is left open, anything. */
export interface EventWish {
  readonly objectClass?: string | undefined;
  readonly name?: Glob | undefined;
  readonly types?: readonly string[] | undefined;
}

/** The first word of an event's details. */
function subject({ detail = "" }: TellingEvent): string {
  return detail.split(" ")[0] ?? "";
}

function isLifecycle({ object, type }: TellingEvent): boolean {
  const words: Readonly<Record<string, readonly string[]>> = lifecycleEvents satisfies Record<
    EventClass,
    readonly string[]
  >;
  return words[object.$ref]?.includes(type) === true;
}

function changed(what: string): (event: TellingEvent) => boolean {
  return (event) => event.type === "changed" && subject(event) === what;
}

function job(what: string): (event: TellingEvent) => boolean {
  return (event) => event.type === "job" && subject(event) === what;
}

/** virsh's names for events that are called otherwise here. Source: virsh event --list. */
const virshNames: Readonly<Record<string, (event: TellingEvent) => boolean>> = {
  "lifecycle": isLifecycle,
  "io-error-reason": ({ type }) => type === "io-error",
  "block-job": (event) => event.type === "job" && subject(event).startsWith("block-"),
  "block-job-2": (event) => event.type === "job" && subject(event).startsWith("block-"),
  "disk-change": changed("disk-change"),
  "tray-change": changed("tray-change"),
  "pm-wakeup": ({ type }) => type === "pmwakeup",
  "pm-suspend": (event) => event.type === "pmsuspend" && subject(event) === "memory",
  "pm-suspend-disk": (event) => event.type === "pmsuspend" && subject(event) === "disk",
  "balloon-change": changed("balloon-change"),
  "device-removed": changed("device-removed"),
  "device-added": changed("device-added"),
  "device-removal-failed": changed("device-removal-failed"),
  "tunable": changed("tunable"),
  "agent-lifecycle": ({ type }) => type === "agent",
  "migration-iteration": job("migration-iteration"),
  "job-completed": job("completed"),
  "metadata-change": changed("metadata"),
  "memory-device-size-change": changed("memory-device-size"),
  "nic-mac-change": changed("nic-mac"),
  "refresh": ({ type }) => type === "refreshed",
  "update": ({ type }) => type === "updated",
};

/** Every word that stands for a kind of event. */
export function eventWords(objectClass?: string): readonly string[] {
  const lifecycles = Object.entries(lifecycleEvents)
    .filter(([name]) => objectClass === undefined || name === objectClass)
    .flatMap(([, words]) => words);
  const ofDomains = objectClass === undefined || objectClass === "domain"
    ? [...Object.keys(virshNames), ...domainTypes]
    : ["lifecycle"];
  return [...new Set([...ofDomains, ...lifecycles, "changed", "resync"])].sort();
}

/** What domains tell beside their life cycle, where virsh and we have one word. */
const domainTypes = [
  ...["reboot", "rtc-change", "watchdog", "io-error", "graphics", "control-error", "block-threshold"],
  ...["memory-failure", "agent", "job", "pmwakeup", "pmsuspend"],
] as const;

/** Whether an event is wanted. That some may have been missed is always worth telling. */
export function isWanted(event: TellingEvent, { objectClass, name, types }: EventWish): boolean {
  if (event.type === "resync") return true;
  if (objectClass !== undefined && event.object.$ref !== objectClass) return false;
  if (name !== undefined && !name.matches(event.object.name)) return false;
  return types === undefined || types.length === 0 ||
    types.some((word) => virshNames[word]?.(event) ?? event.type === word);
}
