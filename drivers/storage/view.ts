/**
 * Putting together what a driver has read of a host's storage.
 *
 * @module
 */
import { domainStorage, type Owner, snapshotStorage, volumePlace, volumeStorage } from "./documents.ts";
import type { BackingLink, ImageUse, StorageFacts } from "./graph.ts";
import type { StorageView } from "./guard.ts";

/** A domain as it was read. */
export interface ReadDomain {
  readonly id: string;
  readonly name: string;
  /** Its definitions: the one in force, and the one of the next start where that is another. */
  readonly documents: readonly string[];
  readonly snapshots: readonly { readonly name: string; readonly xml: string }[];
}

/** A volume as it was read. */
export interface ReadVolume {
  /** The UUID of its pool. */
  readonly pool: string;
  readonly poolName: string;
  readonly name: string;
  readonly xml: string;
}

/** What the guard looks at. */
export function storageView(
  { domains, volumes }: { readonly domains: readonly ReadDomain[]; readonly volumes: readonly ReadVolume[] },
): StorageView {
  const places = new Map<string, string>();
  const paths = new Map<string, Map<string, string>>();
  const uses: ImageUse[] = [];
  const links: BackingLink[] = [];
  for (const { pool, poolName, name, xml } of volumes) {
    const volume = volumeStorage(xml);
    links.push(...volume.links);
    if (volume.path === undefined) continue;
    places.set(volumePlace(poolName, name), volume.path);
    paths.getOrInsertComputed(pool, () => new Map<string, string>()).set(name, volume.path);
  }
  const snapshots = new Map<string, ReadonlyMap<string, string>>();
  const inForce = new Map<string, string>();
  const take = (facts: StorageFacts): void => {
    uses.push(...facts.uses);
    links.push(...facts.links);
  };
  for (const domain of domains) {
    const owner: Owner = { domain: domain.id, label: `domain "${domain.name}"` };
    const [now] = domain.documents;
    if (now !== undefined) inForce.set(domain.id, now);
    for (const xml of domain.documents) take(domainStorage(xml, owner, places));
    for (const { name, xml } of domain.snapshots) take(snapshotStorage(xml, { owner, name, places }));
    snapshots.set(domain.id, new Map(domain.snapshots.map(({ name, xml }) => [name, xml])));
  }
  return { facts: { uses, links }, places, volumes: paths, domains: inForce, snapshots };
}
