/**
 * How each class of objects is listed and looked at.
 *
 * A class that the far side does not have is empty: Xen has no secrets, LXC no snapshots.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { domainStateOf } from "../../protocol/words/domain_state.ts";
import type { Line } from "./line.ts";
import type { Identity, RemoteClass, RemoteLive, Sighting } from "./object.ts";
import { domainSeen, type WireNamed } from "./wire.ts";

/** What a look is to find out. */
export interface LookOptions {
  /** Also the definition that a next start uses. @default false */
  readonly definition?: boolean;
  /** Also the definition in force. @default false */
  readonly liveDefinition?: boolean;
}

/** How a class is looked at. */
export interface ClassAccess {
  /** Everything of the class on the connection; absent where only a parent can tell. */
  readonly list?: (line: Line) => Promise<readonly Sighting[]>;
  /** Everything of the class within its parent; for classes that have one. */
  readonly within?: (line: Line, parent: Identity) => Promise<readonly Sighting[]>;
  /** One object, `undefined` where it is not there. */
  readonly look: (line: Line, identity: Identity, options: LookContext) => Promise<Sighting | undefined>;
}

/** What a look has beside the identity. */
export interface LookContext extends LookOptions {
  /** The object that holds it, for classes that have one. */
  readonly parent?: Identity;
}

/** Flags of lists. Source: libvirt, virConnectListAll*Flags. */
const persistentDomains = 1 << 2;
const activeNetworks = 1 << 1;
const activePools = 1 << 1;
const activeInterfaces = 1 << 1;
const activeDevices = 1 << 31 >>> 0;

/** The flag for the definition that a next start uses. Source: libvirt, virDomainXMLFlags. */
const inactiveDomain = 1 << 1;
/** The same of networks, pools and interfaces, which all have another number for it than domains. */
const inactive = 1;

/** All pipelined: what the calls have in common is the link. */
async function domains(line: Line): Promise<readonly Sighting[]> {
  const [all, persistent] = await Promise.all([
    line.call("connectListAllDomains", { needResults: 1, flags: 0 }),
    line.maybe("connectListAllDomains", { needResults: 1, flags: persistentDomains }),
  ]);
  const kept = persistent === undefined ? undefined : new Set(persistent.domains.map(({ uuid }) => uuid));
  return all.domains.map((domain) => ({
    ...domainSeen(domain),
    ...(kept === undefined ? {} : { persistent: kept.has(domain.uuid) }),
  }));
}

async function domain(
  line: Line,
  identity: Identity,
  { definition = false, liveDefinition = false }: LookContext,
): Promise<Sighting | undefined> {
  const dom = { name: identity.name, uuid: identity.id, id: -1 };
  return await unlessGone(async () => {
    const [found, state, persistent, inactiveXml, liveXml] = await Promise.all([
      line.call("domainLookupByUuid", { uuid: identity.id }),
      line.call("domainGetState", { dom, flags: 0 }),
      line.maybe("domainIsPersistent", { dom }),
      definition ? kept((flags) => line.call("domainGetXmlDesc", { dom, flags }), inactiveDomain) : undefined,
      liveDefinition ? kept((flags) => line.call("domainGetXmlDesc", { dom, flags }), 0) : undefined,
    ]);
    return {
      ...domainSeen(found.dom),
      state: domainStateOf({ ...state, live: found.dom.id >= 0 }),
      ...(persistent === undefined ? {} : { persistent: persistent.persistent === 1 }),
      ...texts({ inactiveXml, liveXml }),
    };
  });
}

async function networks(line: Line): Promise<readonly Sighting[]> {
  const [all, active, persistent] = await Promise.all([
    line.call("connectListAllNetworks", { needResults: 1, flags: 0 }),
    line.call("connectListAllNetworks", { needResults: 1, flags: activeNetworks }),
    line.call("connectListAllNetworks", { needResults: 1, flags: 1 << 2 }),
  ]);
  return namedSightings("network", {
    all: all.nets,
    active: active.nets,
    persistent: persistent.nets,
  });
}

async function network(
  line: Line,
  { id, name }: Identity,
  { definition = false, liveDefinition = false }: LookContext,
): Promise<Sighting | undefined> {
  const net = { name, uuid: id };
  return await unlessGone(async () => {
    const [found, active, persistent, inactiveXml, liveXml] = await Promise.all([
      line.call("networkLookupByUuid", { uuid: id }),
      line.call("networkIsActive", { net }),
      line.maybe("networkIsPersistent", { net }),
      definition ? kept((flags) => line.call("networkGetXmlDesc", { net, flags })) : undefined,
      liveDefinition ? kept((flags) => line.call("networkGetXmlDesc", { net, flags }), 0) : undefined,
    ]);
    return {
      objectClass: "network" as const,
      id: found.net.uuid,
      name: found.net.name,
      ...alive(active.active === 1),
      ...(persistent === undefined ? {} : { persistent: persistent.persistent === 1 }),
      ...texts({ inactiveXml, liveXml }),
    };
  });
}

