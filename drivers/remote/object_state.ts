/**
 * What goes with an object only in some states, where the far side would do it all the same: a recipe means the same on every
 * hypervisor.
 *
 * @module
 */
import type { RemoteObject } from "./object.ts";
import { wrongState } from "./refusal.ts";

/**
 * Refuses what is only done to something that is stopped.
 *
 * @throws {VirtError} `wrong-state`
 */
export function refuseRunning(object: RemoteObject, doing: string): void {
  object.refuseWhileStarting(doing);
  if (object.live !== undefined) {
    throw wrongState(object, {
      doing,
      found: "it is active",
      hint: `Stop it first: drover ${object.objectClass} destroy ${object.name}`,
    });
  }
}

/**
 * Refuses what is only done to something that runs.
 *
 * @throws {VirtError} `wrong-state`
 */
export function needRunning(object: RemoteObject, doing: string): void {
  object.refuseWhileStarting(doing);
  if (object.live === undefined) throw wrongState(object, { doing, found: "it is not active" });
}

/**
 * Refuses what only something with a definition can have.
 *
 * @throws {VirtError} `wrong-state`
 */
export function needPersistent(object: RemoteObject, doing: string): void {
  if (!object.persistent) throw wrongState(object, { doing, found: "it is transient" });
}
