/**
 * Events of storage pools.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { lifeNumber, poolLife } from "../../protocol/words/event.ts";
import { remotePool } from "../dispatch/objects.ts";
import { answers, type Family } from "../dispatch/row.ts";
import type { Telling } from "../event_registry.ts";
import { poolOf } from "./storage_words.ts";

/** What libvirt's errors call the objects of these registrations. */
const kind = "storage pool";

const lifecycle: Telling = ({ object, type }, { connection, callback: callbackID }) => {
  const event = lifeNumber(poolLife, type);
  if (object.$ref !== "pool" || event < 0) return;
  connection.tell("storagePoolEventLifecycle", { callbackID, pool: remotePool(object), event, detail: 0 });
};

const refreshed: Telling = ({ object, type }, { connection, callback: callbackID }) => {
  if (object.$ref !== "pool" || type !== "refreshed") return;
  connection.tell("storagePoolEventRefresh", { callbackID, pool: remotePool(object) });
};

/** Every event at the place of its number. Source: libvirt, virStoragePoolEventID. */
const tellings: readonly Telling[] = [lifecycle, refreshed];

/** The rows. */
export const poolEvent = {
  connectStoragePoolEventRegisterAny: answers(({ eventID, pool }, session) => {
    const tell = tellings[eventID];
    if (tell === undefined) {
      throw new VirtError("internal", `unsupported storage pool event ID ${eventID}`, {
        detail: { from: "VIR_FROM_RPC" },
      });
    }
    const id = pool === undefined ? {} : { id: poolOf(session, pool).id };
    return { callbackID: session.events.add({ kind: `${kind}:${eventID}`, ...id, tell }) };
  }),
  connectStoragePoolEventDeregisterAny: answers(({ callbackID }, session) => {
    session.events.remove(callbackID, kind);
    return undefined;
  }),
} satisfies Family;
