/**
 * Domains at a glance.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { domainStateOf } from "../../protocol/words/domain_state.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { Out } from "../operation_types.ts";
import { askTogether } from "./act.ts";
import { domOf } from "./domain.ts";
import type { Line } from "./line.ts";
import type { RemoteJob } from "./object.ts";
import { nearest, type WireDomain } from "./wire.ts";

/** Everything in one go; what a hypervisor lacks is not there: LXC has no snapshots. */
async function info(job: RemoteJob): Promise<Out<"domain.info">> {
  const dom = domOf(job);
  return await askTogether(job, "domain.info", async (line) => {
    const [found, state, figures, osType, persistent, autostart, saved, snapshots, current] = await Promise
      .all([
        line.call("domainLookupByUuid", { uuid: dom.uuid }),
        line.call("domainGetState", { dom, flags: 0 }),
        line.call("domainGetInfo", { dom }),
        line.maybe("domainGetOsType", { dom }),
        line.maybe("domainIsPersistent", { dom }),
        // A domain without a definition has no autostart, and some hypervisors refuse to say so.
        answered(line.maybe("domainGetAutostart", { dom })),
        line.maybe("domainHasManagedSaveImage", { dom, flags: 0 }),
        line.maybe("domainSnapshotNum", { dom, flags: 0 }),
        currentSnapshot(line, dom),
      ]);
    const { name, uuid, id } = found.dom;
    return {
      name,
      uuid,
      ...(id < 0 ? {} : { id }),
      ...domainStateOf({ ...state, live: id >= 0 }),
      osType: osType?.type ?? "unknown",
      vcpus: figures.nrVirtCpu,
      cpuTimeNs: nearest(figures.cpuTime),
      maxMemoryKib: nearest(figures.maxMem),
      memoryKib: nearest(figures.memory),
      persistent: persistent?.persistent !== 0,
      autostart: autostart?.autostart === 1,
      managedSave: saved?.result === 1,
      snapshots: snapshots?.num ?? 0,
      ...(current === undefined ? {} : { currentSnapshot: current }),
    };
  }, { doing: "show" });
}

async function currentSnapshot(line: Line, dom: WireDomain): Promise<string | undefined> {
  const has = await line.maybe("domainHasCurrentSnapshot", { dom, flags: 0 });
  if (has?.result !== 1) return undefined;
  return (await answered(line.call("domainSnapshotCurrent", { dom, flags: 0 })))?.snap.name;
}

/** `undefined` where the far side refuses to tell. */
async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isVirtError(error) && error.remoteCode !== undefined) return undefined;
    throw error;
  }
}

export const domainDescription = {
  "domain.info": { run: info },
} satisfies DriverMap;
