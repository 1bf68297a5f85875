/**
 * What must hold in every history.
 *
 * @module
 */
import type { HolderView, SlotView } from "../../runtime/call.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { type Invariant, type Simulation, Violation } from "./simulation.ts";

/** The normal jobs that each asynchronous job may allow meanwhile, beside destroy. libvirt, `qemu_migration.c` and others. */
const masks: Readonly<Record<string, readonly string[]>> = {
  "async:start": [],
  "async:migration-in": [],
  "async:migration-out": ["query", "abort", "suspend", "migration-op"],
  "async:save": ["query", "abort", "suspend"],
  "async:dump": ["query", "abort", "suspend"],
  "async:snapshot": ["query", "abort", "suspend", "migration-op"],
  "async:backup": ["query", "abort", "suspend", "modify"],
};

/** A pool may be read and defined anew while it starts; what is defined waits until it has started or failed. */
function maskOf({ job, operation }: HolderView): readonly string[] | undefined {
  return job === "async:start" && operation.includes("pool.") ? ["query", "modify"] : masks[job];
}

function describe({ operation, job, caller }: HolderView): string {
  return `${operation} (${job}) of ${caller.run ?? caller.principal}`;
}

function mayBothHold(a: HolderView, b: HolderView): boolean {
  if (a.job === "lease" || b.job === "lease") {
    return a.caller.run !== undefined && a.caller.run === b.caller.run;
  }
  if (a.job === "agent" || b.job === "agent") return a.job !== b.job;
  if (a.job === "use" || b.job === "use") {
    const other = a.job === "use" ? b.job : a.job;
    return other === "use" || other === "query";
  }
  const mask = maskOf(a);
  if (mask === undefined) return maskOf(b) !== undefined && mayBothHold(b, a);
  return b.job === "destroy" || b.job === "reconcile" || mask.includes(b.job);
}

/** Nobody holds an object beside somebody who excludes it. */
export const exclusion: Invariant = ({ kernel }) => {
  for (const { label, holders } of kernel.slots()) {
    for (const [index, holder] of holders.entries()) {
      for (const other of holders.slice(index + 1)) {
        if (!mayBothHold(holder, other)) {
          throw new Violation(`${label} is held by ${describe(holder)} and ${describe(other)} at once`);
        }
      }
    }
  }
};

/** Nobody waits for an object that nobody holds. */
export const nobodyWaitsForNothing: Invariant = ({ kernel }) => {
  for (const { label, holders, waiters } of kernel.slots()) {
    if (holders.length === 0 && waiters.length > 0) {
      throw new Violation(`${label} is free, and somebody waits for it`);
    }
  }
};

/** The definition that a start or a build works with stays what it is. */
export function definitionsInUseStay(): Invariant {
  const starting = new Map<ManagedObject, string>();
  return ({ hosts }) => {
    for (const host of hosts.values()) {
      for (const object of host.connection.objects()) {
        if (object.phase !== "starting") {
          starting.delete(object);
          continue;
        }
        const before = starting.get(object);
        if (before !== undefined && before !== object.config) {
          throw new Violation(`The definition of ${object.label} was replaced while it was starting`);
        }
        starting.set(object, object.config);
      }
    }
  };
}

/** When all is at rest, nobody holds or waits for anything, and nothing is left that would wake up. */
export const nothingLeaks: Invariant = ({ kernel, clock }) => {
  const held = kernel.slots().filter(({ holders, waiters }) => holders.length + waiters.length > 0);
  if (held.length > 0) throw new Violation(`Slots are left over: ${held.map(view).join("; ")}`);
  if (clock.pending > 0) throw new Violation(`${clock.pending} timers are left over`);
};

function view({ label, holders, waiters }: SlotView): string {
  return `${label} held by [${holders.map(describe).join(", ")}], ${waiters.length} wait`;
}

