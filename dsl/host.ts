/**
 * What a host's handle offers beside the registry's operations.
 *
 * @module
 */
import type { DesiredKind } from "../model/desired/mod.ts";
import type { CallOptions, Temporary } from "./call_options.ts";
import type { ApplyOptions } from "./ensure/apply.ts";
import type { Desired } from "./ensure/desired.ts";
import { ensure, type Ensured, planFor } from "./ensure/ensure.ts";
import type { Plan } from "./ensure/plan.ts";
import { Fleet } from "./fleet.ts";
import { Handle, leaseOn, type ObjectHandle, objectsOf } from "./handle.ts";
import type { Domain, Network, Pool } from "./handles.ts";
import type { Lease } from "./lease.ts";
import type { AnswerOf, GivenTo } from "./method.ts";

/** Makes things that are taken back when the run ends. */
export interface TemporaryMakers {
  /** Defines a domain; when it is given back it is destroyed and undefined. Its disks stay. */
  domain(input: GivenTo<"domain.define">, options?: CallOptions): Promise<Domain & Temporary>;
  /** Defines a network; when it is given back it is stopped and undefined. */
  network(input: GivenTo<"network.define">, options?: CallOptions): Promise<Network & Temporary>;
  /** Defines a pool; when it is given back it is stopped and undefined. Its volumes stay. */
  pool(input: GivenTo<"pool.define">, options?: CallOptions): Promise<Pool & Temporary>;
}

/** What a host's handle offers beside the registry's operations. */
export class HostHandle extends Handle<"connection"> {
  /** The connection's URI. */
  get uri(): string {
    return objectsOf(this).session.host(this.connection)?.uri ?? "";
  }

  /** The name of the driver that serves it: `test`, `qemu`, … */
  get driver(): string {
    return objectsOf(this).session.host(this.connection)?.driver ?? "";
  }

  /**
   * Statistics of the host's domains, all in one call.
   *
   * @param which by name (a glob), only those that run or that do not, and which groups; all of it where left out
   *
   * Needs `connect:search_domains`, and `domain:read` on each that shows.
   *
   * @example
   * ```ts
   * import type { Host } from "drover";
   *
   * export async function memoryInUse(host: Host): Promise<number> {
   *   const all = await host.stats({ active: true, groups: ["balloon"] });
   *   return all.reduce((sum, { stats }) => sum + Number(stats["balloon.current"] ?? 0), 0);
   * }
   * ```
   */
  stats(which: GivenTo<"domain.stats"> = {}, options?: CallOptions): Promise<AnswerOf<"domain.stats">> {
    return objectsOf(this).invoke("domain.stats", this, which, options);
  }

  /** Takes several objects for this run alone, all or none. */
  exclusive(objects: Iterable<ObjectHandle>, options?: CallOptions): Promise<Lease> {
    return leaseOn(this, [...objects], options);
  }

  /**
   * The domains of the host, as a fleet.
   *
   * @param which by name (a glob), state, and whether they are persistent; all of them where left out
   *
   * Needs `connect:search_domains`; shows those that `domain:getattr` is granted on.
   *
   * @example
   * ```ts
   * import type { Host } from "drover";
   *
   * export async function namesOfRunning(host: Host): Promise<string[]> {
   *   return (await host.domains({ name: "web-*", state: "running" })).names;
   * }
   * ```
   */
  async domains(which: GivenTo<"domain.list"> = {}, options?: CallOptions): Promise<Fleet<Domain>> {
    const entries = await objectsOf(this).invoke("domain.list", this, which, options);
    return new Fleet(entries.map(({ domain }) => domain));
  }

  /** The virtual networks of the host, as a fleet. Needs `connect:search_networks`, and `network:getattr` on each. */
  async networks(which: GivenTo<"network.list"> = {}, options?: CallOptions): Promise<Fleet<Network>> {
    const entries = await objectsOf(this).invoke("network.list", this, which, options);
    return new Fleet(entries.map(({ network }) => network));
  }

  /**
   * The storage pools of the host, as a fleet. Needs `connect:search_storage_pools`, and `storage_pool:getattr` on each.
   */
  async pools(which: GivenTo<"pool.list"> = {}, options?: CallOptions): Promise<Fleet<Pool>> {
    const entries = await objectsOf(this).invoke("pool.list", this, which, options);
    return new Fleet(entries.map(({ pool }) => pool));
  }

  /**
   * Computes what would change for an object to be as desired, and by which operations. Changes nothing.
   *
   * Only what the author wrote is compared. Each change says whether it takes effect live, at the next boot, while the
   * object is stopped, or in another object in its place, and why.
   *
   * Needs `connect:getattr`, and to read the object: for a domain `domain:getattr,read`; `connect:read` for a new one.
   *
   * @example
   * ```ts
   * import { domain, type Host } from "drover";
   *
   * export async function memoryPlan(host: Host): Promise<string> {
   *   return String(await host.plan(domain({ name: "web-1", memory: "4GiB" })));
   * }
   * ```
   */
  plan<K extends DesiredKind>(desired: Desired<K>): Promise<Plan<K>> {
    return planFor(this, desired);
  }

  /**
   * Makes objects as they are desired, in the order in which they are given: computes a plan, says it, and carries it out
   * by ordinary operations. Where a step fails, those before it are taken back: a domain has its old definition again. Done
   * twice, the second time changes nothing.
   *
   * Needs what {@linkcode HostHandle.plan} does, and what the steps do: for a domain `domain:write,save`, `domain:start`
   * where it shall run, `domain:init_control` where it shall be off, `domain:delete` where it shall not be there.
   *
   * @throws {VirtError} `wrong-state` where the plan cannot be applied, saying why; else what a step failed with.
   *
   * @example
   * ```ts
   * import { domain, type Host } from "drover";
   *
   * export async function moreMemory(host: Host): Promise<boolean> {
   *   const { changed } = await host.ensure(domain({ name: "web-1", memory: "4GiB" }));
   *   return changed;
   * }
   * ```
   */
  ensure<K extends DesiredKind>(desired: Desired<K>, options?: ApplyOptions): Promise<Ensured<K>>;
  /** Makes several objects as they are desired, in their order. */
  ensure(desired: readonly Desired[], options?: ApplyOptions): Promise<readonly Ensured[]>;
  async ensure(
    desired: Desired | readonly Desired[],
    options: ApplyOptions = {},
  ): Promise<Ensured | readonly Ensured[]> {
    if ("kind" in desired) return await ensure(this, desired, options);
    const all: Ensured[] = [];
    for (const each of desired) all.push(await ensure(this, each, options));
    return all;
  }

  /**
   * Makes things that are taken back when the run ends, however it ends; earlier at the end of an `await using` block.
   *
   * @example
   * ```ts
   * import type { Host } from "drover";
   *
   * export async function tryOut(host: Host, xml: string): Promise<void> {
   *   await using vm = await host.temporary.domain({ xml });
   *   await vm.start();
   *   await vm.until.ip({ within: "1m" });
   * } // it is destroyed and undefined here
   * ```
   */
  get temporary(): TemporaryMakers {
    return {
      domain: (input, options) => objectsOf(this).make("domain.define", this, input, options),
      network: (input, options) => objectsOf(this).make("network.define", this, input, options),
      pool: (input, options) => objectsOf(this).make("pool.define", this, input, options),
    };
  }
}
