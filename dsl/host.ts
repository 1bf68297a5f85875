/**
 * What a host's handle offers beside the registry's operations.
 *
 * @module
 */
import type { CallOptions } from "./call_options.ts";
import { Fleet } from "./fleet.ts";
import { Handle, leaseOn, type ObjectHandle, objectsOf } from "./handle.ts";
import type { Domain } from "./handles.ts";
import type { Lease } from "./lease.ts";
import type { GivenTo } from "./method.ts";

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
}
