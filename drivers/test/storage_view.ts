/**
 * What the guard of the storage graph looks at.
 *
 * @module
 */
import type { Job } from "../../runtime/driver.ts";
import type { StorageView } from "../storage/guard.ts";
import { storageView } from "../storage/view.ts";
import { connectionOf } from "./connection.ts";
import { snapshotXml } from "./snapshot_definition.ts";
import { volumeXml } from "./volume_definition.ts";

/** What the driver knows, which is all there is. */
export function readStorage(job: Job): Promise<StorageView> {
  const { table } = connectionOf(job);
  const pools = new Map([...table.all("pool")].map(({ id, name }) => [id, name]));
  return Promise.resolve(storageView({
    domains: [...table.all("domain")].map((domain) => ({
      id: domain.id,
      name: domain.name,
      documents: [...new Set([domain.config, domain.persistentConfig])],
      snapshots: [...table.all("snapshot")].filter(({ parent }) => parent === domain.id).map((snapshot) => ({
        name: snapshot.name,
        xml: snapshotXml(snapshot.facts.record),
      })),
    })),
    volumes: [...table.all("volume")].map(({ name, parent = "", facts: { record } }) => ({
      pool: parent,
      poolName: pools.get(parent) ?? "",
      name,
      xml: volumeXml(record),
    })),
  }));
}