async function pools(line: Line): Promise<readonly Sighting[]> {
  const [all, active, persistent] = await Promise.all([
    line.call("connectListAllStoragePools", { needResults: 1, flags: 0 }),
    line.call("connectListAllStoragePools", { needResults: 1, flags: activePools }),
    line.call("connectListAllStoragePools", { needResults: 1, flags: 1 << 2 }),
  ]);
  const sightings = namedSightings("pool", {
    all: all.pools,
    active: active.pools,
    persistent: persistent.pools,
  });
  // What a definition may reach without a further grant depends on where pools keep their volumes.
  return await Promise.all(sightings.map(async (sighting) => {
    const xml = await poolDefinition(line, sighting);
    return xml === undefined ? sighting : { ...sighting, ...texts({ inactiveXml: xml }) };
  }));
}

async function poolDefinition(line: Line, { id, name }: Identity): Promise<Text | undefined> {
  const pool = { name, uuid: id };
  const found = await unlessGone(() => kept((flags) => line.call("storagePoolGetXmlDesc", { pool, flags })));
  return withoutSizes(found);
}

/** How full a pool is changes with whatever is written beside it, and is no part of what it is. */
function withoutSizes(text: Text | undefined): Text | undefined {
  return text === undefined
    ? undefined
    : { xml: text.xml.replaceAll(/\s*<(capacity|allocation|available) unit=[^>]*>\d+<\/\1>/g, "") };
}

async function pool(
  line: Line,
  { id, name }: Identity,
  { liveDefinition = false }: LookContext,
): Promise<Sighting | undefined> {
  const wire = { name, uuid: id };
  return await unlessGone(async () => {
    const [found, active, persistent, inactiveXml, liveXml] = await Promise.all([
      line.call("storagePoolLookupByUuid", { uuid: id }),
      line.call("storagePoolIsActive", { pool: wire }),
      line.maybe("storagePoolIsPersistent", { pool: wire }),
      kept((flags) => line.call("storagePoolGetXmlDesc", { pool: wire, flags })),
      liveDefinition
        ? kept((flags) => line.call("storagePoolGetXmlDesc", { pool: wire, flags }), 0)
        : undefined,
    ]);
    return {
      objectClass: "pool" as const,
      id: found.pool.uuid,
      name: found.pool.name,
      ...alive(active.active === 1),
      ...(persistent === undefined ? {} : { persistent: persistent.persistent === 1 }),
      ...texts({ inactiveXml: withoutSizes(inactiveXml), liveXml }),
    };
  });
}

async function volumesWithin(line: Line, { id, name }: Identity): Promise<readonly Sighting[]> {
  const { vols } = await line.call("storagePoolListAllVolumes", {
    pool: { name, uuid: id },
    needResults: 1,
    flags: 0,
  });
  return vols.map((vol) => ({
    objectClass: "volume",
    id: vol.name,
    name: vol.name,
    parent: id,
    key: vol.key,
  }));
}

async function volume(
  line: Line,
  { name }: Identity,
  { parent }: LookContext,
): Promise<Sighting | undefined> {
  if (parent === undefined) return undefined;
  const found = await unlessGone(() =>
    line.call("storageVolLookupByName", { pool: { name: parent.name, uuid: parent.id }, name })
  );
  if (found === undefined) return undefined;
  const { vol } = found;
  return { objectClass: "volume", id: vol.name, name: vol.name, parent: parent.id, key: vol.key };
}

async function snapshotsWithin(line: Line, { id, name }: Identity): Promise<readonly Sighting[]> {
  const { snapshots } = await line.call("domainListAllSnapshots", {
    dom: { name, uuid: id, id: -1 },
    needResults: 1,
    flags: 0,
  });
  return snapshots.map((snapshot) => ({
    objectClass: "snapshot",
    id: snapshot.name,
    name: snapshot.name,
    parent: id,
  }));
}

