/**
 * What a host's handle offers beside the registry's operations.
 *
 * @module
 */
import type { CallOptions } from "./call_options.ts";
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

  async domains(which: GivenTo<"domain.list"> = {}, options?: CallOptions): Promise<Domain[]> {
    const entries = await objectsOf(this).invoke("domain.list", this, which, options);
    return entries.map(({ domain }) => domain);
  }
}
