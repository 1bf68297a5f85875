/**
 * Objects as libvirt's protocol names them. Words that are numbers on the wire are in `protocol/words/`.
 *
 * @module
 */
import type { Identity, RemoteLive } from "./object.ts";

/** A domain on the wire; the number is -1 while it does not run. */
export interface WireDomain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
}

/** A network, a storage pool or a network filter on the wire. */
export interface WireNamed {
  readonly name: string;
  readonly uuid: string;
}

/** A volume on the wire: its pool is told by its name. */
export interface WireVolume {
  readonly pool: string;
  readonly name: string;
  readonly key: string;
}

/** A secret on the wire. */
export interface WireSecret {
  readonly uuid: string;
  readonly usageType: number;
  readonly usageId: string;
}

interface Named {
  readonly name: string;
  readonly id: string;
}

/** A domain for the wire. The far side finds it by its UUID alone. */
export function wireDomain(domain: Named & { readonly live?: RemoteLive | undefined }): WireDomain {
  return { name: domain.name, uuid: domain.id, id: domain.live?.id ?? -1 };
}

/** A network, a storage pool or a network filter for the wire. */
export function wireNamed({ name, id }: Named): WireNamed {
  return { name, uuid: id };
}

/** What was seen of a domain when the far side names it. */
export function domainSeen(
  { name, uuid, id }: WireDomain,
): Identity<"domain"> & { readonly live?: RemoteLive } {
  return { objectClass: "domain", id: uuid, name, ...(id < 0 ? {} : { live: { id } }) };
}

/**
 * The number nearest to one of 64 bits: beyond 2^53 its last digits are rounded. Processor times in nanoseconds get there
 * within months, and "unlimited" is often the greatest number of all.
 */
export function nearest(value: bigint): number {
  return Number(value);
}