async function snapshot(
  line: Line,
  { name }: Identity,
  { parent }: LookContext,
): Promise<Sighting | undefined> {
  if (parent === undefined) return undefined;
  const dom = { name: parent.name, uuid: parent.id, id: -1 };
  const found = await unlessGone(() => line.call("domainSnapshotLookupByName", { dom, name, flags: 0 }));
  if (found === undefined) return undefined;
  return { objectClass: "snapshot", id: found.snap.name, name: found.snap.name, parent: parent.id };
}

async function interfaces(line: Line): Promise<readonly Sighting[]> {
  const [all, active] = await Promise.all([
    line.call("connectListAllInterfaces", { needResults: 1, flags: 0 }),
    line.call("connectListAllInterfaces", { needResults: 1, flags: activeInterfaces }),
  ]);
  const up = new Set(active.ifaces.map(({ name }) => name));
  return all.ifaces.map(({ name, mac }) => ({
    objectClass: "interface",
    id: name,
    name,
    key: mac,
    ...alive(up.has(name)),
  }));
}

async function interfaceOf(
  line: Line,
  { name, key }: Identity,
  { definition = false }: LookContext,
): Promise<Sighting | undefined> {
  const iface = { name, mac: key ?? "" };
  return await unlessGone(async () => {
    const [found, active, inactiveXml] = await Promise.all([
      line.call("interfaceLookupByName", { name }),
      line.call("interfaceIsActive", { iface }),
      definition ? kept((flags) => line.call("interfaceGetXmlDesc", { iface, flags })) : undefined,
    ]);
    return {
      objectClass: "interface" as const,
      id: found.iface.name,
      name: found.iface.name,
      key: found.iface.mac,
      ...alive(active.active === 1),
      ...texts({ inactiveXml }),
    };
  });
}

async function nodeDevices(line: Line): Promise<readonly Sighting[]> {
  const [all, active] = await Promise.all([
    line.call("connectListAllNodeDevices", { needResults: 1, flags: 0 }),
    // Before libvirt 7.3 no device was known that is not there.
    accepted(() => line.call("connectListAllNodeDevices", { needResults: 1, flags: activeDevices })),
  ]);
  const present = new Set((active ?? all).devices.map(({ name }) => name));
  return all.devices.map(({ name }) => ({
    objectClass: "nodeDevice",
    id: name,
    name,
    ...alive(present.has(name)),
  }));
}

async function nodeDevice(line: Line, { name }: Identity): Promise<Sighting | undefined> {
  return await unlessGone(async () => {
    const [found, active, persistent] = await Promise.all([
      line.call("nodeDeviceLookupByName", { name }),
      line.maybe("nodeDeviceIsActive", { name }),
      line.maybe("nodeDeviceIsPersistent", { name }),
    ]);
    return {
      objectClass: "nodeDevice" as const,
      id: found.dev.name,
      name: found.dev.name,
      ...alive(active?.active !== 0),
      ...(persistent === undefined ? {} : { persistent: persistent.persistent === 1 }),
    };
  });
}

async function secrets(line: Line): Promise<readonly Sighting[]> {
  const all = await line.call("connectListAllSecrets", { needResults: 1, flags: 0 });
  return all.secrets.map(secretSeen);
}

async function secret(
  line: Line,
  { id, name }: Identity,
  { definition = false }: LookContext,
): Promise<Sighting | undefined> {
  return await unlessGone(async () => {
    const found = await line.call("secretLookupByUuid", { uuid: id });
    const inactiveXml = definition
      ? await line.maybe("secretGetXmlDesc", { secret: found.secret, flags: 0 })
      : undefined;
    return { ...secretSeen(found.secret), ...texts({ inactiveXml }), name: found.secret.usageID || name };
  });
}

/** A secret is called by what it is for, or by its UUID where it is for nothing in particular. */
function secretSeen(
  { uuid, usageType, usageID }: {
    readonly uuid: string;
    readonly usageType: number;
    readonly usageID: string;
  },
): Sighting {
  return { objectClass: "secret", id: uuid, name: usageID || uuid, key: `${usageType}` };
}

async function filters(line: Line): Promise<readonly Sighting[]> {
  const all = await line.call("connectListAllNwfilters", { needResults: 1, flags: 0 });
  return all.filters.map(({ name, uuid }) => ({ objectClass: "filter", id: uuid, name }));
}

async function filter(
  line: Line,
  { id, name }: Identity,
  { definition = false }: LookContext,
): Promise<Sighting | undefined> {
  return await unlessGone(async () => {
    const [found, inactiveXml] = await Promise.all([
      line.call("nwfilterLookupByUuid", { uuid: id }),
      definition ? line.call("nwfilterGetXmlDesc", { nwfilter: { name, uuid: id }, flags: 0 }) : undefined,
    ]);
    return {
      objectClass: "filter" as const,
      id: found.nwfilter.uuid,
      name: found.nwfilter.name,
      ...texts({ inactiveXml }),
    };
  });
}

