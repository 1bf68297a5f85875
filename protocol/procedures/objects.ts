/**
 * Structures that several procedures share: the objects, as they are named on the wire, and what is said about them.
 *
 * @module
 */
import {
  bytes,
  chars,
  double,
  enumeration,
  hyper,
  int,
  list,
  optional,
  string,
  struct,
  uhyper,
  uint,
  union,
  uuid,
  type ValueOf,
  type Xdr,
} from "../xdr/mod.ts";
import { limits } from "./limits.ts";

/** Text of any kind: names, definitions, paths. */
export const text = string(limits.string);

/** A domain; `id` is -1 while it does not run. */
export const domain = struct({ name: text, uuid, id: int });

/** A virtual network. */
export const network = struct({ name: text, uuid });

/** A port of a virtual network. */
export const networkPort = struct({ net: network, uuid });

/** A network filter. */
export const nwfilter = struct({ name: text, uuid });

/** A network filter's binding to a port's device. */
export const nwfilterBinding = struct({ portdev: text, filtername: text });

/** A network interface of the host. */
export const networkInterface = struct({ name: text, mac: text });

/** A storage pool. */
export const storagePool = struct({ name: text, uuid });

/** A storage volume; `pool` is the pool's name. */
export const storageVolume = struct({ pool: text, name: text, key: text });

/** A device of the host. */
export const nodeDevice = struct({ name: text });

/** A secret. */
export const secret = struct({ uuid, usageType: int, usageID: text });

/** A checkpoint of a domain. */
export const checkpoint = struct({ name: text, dom: domain });

/** A snapshot of a domain. */
export const snapshot = struct({ name: text, dom: domain });

/** How a client may say who it is. */
export const authenticationType = enumeration({ none: 0, sasl: 1, polkit: 2 });

/** The kinds of values of typed parameters. A truth value is a number: not every peer sends only 0 and 1. */
export const typedValue = union(int, { 1: int, 2: uint, 3: hyper, 4: uhyper, 5: double, 6: int, 7: text });

/** A named value of one of seven kinds. */
export const typedParameter = struct({ field: text, value: typedValue });

/** A list of typed parameters. */
export function typedParameters(max: number): Xdr<readonly TypedParameter[]> {
  return list(typedParameter, max);
}

/** A virtual processor: what it does, for how many nanoseconds so far, and on which processor. */
export const vcpuInfo = struct({ number: uint, state: int, cpuTime: uhyper, cpu: int });

/** A figure of the host with its name. */
export const namedNumber = struct({ field: text, value: uhyper });

/** A disk with an error. */
export const diskError = struct({ disk: text, error: int });

/** A figure of a domain's memory, by the number of what it is. */
export const memoryStatistic = struct({ tag: int, val: uhyper });

/** An I/O thread and the processors that it may run on. */
export const iothreadInfo = struct({ iothreadId: uint, cpumap: bytes(limits.cpumap) });

/** The security label of a domain. */
export const securityLabel = { label: chars(limits.securityLabel), enforcing: int };

/** One end of a graphics connection. */
export const graphicsAddress = struct({ family: int, node: text, service: text });

/** Somebody who uses a graphics connection. */
export const graphicsIdentity = struct({ type: text, name: text });

/** A lease of a virtual network's DHCP server. */
export const dhcpLease = struct({
  iface: text,
  expirytime: hyper,
  type: int,
  mac: optional(text),
  iaid: optional(text),
  ipaddr: text,
  prefix: uint,
  hostname: optional(text),
  clientid: optional(text),
});

/** The statistics of one domain out of many. */
export const statisticsRecord = struct({
  dom: domain,
  params: typedParameters(limits.connectGetAllDomainStats),
});

/** A file system as the guest sees it. */
export const filesystemInfo = struct({
  mountpoint: text,
  name: text,
  fstype: text,
  devAliases: list(text, limits.domainFsinfoDisks),
});

/** An address of a guest's interface. */
export const guestAddress = struct({ type: int, addr: text, prefix: uint });

/** An interface of a guest with its addresses. */
export const guestInterface = struct({
  name: text,
  hwaddr: optional(text),
  addrs: list(guestAddress, limits.domainIpAddr),
});

/** A domain as it is named on the wire. */
export type RemoteDomain = ValueOf<typeof domain>;
/** A virtual network as it is named on the wire. */
export type RemoteNetwork = ValueOf<typeof network>;
/** A port of a virtual network as it is named on the wire. */
export type RemoteNetworkPort = ValueOf<typeof networkPort>;
/** A network filter as it is named on the wire. */
export type RemoteNwfilter = ValueOf<typeof nwfilter>;
/** A network filter's binding as it is named on the wire. */
export type RemoteNwfilterBinding = ValueOf<typeof nwfilterBinding>;
/** A network interface as it is named on the wire. */
export type RemoteInterface = ValueOf<typeof networkInterface>;
/** A storage pool as it is named on the wire. */
export type RemoteStoragePool = ValueOf<typeof storagePool>;
/** A storage volume as it is named on the wire. */
export type RemoteStorageVolume = ValueOf<typeof storageVolume>;
/** A device of the host as it is named on the wire. */
export type RemoteNodeDevice = ValueOf<typeof nodeDevice>;
/** A secret as it is named on the wire. */
export type RemoteSecret = ValueOf<typeof secret>;
/** A checkpoint as it is named on the wire. */
export type RemoteCheckpoint = ValueOf<typeof checkpoint>;
/** A snapshot as it is named on the wire. */
export type RemoteSnapshot = ValueOf<typeof snapshot>;
/** A typed parameter as it is on the wire. */
export type TypedParameter = ValueOf<typeof typedParameter>;
/** The value of a typed parameter as it is on the wire. */
export type TypedValue = ValueOf<typeof typedValue>;
