/**
 * A libvirtd in memory that has everything beside domains: networks and their ports, pools and volumes, interfaces, devices,
 * secrets, filters and their bindings, snapshots and checkpoints.
 *
 * @module
 */
import type { ArgumentsOf, ProcedureName, ResultOf } from "../../../../protocol/procedures/mod.ts";
import { type FakeClient, FakeLibvirtd, remoteFault } from "./fake_libvirtd.ts";

/** Source: libvirt, virErrorNumber. */
const codes = {
  failed: 9,
  invalid: 55,
  noNetwork: 43,
  noPool: 49,
  noVolume: 50,
  noDevice: 53,
  noInterface: 57,
  noFilter: 62,
  noSecret: 66,
  noSnapshot: 72,
  noBinding: 101,
  noCheckpoint: 103,
  noPort: 107,
} as const;

/** Something with a definition that can run. */
interface Runnable {
  readonly name: string;
  readonly uuid: string;
  /** Absent where it is transient. */
  config: string | undefined;
  active: boolean;
  autostart: boolean;
}

interface FakeVolume {
  readonly pool: string;
  readonly name: string;
  readonly key: string;
  capacity: number;
  /** Somebody still works on it, of whom nobody heard the end. */
  busy: boolean;
}

interface FakeSecret {
  readonly uuid: string;
  readonly usageType: number;
  readonly usageID: string;
  xml: string;
  value: Uint8Array | undefined;
}

interface FakeMoment {
  readonly name: string;
  readonly parent: string | undefined;
  readonly xml: string;
}

interface FakeDevice {
  readonly name: string;
  xml: string;
  active: boolean;
  persistent: boolean;
  autostart: boolean;
}

/** A long job, as the daemon tells of it. Source of the numbers: libvirt, virDomainJobType, virDomainJobOperation. */
export interface FakeJob {
  readonly type: number;
  readonly operation: number;
  readonly processed?: number;
  readonly total?: number;
  readonly errmsg?: string;
}

type Handlers = {
  readonly [P in ProcedureName]?: (args: ArgumentsOf<P>, client: FakeClient) => ResultOf<P>;
};

