/**
 * What operations need to look at before they act, so that a task that is run twice changes nothing the second time. Data
 * alone: what reads playbooks asks it too.
 *
 * @module
 */

/** Looks at an object before an operation on it. */
type Look = (info: Readonly<Record<string, unknown>>, input: Readonly<Record<string, unknown>>) => boolean;

const running = ["running", "blocked", "paused", "pmsuspended"];
const isState = (...states: readonly string[]): Look => ({ state }) => states.includes(String(state));
const isActive = (active: boolean): Look => (info) => info["active"] === active;
const hasAutostart: Look = (info, input) => info["autostart"] === input["autostart"];

/** Whether an object is as an operation would make it, by operation. */
export const looks: Readonly<Record<string, Look>> = {
  "domain.start": isState(...running),
  "domain.shutdown": isState("shutoff"),
  "domain.destroy": isState("shutoff"),
  "domain.suspend": isState("paused"),
  "domain.resume": isState("running", "blocked"),
  "domain.setAutostart": hasAutostart,
  "domain.removeManagedSave": (info) => info["managedSave"] === false,
  "network.start": isActive(true),
  "network.destroy": isActive(false),
  "network.setAutostart": hasAutostart,
  "pool.start": isActive(true),
  "pool.destroy": isActive(false),
  "pool.setAutostart": hasAutostart,
};

/** Operations that take something away: it not being there is what they are for. */
export const removing: readonly string[] = [
  "domain.undefine",
  "domain.discard",
  "network.undefine",
  "network.discard",
  "pool.undefine",
  "pool.discard",
  "volume.delete",
  "snapshot.delete",
  "secret.undefine",
  "filter.undefine",
  "filterBinding.delete",
  "interface.undefine",
  "nodeDevice.undefine",
];

/** Operations that define, with the kind of what they define: what is there already is looked at first. */
export const defining: Readonly<Record<string, "domain" | "network" | "pool">> = {
  "domain.define": "domain",
  "network.define": "network",
  "pool.define": "pool",
};

/** Whether an operation looks at its object first. */
export function looksFirst(operation: string): boolean {
  return Object.hasOwn(looks, operation);
}