/** When all is at rest, what the kernel knows is what there is. */
export const kernelKnowsTheTruth: Invariant = (simulation) => {
  for (const host of simulation.hosts.values()) {
    if (!host.wasRead) continue;
    domainsAreTrue(simulation, host.name);
    snapshotsAreTrue(simulation, host.name);
    poolsAreTrue(simulation, host.name);
  }
};

function same(what: string, { known, real }: { readonly known: unknown; readonly real: unknown }): void {
  const [a, b] = [JSON.stringify(known), JSON.stringify(real)];
  if (a !== b) throw new Violation(`${what}: the kernel knows ${a}, and really there is ${b}`);
}

/** Things of which nobody claims to know what became of them. */
function inDoubt({ kernel }: Simulation): (id: string) => boolean {
  const keys = kernel.slots().filter(({ uncertain }) => uncertain !== undefined).map(({ key }) => key);
  return (id) => keys.some((key) => key.endsWith(`/${id}`));
}

function domainsAreTrue(simulation: Simulation, name: string): void {
  const host = simulation.host(name);
  const { table } = host.connection;
  const doubtful = inDoubt(simulation);
  const certain = (things: Iterable<{ readonly id: string }>): readonly string[] =>
    [...things].map(({ id }) => id).filter((id) => !doubtful(id)).sort();
  same(`Domains of ${name}`, { known: certain(table.all("domain")), real: certain(host.all("domain")) });
  for (const record of host.all("domain")) {
    if (doubtful(record.id)) continue;
    const domain = table.byId("domain", record.id);
    if (domain === undefined) continue;
    same(`${domain.label} on ${name}`, {
      known: {
        name: domain.name,
        guest: domain.live?.id,
        state: domain.live?.state,
        phase: domain.phase,
        definition: domain.persistent ? domain.persistentConfig : undefined,
        inForce: domain.live === undefined ? undefined : domain.config,
      },
      real: {
        name: record.name,
        guest: record.guest?.id,
        state: record.guest?.state,
        phase: record.guest === undefined ? "inactive" : "active",
        definition: record.config,
        inForce: record.guest?.xml,
      },
    });
    if (table.byName("domain", record.name)?.id !== record.id) {
      throw new Violation(`Domain "${record.name}" is not found by its name`);
    }
  }
}

function snapshotsAreTrue(simulation: Simulation, name: string): void {
  const host = simulation.host(name);
  const { table } = host.connection;
  for (const domain of host.all("domain")) {
    const real = [...host.all("snapshot")].filter((snapshot) => snapshot.domain === domain.id);
    const tree = table.snapshots(domain.id);
    same(`Snapshots of domain "${domain.name}" on ${name}`, {
      known: [...tree.names()].sort().map((
        each,
      ) => [each, tree.parentOf(each), [...tree.childrenOf(each)].sort()]),
      real: real.map((each) => each.name).sort().map((each) => [
        each,
        real.find((other) => other.name === each)?.parent,
        real.filter((other) => other.parent === each).map((other) => other.name).sort(),
      ]),
    });
  }
}

function poolsAreTrue(simulation: Simulation, name: string): void {
  const host = simulation.host(name);
  const { table } = host.connection;
  same(`Pools of ${name}`, {
    known: [...table.all("pool")].map(({ id }) => id).sort(),
    real: [...host.all("pool")].map(({ id }) => id).sort(),
  });
  for (const record of host.all("pool")) {
    const pool = table.byId("pool", record.id);
    if (pool === undefined) continue;
    same(`${pool.label} on ${name}`, {
      known: {
        phase: pool.phase,
        definition: pool.persistent ? pool.persistentConfig : undefined,
        inForce: pool.live === undefined ? undefined : pool.config,
      },
      real: {
        phase: record.started === undefined ? "inactive" : "active",
        definition: record.config,
        inForce: record.started?.xml,
      },
    });
  }
}

/** All of them, for a simulation. */
export function judgeAlways(simulation: Simulation): void {
  simulation.always.push(exclusion, nobodyWaitsForNothing, definitionsInUseStay());
  simulation.finally.push(nothingLeaks, kernelKnowsTheTruth);
}
