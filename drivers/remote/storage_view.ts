/**
 * What the guard of the storage graph looks at: every domain with its snapshots, every volume of every pool that runs.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { Job } from "../../runtime/driver.ts";
import type { StorageView } from "../storage/guard.ts";
import { type ReadDomain, type ReadVolume, storageView } from "../storage/view.ts";
import { askTogether } from "./act.ts";
import type { Line } from "./line.ts";
import { ifThere } from "./named_list.ts";
import type { WireDomain, WireNamed } from "./wire.ts";

/** Source: libvirt, VIR_DOMAIN_XML_INACTIVE. */
const inactiveXml = 2;
/** Source: libvirt, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE. */
const activePools = 2;

/** Reads it from the far side, afresh. */
export function readStorage(job: Job): Promise<StorageView> {
  return askTogether(job, "draw the storage graph", async (line) => {
    const [domains, volumes] = await Promise.all([readDomains(line), orNone(readVolumes(line))]);
    return storageView({ domains, volumes });
  }, { doing: "draw the storage graph for" });
}

/** What a hypervisor does not have is not there. */
async function orNone<T>(reading: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await reading;
  } catch (error) {
    if (isVirtError(error, "unsupported")) return [];
    throw error;
  }
}

async function readDomains(line: Line): Promise<readonly ReadDomain[]> {
  const { domains } = await line.call("connectListAllDomains", { needResults: 1, flags: 0 });
  return await Promise.all(domains.map((dom) => readDomain(line, dom)));
}

async function readDomain(line: Line, dom: WireDomain): Promise<ReadDomain> {
  const [now, next, snapshots] = await Promise.all([
    ifThere(line.call("domainGetXmlDesc", { dom, flags: 0 })),
    ifThere(line.call("domainGetXmlDesc", { dom, flags: inactiveXml })),
    orNone(readSnapshots(line, dom)),
  ]);
  return {
    id: dom.uuid,
    name: dom.name,
    documents: [...new Set([now, next].flatMap((each) => each === undefined ? [] : [each.xml]))],
    snapshots,
  };
}

async function readSnapshots(line: Line, dom: WireDomain): Promise<ReadDomain["snapshots"]> {
  const listed = await ifThere(line.call("domainListAllSnapshots", { dom, needResults: 1, flags: 0 }));
  const read = await Promise.all((listed?.snapshots ?? []).map(async (snap) => {
    const found = await ifThere(line.call("domainSnapshotGetXmlDesc", { snap, flags: 0 }));
    return found === undefined ? [] : [{ name: snap.name, xml: found.xml }];
  }));
  return read.flat();
}

async function readVolumes(line: Line): Promise<readonly ReadVolume[]> {
  const { pools } = await line.call("connectListAllStoragePools", { needResults: 1, flags: activePools });
  return (await Promise.all(pools.map((pool) => readPool(line, pool)))).flat();
}

/**
 * Has a pool of files look at its folder again: what was made there by hand is not known to it otherwise. One that cannot now is
 * read as it is.
 */
async function lookAgain(line: Line, pool: WireNamed): Promise<void> {
  try {
    const { xml } = await line.call("storagePoolGetXmlDesc", { pool, flags: 0 });
    if (/^<pool type=['"](dir|fs|netfs)['"]/.test(xml)) {
      await line.call("storagePoolRefresh", { pool, flags: 0 });
    }
  } catch (error) {
    if (!isVirtError(error) || error.remoteCode === undefined) throw error;
  }
}

async function readPool(line: Line, pool: WireNamed): Promise<readonly ReadVolume[]> {
  await lookAgain(line, pool);
  const listed = await ifThere(line.call("storagePoolListAllVolumes", { pool, needResults: 1, flags: 0 }));
  const read = await Promise.all((listed?.vols ?? []).map(async (vol): Promise<ReadVolume[]> => {
    const found = await ifThere(line.call("storageVolGetXmlDesc", { vol, flags: 0 }));
    return found === undefined
      ? []
      : [{ pool: pool.uuid, poolName: pool.name, name: vol.name, xml: found.xml }];
  }));
  return read.flat();
}
