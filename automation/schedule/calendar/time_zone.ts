/**
 * The names of time zones.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import { nearest } from "../../../runtime/permission/suggestion.ts";

/** What people write for zones that have another name. They mean one half of the year, and a zone is meant. */
const abbreviations: Readonly<Record<string, string>> = {
  AEDT: "Australia/Sydney",
  AEST: "Australia/Sydney",
  BST: "Europe/London",
  CDT: "America/Chicago",
  CEST: "Europe/Berlin",
  CST: "America/Chicago",
  EDT: "America/New_York",
  EEST: "Europe/Athens",
  IST: "Asia/Kolkata",
  JST: "Asia/Tokyo",
  KST: "Asia/Seoul",
  MDT: "America/Denver",
  MSK: "Europe/Moscow",
  NZST: "Pacific/Auckland",
  PDT: "America/Los_Angeles",
  PST: "America/Los_Angeles",
  SGT: "Asia/Singapore",
  WEST: "Europe/Lisbon",
};

const offset = /^(?:UTC|GMT)?\s*[+-]\d/i;

/**
 * The name of a zone as the time zone database writes it. Names that stand for another one (`US/Eastern`) stay what they
 * are.
 *
 * @throws {VirtError} `invalid-argument` where there is no such zone, with one that may be meant.
 *
 * @example
 * ```ts
 * import { timeZoneNamed } from "./time_zone.ts";
 * timeZoneNamed("europe/berlin"); // "Europe/Berlin"
 * ```
 */
export function timeZoneNamed(name: string): string {
  if (name.length <= 64 && /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name) && !offset.test(name)) {
    try {
      return new Temporal.ZonedDateTime(0n, name).timeZoneId;
    } catch {
      // What it may have been is said below.
    }
  }
  throw new VirtError("invalid-argument", `Cannot use "${name.slice(0, 64)}" as time zone: ${whatIs(name)}`, {
    hint: hintFor(name),
  });
}

/** Whether a word can only be meant as a zone: it begins with a letter, and a zone has that name. */
export function isTimeZone(name: string): boolean {
  try {
    timeZoneNamed(name);
    return true;
  } catch {
    return false;
  }
}

function whatIs(name: string): string {
  if (name.trim() === "") return "it is empty";
  if (offset.test(name)) {
    return "it is an offset, which knows nothing of clocks that are put forward and back";
  }
  return "the time zone database has no zone of that name";
}

function hintFor(name: string): string {
  const general = "Names are like Europe/Berlin, America/New_York and UTC";
  const meant = abbreviations[name.toUpperCase()] ?? zoneLike(name);
  return meant === undefined ? general : `Did you mean ${meant}?`;
}

/** The zone of a city, or one whose name is nearly the same. */
function zoneLike(name: string): string | undefined {
  const wanted = name.trim().toLowerCase().replaceAll(" ", "_");
  if (wanted === "" || wanted.length > 64 || offset.test(name)) return undefined;
  const zones = new Map(Intl.supportedValuesOf("timeZone").map((zone) => [zone.toLowerCase(), zone]));
  const cities = new Map([...zones].map(([lower, zone]) => [lower.slice(lower.lastIndexOf("/") + 1), zone]));
  const exact = cities.get(wanted.slice(wanted.lastIndexOf("/") + 1));
  if (exact !== undefined) return exact;
  const near = nearest(wanted, wanted.includes("/") ? zones.keys() : cities.keys());
  return near === undefined ? undefined : zones.get(near) ?? cities.get(near);
}
