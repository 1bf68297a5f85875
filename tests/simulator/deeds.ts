/**
 * What people do to domains, storage pools and whatever else a host has.
 *
 * @module
 */
import type { ObjectClass } from "../../model/object.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import type { SimulatedCall, Simulation } from "./simulation.ts";
import { domainXml, poolXml } from "./world.ts";

/** One call that somebody may make now. */
export interface Deed extends SimulatedCall {
  readonly operation: OperationName;
}

/** Something that somebody might do; `undefined` where there is nothing to do it to. */
export type Inclination = (simulation: Simulation) => Deed | undefined;

/** The names that people use; few, so that they meet. */
const domainNames = ["web-1", "web-2", "web-3", "web-4"] as const;
const poolNames = ["images", "backup"] as const;
const snapshotNames = ["monday", "tuesday", "wednesday"] as const;

function some(simulation: Simulation, objectClass: ObjectClass): ManagedObject | undefined {
  const all = [...simulation.host().connection.objects()].filter((object) =>
    object.objectClass === objectClass
  );
  return all.length === 0 ? undefined : simulation.chance.pick(all);
}

/** A call on some object of a class, as it is known now. */
function on(
  objectClass: ObjectClass,
  operation: OperationName,
  input: (simulation: Simulation) => unknown = () => ({}),
): Inclination {
  return (simulation) => {
    const object = some(simulation, objectClass);
    if (object === undefined) return undefined;
    const { name } = simulation.host();
    return {
      operation,
      host: name,
      target: object.ref(name),
      rebase: simulation.chance.happens(0.7),
      input: input(simulation),
    };
  };
}

function onHost(operation: OperationName, input: (simulation: Simulation) => unknown): Inclination {
  return (simulation) => ({ operation, host: simulation.host().name, input: input(simulation) });
}

const mark = ({ chance }: Simulation): string => `mark ${chance.number(1, 999)}`;

function someDomainXml(simulation: Simulation): string {
  const known = some(simulation, "domain");
  const { chance } = simulation;
  // A definition of what is there, of a new one, or of one that takes a name from another.
  const uuid = known !== undefined && chance.happens(0.7) ? known.id : undefined;
  const name = uuid !== undefined && known !== undefined && chance.happens(0.9)
    ? known.name
    : chance.pick(domainNames);
  return domainXml(name, { mark: mark(simulation), ...(uuid === undefined ? {} : { uuid }) });
}

function somePoolXml(simulation: Simulation): string {
  const known = some(simulation, "pool");
  const { chance } = simulation;
  const name = known !== undefined && chance.happens(0.8) ? known.name : chance.pick(poolNames);
  return poolXml(name, {
    mark: `${chance.number(1, 99)}`,
    ...(known !== undefined && known.name === name ? { uuid: known.id } : {}),
  });
}

/** What people do to domains. */
export const domainDeeds: readonly Inclination[] = [
  on("domain", "domain.start", ({ chance }) => ({ paused: chance.happens(0.2) })),
  on("domain", "domain.start"),
  on("domain", "domain.destroy"),
  on("domain", "domain.destroy"),
  on("domain", "domain.suspend"),
  on("domain", "domain.resume"),
  on("domain", "domain.reset"),
  on("domain", "domain.reboot"),
  on("domain", "domain.shutdown"),
  on("domain", "domain.setAutostart", ({ chance }) => ({ autostart: chance.happens(0.5) })),
  on("domain", "domain.setMemory", ({ chance }) => ({
    memoryKib: chance.number(2, 8) * 131_072,
    live: chance.happens(0.5),
    config: chance.happens(0.5),
  })),
  on("domain", "domain.rename", ({ chance }) => ({ newName: chance.pick(domainNames) })),
  on(
    "domain",
    "domain.undefine",
    () => ({ snapshotsMetadata: true, managedSave: true, checkpointsMetadata: true }),
  ),
  on("domain", "domain.discard"),
  on("domain", "domain.managedSave"),
  on("domain", "domain.removeManagedSave"),
  on("domain", "domain.guestExec", () => ({ path: "/bin/true" })),
  on("domain", "domain.freeze"),
  on("domain", "domain.screenshot"),
  onHost("domain.define", (simulation) => ({ xml: someDomainXml(simulation) })),
  onHost("domain.define", (simulation) => ({ xml: someDomainXml(simulation) })),
  onHost("domain.create", (simulation) => ({ xml: someDomainXml(simulation) })),
  onHost("domain.list", () => ({})),
];

/** What people do to snapshots. */
export const snapshotDeeds: readonly Inclination[] = [
  on("domain", "snapshot.create", ({ chance }) => ({ name: chance.pick(snapshotNames) })),
  on(
    "domain",
    "snapshot.create",
    ({ chance }) => ({ name: chance.pick(snapshotNames), diskOnly: chance.happens(0.5) }),
  ),
  on("snapshot", "snapshot.delete"),
  on("snapshot", "snapshot.delete", ({ chance }) => ({ metadataOnly: chance.happens(0.2) })),
  on("snapshot", "snapshot.revert"),
  on("domain", "snapshot.list"),
];

/** What people do to storage. */
export const poolDeeds: readonly Inclination[] = [
  on("pool", "pool.start", ({ chance }) => ({ build: chance.happens(0.3) })),
  on("pool", "pool.start"),
  on("pool", "pool.build"),
  on("pool", "pool.destroy"),
  on("pool", "pool.refresh"),
  on("pool", "pool.delete"),
  on("pool", "pool.undefine"),
  on("pool", "pool.discard"),
  onHost("pool.define", (simulation) => ({ xml: somePoolXml(simulation) })),
  onHost("pool.define", (simulation) => ({ xml: somePoolXml(simulation) })),
  onHost("pool.create", (simulation) => ({ xml: somePoolXml(simulation), build: true })),
  onHost("pool.list", () => ({})),
];

/** Chooses something that the host can do. */
export function somethingToDo(
  simulation: Simulation,
  inclinations: readonly Inclination[],
): Deed | undefined {
  const deed = simulation.chance.pick(inclinations)(simulation);
  if (deed === undefined || !simulation.kernel.supports(simulation.host().connection, deed.operation)) {
    return undefined;
  }
  return deed;
}
