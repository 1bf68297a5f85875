/**
 * What a host's handle offers beside the registry's operations.
 *
 * @module
 */
import type { CallOptions, Temporary } from "./call_options.ts";
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