async function bindings(line: Line): Promise<readonly Sighting[]> {
  const all = await line.call("connectListAllNwfilterBindings", { needResults: 1, flags: 0 });
  return all.bindings.map(({ portdev, filtername }) => ({
    objectClass: "filterBinding",
    id: portdev,
    name: portdev,
    key: filtername,
  }));
}

async function binding(line: Line, { id }: Identity): Promise<Sighting | undefined> {
  const found = await unlessGone(() => line.call("nwfilterBindingLookupByPortDev", { name: id }));
  if (found === undefined) return undefined;
  const { portdev, filtername } = found.nwfilter;
  return { objectClass: "filterBinding", id: portdev, name: portdev, key: filtername };
}

async function portsWithin(line: Line, { id, name }: Identity): Promise<readonly Sighting[]> {
  const { ports } = await line.call("networkListAllPorts", {
    network: { name, uuid: id },
    needResults: 1,
    flags: 0,
  });
  return ports.map(({ uuid }) => ({ objectClass: "networkPort", id: uuid, name: uuid, parent: id }));
}

async function port(line: Line, { id }: Identity, { parent }: LookContext): Promise<Sighting | undefined> {
  if (parent === undefined) return undefined;
  const network = { name: parent.name, uuid: parent.id };
  const found = await unlessGone(() => line.call("networkPortLookupByUuid", { network, uuid: id }));
  if (found === undefined) return undefined;
  return { objectClass: "networkPort", id: found.port.uuid, name: found.port.uuid, parent: parent.id };
}

/** How each class is listed and looked at. */
export const classAccess: { readonly [C in RemoteClass]: ClassAccess } = {
  domain: { list: domains, look: domain },
  snapshot: { within: snapshotsWithin, look: snapshot },
  network: { list: networks, look: network },
  networkPort: { within: portsWithin, look: port },
  pool: { list: pools, look: pool },
  volume: { within: volumesWithin, look: volume },
  interface: { list: interfaces, look: interfaceOf },
  nodeDevice: { list: nodeDevices, look: nodeDevice },
  secret: { list: secrets, look: secret },
  filter: { list: filters, look: filter },
  filterBinding: { list: bindings, look: binding },
};

/** The class that holds objects of another one. */
export const holders: { readonly [C in RemoteClass]?: RemoteClass } = {
  snapshot: "domain",
  volume: "pool",
  networkPort: "network",
};

function namedSightings(
  objectClass: "network" | "pool",
  { all, active, persistent }: {
    readonly all: readonly WireNamed[];
    readonly active: readonly WireNamed[];
    readonly persistent: readonly WireNamed[];
  },
): Sighting[] {
  const running = new Set(active.map(({ uuid }) => uuid));
  const kept = new Set(persistent.map(({ uuid }) => uuid));
  return all.map(({ name, uuid }) => ({
    objectClass,
    id: uuid,
    name,
    ...alive(running.has(uuid)),
    persistent: kept.has(uuid),
  }));
}

const running: RemoteLive = {};

function alive(active: boolean): { readonly live?: RemoteLive } {
  return active ? { live: running } : {};
}

function texts(
  { inactiveXml, liveXml }: {
    readonly inactiveXml?: Text | undefined;
    readonly liveXml?: Text | undefined;
  },
): Pick<Sighting, "definition" | "liveDefinition"> {
  return {
    ...(inactiveXml === undefined ? {} : { definition: inactiveXml.xml }),
    ...(liveXml === undefined ? {} : { liveDefinition: liveXml.xml }),
  };
}

/** A definition as the far side prints it. */
interface Text {
  readonly xml: string;
}

/**
 * The definition that a next start uses; drivers that keep only one know no flag for it. Who may see an object and not its
 * definition sees it without.
 */
async function kept(ask: (flags: number) => Promise<Text>, flag = inactive): Promise<Text | undefined> {
  try {
    return await accepted(() => ask(flag)) ?? await accepted(() => ask(0));
  } catch (error) {
    if (isVirtError(error, "permission-denied")) return undefined;
    throw error;
  }
}

/** `undefined` where the far side says that there is no such thing. */
async function unlessGone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

/** `undefined` where the far side does not know a flag. */
async function accepted<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isVirtError(error, "invalid-argument") || isVirtError(error, "unsupported")) return undefined;
    throw error;
  }
}
