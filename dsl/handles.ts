/**
 * The handles' types: what each class offers itself, and every operation that the registry puts on it.
 *
 * @module
 */
import type { ObjectClass } from "../model/object.ts";
import type { DomainHandle } from "./domain.ts";
import type { ObjectHandle } from "./handle.ts";
import type { HostHandle } from "./host.ts";
import type { MethodsOf } from "./method.ts";
import type { PoolHandle } from "./pool.ts";
import type { VolumeHandle } from "./volume.ts";

/** A host: the other end of a connection. */
export interface Host extends HostHandle, Omit<MethodsOf<"connection">, keyof HostHandle> {}

/** A domain: a virtual machine or a container. */
export interface Domain extends DomainHandle, Omit<MethodsOf<"domain">, keyof DomainHandle> {}

/** A snapshot of a domain. */
export interface Snapshot extends ObjectHandle<"snapshot">, Omit<MethodsOf<"snapshot">, keyof ObjectHandle> {}

/** A virtual network. */
export interface Network extends ObjectHandle<"network">, Omit<MethodsOf<"network">, keyof ObjectHandle> {}

/** A port of a virtual network: what it gives to one interface of a domain. */
export interface NetworkPort
  extends ObjectHandle<"networkPort">, Omit<MethodsOf<"networkPort">, keyof ObjectHandle> {}

/** A storage pool. */
export interface Pool extends PoolHandle, Omit<MethodsOf<"pool">, keyof PoolHandle> {}

/** A storage volume. */
export interface Volume extends VolumeHandle, Omit<MethodsOf<"volume">, keyof VolumeHandle> {}

/** A network interface of a host. */
export interface HostInterface
  extends ObjectHandle<"interface">, Omit<MethodsOf<"interface">, keyof ObjectHandle> {}

/** A device of a host. */
export interface NodeDevice
  extends ObjectHandle<"nodeDevice">, Omit<MethodsOf<"nodeDevice">, keyof ObjectHandle> {}

/** A secret that a host keeps, such as the passphrase of a disk. */
export interface Secret extends ObjectHandle<"secret">, Omit<MethodsOf<"secret">, keyof ObjectHandle> {}

/** A network filter: rules for the traffic of guests. */
export interface Filter extends ObjectHandle<"filter">, Omit<MethodsOf<"filter">, keyof ObjectHandle> {}

/** A network filter at work on one interface of a guest. */
export interface FilterBinding
  extends ObjectHandle<"filterBinding">, Omit<MethodsOf<"filterBinding">, keyof ObjectHandle> {}

/** The named types of handles, by class. */
interface NamedHandles {
  readonly connection: Host;
  readonly domain: Domain;
  readonly snapshot: Snapshot;
  readonly network: Network;
  readonly networkPort: NetworkPort;
  readonly pool: Pool;
  readonly volume: Volume;
  readonly interface: HostInterface;
  readonly nodeDevice: NodeDevice;
  readonly secret: Secret;
  readonly filter: Filter;
  readonly filterBinding: FilterBinding;
}

/** The handle of an object of a class. */
export type HandleOf<C extends ObjectClass> = C extends keyof NamedHandles ? NamedHandles[C]
  : ObjectHandle<C> & Omit<MethodsOf<C>, keyof ObjectHandle>;