function tag(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

function attribute(xml: string, element: string, name: string): string {
  return new RegExp(`<${element}\\b[^>]*\\b${name}='([^']*)'`).exec(xml)?.[1] ?? "";
}

/** What is of a table with an id. */
function need<T>(
  table: ReadonlyMap<string, T>,
  id: string,
  { code, what }: { readonly code: number; readonly what: string },
): T {
  const found = table.get(id);
  if (found === undefined) throw remoteFault(code, `${what} not found: '${id}'`);
  return found;
}

/** The daemon with everything. */
export class FakeObjects extends FakeLibvirtd {
  readonly networks = new Map<string, Runnable>();
  /** By network and UUID. */
  readonly ports = new Map<
    string,
    { readonly network: string; readonly uuid: string; readonly xml: string }
  >();
  readonly limits = new Map<string, Map<string, number>>();
  readonly pools = new Map<string, Runnable>();
  /** By pool and name. */
  readonly volumes = new Map<string, FakeVolume>();
  readonly secrets = new Map<string, FakeSecret>();
  readonly interfaces = new Map<string, { readonly name: string; xml: string; active: boolean }>();
  readonly devices = new Map<string, FakeDevice>();
  readonly filters = new Map<string, { readonly name: string; readonly uuid: string; xml: string }>();
  readonly bindings = new Map<
    string,
    { readonly portdev: string; readonly filtername: string; readonly xml: string }
  >();
  /** By domain and name. */
  readonly snapshots = new Map<string, FakeMoment>();
  readonly checkpoints = new Map<string, FakeMoment>();
  /** The current snapshot of each domain. */
  readonly current = new Map<string, string>();
  /** What the daemon does with every domain right now, and what it did last. */
  job: FakeJob | undefined;
  lastJob: FakeJob | undefined;
  /** What a backup is as soon as it is begun. */
  jobAfterBegin: FakeJob | undefined;
  readonly updates: string[] = [];
  updatesInOrder = true;

  override perform<P extends ProcedureName>(
    procedure: P,
    args: ArgumentsOf<P>,
    client: FakeClient,
  ): ResultOf<P> {
    const handler = this.#objects[procedure];
    if (
      handler === undefined || this.lacking.has(procedure) || (this.faults.get(procedure)?.length ?? 0) > 0
    ) {
      return super.perform(procedure, args, client);
    }
    const result = handler(args, client);
    if (changing.test(procedure)) this.deeds.push({ procedure, client: client.number, uuid: "" });
    return result;
  }

  #runnable(table: Map<string, Runnable>, xml: string, { active }: { readonly active: boolean }): Runnable {
    const uuid = tag(xml, "uuid");
    const name = tag(xml, "name");
    const namesake = [...table.values()].find((each) => each.name === name && each.uuid !== uuid);
    if (namesake !== undefined) {
      throw remoteFault(
        codes.failed,
        `operation failed: '${name}' already exists with uuid ${namesake.uuid}`,
      );
    }
    const known = table.get(uuid);
    const made = known ?? { name, uuid, config: undefined, active: false, autostart: false };
    if (active) {
      if (made.active) {
        throw remoteFault(codes.invalid, "Requested operation is not valid: it is already active");
      }
      made.active = true;
    } else {
      made.config = xml;
    }
    table.set(uuid, made);
    return made;
  }

  #list(table: ReadonlyMap<string, Runnable>, flags: number): { name: string; uuid: string }[] {
    return [...table.values()].filter(({ active, config, autostart }) =>
      ((flags & 2) === 0 || active) && ((flags & 4) === 0 || config !== undefined) &&
      ((flags & 16) === 0 || autostart)
    ).map(({ name, uuid }) => ({ name, uuid }));
  }

  #start(table: ReadonlyMap<string, Runnable>, uuid: string): void {
    const found = need(table, uuid, this.#kind(table));
    if (found.active) {
      throw remoteFault(codes.invalid, "Requested operation is not valid: it is already active");
    }
    found.active = true;
  }

  #stop(table: Map<string, Runnable>, uuid: string): void {
    const found = need(table, uuid, this.#kind(table));
    if (!found.active) throw remoteFault(codes.invalid, "Requested operation is not valid: it is not active");
    found.active = false;
    if (found.config === undefined) table.delete(uuid);
  }

  #undefine(table: Map<string, Runnable>, uuid: string): void {
    const found = need(table, uuid, this.#kind(table));
    found.config = undefined;
    if (!found.active) table.delete(uuid);
  }

  #kind(table: ReadonlyMap<string, Runnable>): { readonly code: number; readonly what: string } {
    return table === this.networks
      ? { code: codes.noNetwork, what: "Network" }
      : { code: codes.noPool, what: "Storage pool" };
  }

  #network(uuid: string): Runnable {
    return need(this.networks, uuid, this.#kind(this.networks));
  }

  #pool(uuid: string): Runnable {
    return need(this.pools, uuid, this.#kind(this.pools));
  }

  #volume({ pool, name }: { readonly pool: string; readonly name: string }): FakeVolume {
    return need(this.volumes, `${pool}/${name}`, { code: codes.noVolume, what: "Storage volume" });
  }

  #secret(uuid: string): FakeSecret {
    return need(this.secrets, uuid, { code: codes.noSecret, what: "Secret" });
  }

  #interface(name: string): { readonly name: string; xml: string; active: boolean } {
    return need(this.interfaces, name, { code: codes.noInterface, what: "Interface" });
  }

  #device(name: string): FakeDevice {
    return need(this.devices, name, { code: codes.noDevice, what: "Node device" });
  }

  #filter(uuid: string): { readonly name: string; readonly uuid: string; xml: string } {
    return need(this.filters, uuid, { code: codes.noFilter, what: "Network filter" });
  }

  #binding(portdev: string): { readonly portdev: string; readonly filtername: string; readonly xml: string } {
    return need(this.bindings, portdev, { code: codes.noBinding, what: "Network filter binding" });
  }

  #port(network: { readonly uuid: string }, uuid: string): { readonly uuid: string; readonly xml: string } {
    return need(this.ports, `${network.uuid}/${uuid}`, { code: codes.noPort, what: "Network port" });
  }

  #moment(kind: "snapshots" | "checkpoints", { dom, name }: {
    readonly dom: { readonly uuid: string };
    readonly name: string;
  }): FakeMoment {
    const code = kind === "snapshots" ? codes.noSnapshot : codes.noCheckpoint;
    return need(this[kind], `${dom.uuid}/${name}`, { code, what: kind });
  }

  #momentsOf(kind: "snapshots" | "checkpoints", { uuid }: { readonly uuid: string }): FakeMoment[] {
    return [...this[kind]].filter(([key]) => key.startsWith(`${uuid}/`)).map(([, moment]) => moment);
  }

  /** Deletes a moment; what was taken after it moves to its parent. */
  #deleteMoment(
    kind: "snapshots" | "checkpoints",
    { dom, name }: { readonly dom: { readonly uuid: string }; readonly name: string },
    flags: number,
  ): void {
    const moment = this.#moment(kind, { dom, name });
    const children = this.#momentsOf(kind, dom).filter(({ parent }) => parent === name);
    for (const child of children) {
      if ((flags & 5) !== 0) this.#deleteMoment(kind, { dom, name: child.name }, 1);
      else this[kind].set(`${dom.uuid}/${child.name}`, { ...child, parent: moment.parent });
    }
    if ((flags & 4) === 0) this[kind].delete(`${dom.uuid}/${name}`);
  }

  #printed({ name, parent, xml }: FakeMoment): string {
    const above = parent === undefined ? "" : `<parent><name>${parent}</name></parent>`;
    return xml.replace(/<\/domain(snapshot|checkpoint)>$/, `${above}<state>running</state></domain$1>`)
      .replace(/<name>[^<]*<\/name>/, `<name>${name}</name><creationTime>1700000000</creationTime>`);
  }

  #takeMoment(
    kind: "snapshots" | "checkpoints",
    { dom, xmlDesc, flags }: {
      readonly dom: { readonly uuid: string };
      readonly xmlDesc: string;
      readonly flags: number;
    },
  ): FakeMoment {
    const name = tag(xmlDesc, "name");
    const key = `${dom.uuid}/${name}`;
    if (this[kind].has(key) && (flags & 1) === 0) {
      throw remoteFault(codes.failed, `operation failed: ${kind} '${name}' already exists`);
    }
    const last = this.#momentsOf(kind, dom).at(-1)?.name;
    const parent = kind === "snapshots" ? this.current.get(dom.uuid) : last;
    const made = { name, parent, xml: xmlDesc };
    this[kind].set(key, made);
    if (kind === "snapshots") this.current.set(dom.uuid, name);
    return made;
  }

  readonly #objects: Handlers = {
    connectSupportsFeature: ({ feature }) => ({ supported: feature === 16 && this.updatesInOrder ? 1 : 0 }),

    connectListAllNetworks: ({ flags }) => {
      const nets = this.#list(this.networks, flags);
      return { nets, ret: nets.length };
    },
    networkLookupByUuid: ({ uuid }) => ({ net: this.#network(uuid) }),
    networkLookupByName: ({ name }) => {
      const net = [...this.networks.values()].find((each) => each.name === name);
      if (net === undefined) throw remoteFault(codes.noNetwork, `Network not found: '${name}'`);
      return { net };
    },
    networkIsActive: ({ net }) => ({ active: this.#network(net.uuid).active ? 1 : 0 }),
    networkIsPersistent: ({ net }) => ({ persistent: this.#network(net.uuid).config === undefined ? 0 : 1 }),
    networkGetXmlDesc: ({ net }) => ({ xml: this.#network(net.uuid).config ?? `<network/>` }),
    networkGetAutostart: ({ net }) => ({ autostart: this.#network(net.uuid).autostart ? 1 : 0 }),
    networkGetBridgeName: ({ net }) => ({ name: `br-${net.name}` }),
    networkDefineXml: ({ xml }) => ({ net: this.#runnable(this.networks, xml, { active: false }) }),
    networkCreateXml: ({ xml }) => ({ net: this.#runnable(this.networks, xml, { active: true }) }),
    networkCreate: ({ net }) => void this.#start(this.networks, net.uuid),
    networkDestroy: ({ net }) => void this.#stop(this.networks, net.uuid),
    networkUndefine: ({ net }) => void this.#undefine(this.networks, net.uuid),
    networkSetAutostart: ({ net, autostart }) => {
      this.#network(net.uuid).autostart = autostart === 1;
    },
    networkUpdate: ({ net, command, section, xml }) => {
      this.updates.push(`${command} ${section}`);
      const network = this.#network(net.uuid);
      network.config = network.config?.includes("<dhcp>") === true
        ? network.config.replace("</dhcp>", `${xml}</dhcp>`)
        : network.config?.replace("</ip>", `<dhcp>${xml}</dhcp></ip>`);
    },

    networkListAllPorts: ({ network }) => {
      const ports = [...this.ports.values()].filter((port) => port.network === network.uuid)
        .map(({ uuid }) => ({ net: network, uuid }));
      return { ports, ret: ports.length };
    },
    networkPortLookupByUuid: ({ network, uuid }) => {
      this.#port(network, uuid);
      return { port: { net: network, uuid } };
    },
    networkPortCreateXml: ({ network, xml }) => {
      const uuid = tag(xml, "uuid");
      this.ports.set(`${network.uuid}/${uuid}`, { network: network.uuid, uuid, xml });
      return { port: { net: network, uuid } };
    },
    networkPortGetXmlDesc: ({ port: { net, uuid } }) => ({ xml: this.#port(net, uuid).xml }),
    networkPortDelete: ({ port: { net, uuid } }) => {
      this.#port(net, uuid);
      this.ports.delete(`${net.uuid}/${uuid}`);
    },
    networkPortGetParameters: ({ port }) => {
      const set = [...this.limits.get(port.uuid) ?? []];
      const params = set.map(([field, value]) => ({ field, value: { kind: 2 as const, value } }));
      return { params, nparams: 0 };
    },
    networkPortSetParameters: ({ port, params }) => {
      this.limits.set(port.uuid, new Map(params.map(({ field, value }) => [field, Number(value.value)])));
    },

    connectListAllStoragePools: ({ flags }) => {
      const pools = this.#list(this.pools, flags);
      return { pools, ret: pools.length };
    },
    storagePoolLookupByUuid: ({ uuid }) => ({ pool: this.#pool(uuid) }),
    storagePoolLookupByName: ({ name }) => {
      const pool = [...this.pools.values()].find((each) => each.name === name);
      if (pool === undefined) throw remoteFault(codes.noPool, `Storage pool not found: '${name}'`);
      return { pool };
    },
    storagePoolIsActive: ({ pool }) => ({ active: this.#pool(pool.uuid).active ? 1 : 0 }),
    storagePoolIsPersistent: ({ pool }) => ({
      persistent: this.#pool(pool.uuid).config === undefined ? 0 : 1,
    }),
    storagePoolGetXmlDesc: ({ pool }) => ({ xml: this.#pool(pool.uuid).config ?? "<pool type='dir'/>" }),
    storagePoolGetAutostart: ({ pool }) => ({ autostart: this.#pool(pool.uuid).autostart ? 1 : 0 }),
    storagePoolDefineXml: ({ xml }) => ({ pool: this.#runnable(this.pools, xml, { active: false }) }),
    storagePoolCreateXml: ({ xml }) => ({ pool: this.#runnable(this.pools, xml, { active: true }) }),
    storagePoolCreate: ({ pool }) => void this.#start(this.pools, pool.uuid),
    storagePoolDestroy: ({ pool }) => void this.#stop(this.pools, pool.uuid),
    storagePoolUndefine: ({ pool }) => void this.#undefine(this.pools, pool.uuid),
    storagePoolBuild: ({ pool }) => void this.#pool(pool.uuid),
    storagePoolDelete: ({ pool }) => void this.#pool(pool.uuid),
    storagePoolRefresh: ({ pool }) => void this.#pool(pool.uuid),
    storagePoolSetAutostart: ({ pool, autostart }) => {
      this.#pool(pool.uuid).autostart = autostart === 1;
    },

    storagePoolListAllVolumes: ({ pool }) => {
      const vols = [...this.volumes.values()].filter((vol) => vol.pool === pool.name);
      return { vols, ret: vols.length };
    },
    storageVolLookupByName: ({ pool, name }) => ({ vol: this.#volume({ pool: pool.name, name }) }),
    storageVolGetXmlDesc: ({ vol }) => {
      const { name, key, capacity } = this.#volume(vol);
      return {
        xml:
          `<volume type='file'><name>${name}</name><key>${key}</key><capacity unit='bytes'>${capacity}</capacity>` +
          `<allocation unit='bytes'>0</allocation><target><path>${key}</path><format type='raw'/></target></volume>`,
      };
    },
    storageVolCreateXml: ({ pool, xml }) => {
      const name = tag(xml, "name");
      const vol = {
        pool: pool.name,
        name,
        key: `/${pool.name}/${name}`,
        capacity: Number(tag(xml, "capacity")),
        busy: false,
      };
      if (this.volumes.has(`${pool.name}/${name}`)) {
        throw remoteFault(90, `storage volume '${name}' exists already`);
      }
      this.volumes.set(`${pool.name}/${name}`, vol);
      return { vol };
    },
    storageVolResize: ({ vol, capacity, flags }) => {
      const found = this.#volume(vol);
      if (found.busy) {
        throw remoteFault(
          codes.invalid,
          `Requested operation is not valid: volume '${vol.name}' is still in use.`,
        );
      }
      if (Number(capacity) < found.capacity && (flags & 4) === 0) {
        throw remoteFault(8, "Invalid argument: Can't shrink capacity below current capacity");
      }
      found.capacity = Number(capacity);
    },
    storageVolDelete: ({ vol }) => {
      this.#volume(vol);
      this.volumes.delete(`${vol.pool}/${vol.name}`);
    },

    connectListAllSecrets: () => {
      const secrets = [...this.secrets.values()];
      return { secrets, ret: secrets.length };
    },
    secretLookupByUuid: ({ uuid }) => ({ secret: this.#secret(uuid) }),
    secretGetXmlDesc: ({ secret }) => ({ xml: this.#secret(secret.uuid).xml }),
    secretDefineXml: ({ xml }) => {
      const uuid = tag(xml, "uuid");
      const secret = {
        uuid,
        usageType: 1,
        usageID: tag(xml, "volume"),
        xml,
        value: this.secrets.get(uuid)?.value,
      };
      this.secrets.set(uuid, secret);
      return { secret };
    },
    secretUndefine: ({ secret }) => {
      this.#secret(secret.uuid);
      this.secrets.delete(secret.uuid);
    },
    secretSetValue: ({ secret, value }) => {
      this.#secret(secret.uuid).value = value;
    },
    secretGetValue: ({ secret }) => {
      const { value, xml } = this.#secret(secret.uuid);
      if (xml.includes("private='yes'")) throw remoteFault(65, "Invalid secret: secret is private");
      if (value === undefined) {
        throw remoteFault(codes.noSecret, "Secret not found: it does not have a value");
      }
      return { value };
    },

    connectListAllInterfaces: ({ flags }) => {
      const ifaces = [...this.interfaces.values()].filter(({ active }) => (flags & 2) === 0 || active)
        .map(({ name }) => ({ name, mac: "" }));
      return { ifaces, ret: ifaces.length };
    },
    interfaceLookupByName: ({ name }) => ({ iface: { name: this.#interface(name).name, mac: "" } }),
    interfaceIsActive: ({ iface }) => ({ active: this.#interface(iface.name).active ? 1 : 0 }),
    interfaceGetXmlDesc: ({ iface }) => ({ xml: this.#interface(iface.name).xml }),
    interfaceDefineXml: ({ xml }) => {
      const name = attribute(xml, "interface", "name");
      this.interfaces.set(name, { name, xml, active: this.interfaces.get(name)?.active ?? false });
      return { iface: { name, mac: "" } };
    },
    interfaceCreate: ({ iface }) => {
      this.#interface(iface.name).active = true;
    },
    interfaceDestroy: ({ iface }) => {
      this.#interface(iface.name).active = false;
    },
    interfaceUndefine: ({ iface }) => {
      this.#interface(iface.name);
      this.interfaces.delete(iface.name);
    },
    interfaceChangeBegin: () => undefined,

    connectListAllNodeDevices: ({ flags }) => {
      const devices = [...this.devices.values()].filter(({ active }) => (flags >>> 31) === 0 || active)
        .map(({ name }) => ({ name }));
      return { devices, ret: devices.length };
    },
    nodeDeviceLookupByName: ({ name }) => ({ dev: { name: this.#device(name).name } }),
    nodeDeviceIsActive: ({ name }) => ({ active: this.#device(name).active ? 1 : 0 }),
    nodeDeviceIsPersistent: ({ name }) => ({ persistent: this.#device(name).persistent ? 1 : 0 }),
    nodeDeviceGetAutostart: ({ name }) => ({ autostart: this.#device(name).autostart ? 1 : 0 }),
    nodeDeviceGetXmlDesc: ({ name }) => ({ xml: this.#device(name).xml }),
    nodeDeviceDefineXml: ({ xmlDesc }) => ({ dev: this.#mediated(xmlDesc, { persistent: true }) }),
    nodeDeviceCreateXml: ({ xmlDesc }) => ({ dev: this.#mediated(xmlDesc, { active: true }) }),
    nodeDeviceCreate: ({ name }) => {
      this.#device(name).active = true;
    },
    nodeDeviceDestroy: ({ name }) => {
      const device = this.#device(name);
      device.active = false;
      if (!device.persistent) this.devices.delete(name);
    },
    nodeDeviceUndefine: ({ name }) => {
      const device = this.#device(name);
      device.persistent = false;
      if (!device.active) this.devices.delete(name);
    },
    nodeDeviceSetAutostart: ({ name, autostart }) => {
      this.#device(name).autostart = autostart === 1;
    },
    nodeDeviceDetachFlags: ({ name }) => {
      this.#device(name).xml = "<device><driver><name>vfio-pci</name></driver></device>";
    },
    nodeDeviceReAttach: ({ name }) => {
      this.#device(name).xml = "<device><driver><name>e1000e</name></driver></device>";
    },

    connectListAllNwfilters: () => {
      const filters = [...this.filters.values()];
      return { filters, ret: filters.length };
    },
    nwfilterLookupByUuid: ({ uuid }) => ({ nwfilter: this.#filter(uuid) }),
    nwfilterLookupByName: ({ name }) => {
      const nwfilter = [...this.filters.values()].find((each) => each.name === name);
      if (nwfilter === undefined) throw remoteFault(codes.noFilter, `Network filter not found: '${name}'`);
      return { nwfilter };
    },
    nwfilterGetXmlDesc: ({ nwfilter }) => ({ xml: this.#filter(nwfilter.uuid).xml }),
    nwfilterDefineXml: ({ xml }) => {
      const nwfilter = { name: attribute(xml, "filter", "name"), uuid: tag(xml, "uuid"), xml };
      this.filters.set(nwfilter.uuid, nwfilter);
      return { nwfilter };
    },
    nwfilterUndefine: ({ nwfilter }) => {
      this.#filter(nwfilter.uuid);
      this.filters.delete(nwfilter.uuid);
    },
    connectListAllNwfilterBindings: () => {
      const bindings = [...this.bindings.values()];
      return { bindings, ret: bindings.length };
    },
    nwfilterBindingLookupByPortDev: ({ name }) => ({ nwfilter: this.#binding(name) }),
    nwfilterBindingGetXmlDesc: ({ nwfilter }) => ({ xml: this.#binding(nwfilter.portdev).xml }),
    nwfilterBindingCreateXml: ({ xml }) => {
      const nwfilter = {
        portdev: attribute(xml, "portdev", "name"),
        filtername: attribute(xml, "filterref", "filter"),
        xml,
      };
      this.bindings.set(nwfilter.portdev, nwfilter);
      return { nwfilter };
    },
    nwfilterBindingDelete: ({ nwfilter }) => {
      this.#binding(nwfilter.portdev);
      this.bindings.delete(nwfilter.portdev);
    },

    domainListAllSnapshots: ({ dom }) => {
      const snapshots = this.#momentsOf("snapshots", dom).map(({ name }) => ({ name, dom }));
      return { snapshots, ret: snapshots.length };
    },
    domainSnapshotLookupByName: ({ dom, name }) => ({
      snap: { name: this.#moment("snapshots", { dom, name }).name, dom },
    }),
    domainSnapshotGetXmlDesc: ({ snap }) => ({ xml: this.#printed(this.#moment("snapshots", snap)) }),
    domainSnapshotCurrent: ({ dom }) => {
      const name = this.current.get(dom.uuid);
      if (name === undefined) {
        throw remoteFault(codes.noSnapshot, "Domain snapshot not found: there is no current one");
      }
      return { snap: { name, dom } };
    },
    domainSnapshotIsCurrent: ({ snap }) => {
      this.#moment("snapshots", snap);
      return { current: this.current.get(snap.dom.uuid) === snap.name ? 1 : 0 };
    },
    domainSnapshotNumChildren: ({ snap }) => ({
      num: this.#momentsOf("snapshots", snap.dom).filter(({ parent }) => parent === snap.name).length,
    }),
    domainSnapshotCreateXml: ({ dom, xmlDesc, flags }) => ({
      snap: { name: this.#takeMoment("snapshots", { dom, xmlDesc, flags }).name, dom },
    }),
    domainRevertToSnapshot: ({ snap }) => {
      this.#moment("snapshots", snap);
      this.current.set(snap.dom.uuid, snap.name);
      const domain = this.domains.get(snap.dom.uuid);
      // Running, from a snapshot. Source: libvirt, virDomainRunningReason.
      if (domain !== undefined) Object.assign(domain, { state: 1, reason: 4 });
    },
    domainSnapshotDelete: ({ snap, flags }) => void this.#deleteMoment("snapshots", snap, flags),

    domainGetJobStats: ({ flags }) => {
      const job = (flags & 1) === 1 ? this.lastJob : this.job;
      if (job === undefined) return { type: 0, params: [] };
      const { type, operation, processed = 0, total = 0, errmsg } = job;
      return {
        type,
        params: [
          { field: "operation", value: { kind: 1, value: operation } },
          { field: "disk_processed", value: { kind: 4, value: BigInt(processed) } },
          { field: "disk_total", value: { kind: 4, value: BigInt(total) } },
          ...(errmsg === undefined ? [] : [{ field: "errmsg", value: { kind: 7 as const, value: errmsg } }]),
        ],
      };
    },
    domainBackupBegin: () => {
      this.job = this.jobAfterBegin;
    },
    domainAbortJob: () => {
      this.job = undefined;
      this.lastJob = { type: 5, operation: 9 };
    },

    domainListAllCheckpoints: ({ dom }) => {
      const checkpoints = this.#momentsOf("checkpoints", dom).map(({ name }) => ({ name, dom }));
      return { checkpoints, ret: checkpoints.length };
    },
    domainCheckpointLookupByName: ({ dom, name }) => ({
      checkpoint: { name: this.#moment("checkpoints", { dom, name }).name, dom },
    }),
    domainCheckpointGetXmlDesc: ({ checkpoint }) => ({
      xml: this.#printed(this.#moment("checkpoints", checkpoint)),
    }),
    domainCheckpointCreateXml: ({ dom, xmlDesc, flags }) => ({
      checkpoint: { name: this.#takeMoment("checkpoints", { dom, xmlDesc, flags }).name, dom },
    }),
    domainCheckpointDelete: ({ checkpoint, flags }) =>
      void this.#deleteMoment("checkpoints", checkpoint, flags),
  };

  #mediated(
    xml: string,
    { active = false, persistent = false }: { readonly active?: boolean; readonly persistent?: boolean },
  ): FakeDevice {
    const name = `mdev_${tag(xml, "uuid").replaceAll("-", "_")}_0000_00_02_0`;
    const known = this.devices.get(name);
    const device = {
      name,
      xml,
      active: active || known?.active === true,
      persistent: persistent || known?.persistent === true,
      autostart: known?.autostart ?? false,
    };
    this.devices.set(name, device);
    return device;
  }
}

/** Procedures that change the world. */
const changing =
  /(Create|CreateXml|DefineXml|Define|Undefine|Destroy|Delete|SetAutostart|Update|SetParameters|Build|Refresh|Resize|SetValue|Flags|ReAttach|ToSnapshot|Begin)$/;
