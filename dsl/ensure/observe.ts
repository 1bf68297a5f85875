/**
 * Looking at what is there, for plans: ordinary reads, checked and journalled like any other.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type {
  DesiredData,
  DesiredDomain,
  DesiredNetwork,
  DesiredPool,
  DesiredSecret,
  DesiredSnapshot,
  DesiredVolume,
  Present,
} from "../../model/desired/mod.ts";
import { type Handle, objectsOf } from "../handle.ts";
import type { Domain } from "../handles.ts";

/** What was found. */
export interface Observed {
  readonly present: Present;
  /** The object; absent where it is not there. */
  readonly self?: Handle;
  /** What holds it, where something does. */
  readonly parent?: Handle;
}

/** Looks at what is there of an object. */
export function observe(host: Handle<"connection">, desired: DesiredData): Promise<Observed> {
  switch (desired.kind) {
    case "domain":
      return observeDomain(host, desired.spec);
    case "network":
      return observeNetwork(host, desired.spec);
    case "pool":
      return observePool(host, desired.spec);
    case "volume":
      return observeVolume(host, desired.spec);
    case "secret":
      return observeSecret(host, desired.spec);
    case "snapshot":
      return observeSnapshot(host, desired.spec);
  }
}

/** What a look-up finds; nothing where there is no such thing. */
export async function found<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}

async function observeDomain(
  host: Handle<"connection">,
  { name, uuid, state }: DesiredDomain,
): Promise<Observed> {
  const objects = objectsOf(host);
  const lookUp = (by: "name" | "uuid", text: string): Promise<Domain | undefined> =>
    found(objects.invoke("domain.lookup", host, { name: text, by }));
  const self = (uuid === undefined ? undefined : await lookUp("uuid", uuid)) ?? await lookUp("name", name);
  if (self === undefined) {
    if (state === "absent") return { present: {} };
    return { present: { capabilities: await objects.invoke("connection.capabilities", host, {}) } };
  }
  const info = await objects.invoke("domain.info", self, {});
  const isLive = info.id !== undefined;
  const [config, live] = await Promise.all([
    info.persistent ? objects.invoke("domain.xml", self, { inactive: true }) : undefined,
    isLive ? objects.invoke("domain.xml", self, {}) : undefined,
  ]);
  return {
    self,
    present: {
      persistent: info.persistent,
      autostart: info.autostart,
      ...(config === undefined ? {} : { config }),
      ...(live === undefined ? {} : { live }),
    },
  };
}

/** The definitions of something that is defined and may be active. */
async function definitions(
  { active, persistent, autostart }: {
    readonly active: boolean;
    readonly persistent: boolean;
    readonly autostart: boolean;
  },
  xml: (inactive: boolean) => Promise<string>,
): Promise<Present> {
  const [config, live] = await Promise.all([
    persistent ? xml(true) : undefined,
    active ? xml(false) : undefined,
  ]);
  return {
    persistent,
    autostart,
    ...(config === undefined ? {} : { config }),
    ...(live === undefined ? {} : { live }),
  };
}

async function observeNetwork(host: Handle<"connection">, { name }: DesiredNetwork): Promise<Observed> {
  const objects = objectsOf(host);
  const self = await found(objects.invoke("network.lookup", host, { name }));
  if (self === undefined) return { present: {} };
  const info = await objects.invoke("network.info", self, {});
  return {
    self,
    present: await definitions(info, (inactive) => objects.invoke("network.xml", self, { inactive })),
  };
}

async function observePool(host: Handle<"connection">, { name }: DesiredPool): Promise<Observed> {
  const objects = objectsOf(host);
  const self = await found(objects.invoke("pool.lookup", host, { name }));
  if (self === undefined) return { present: {} };
  const info = await objects.invoke("pool.info", self, {});
  const facts = { ...info, active: info.state !== "inactive" };
  return {
    self,
    present: await definitions(facts, (inactive) => objects.invoke("pool.xml", self, { inactive })),
  };
}

async function observeVolume(host: Handle<"connection">, { pool, name }: DesiredVolume): Promise<Observed> {
  const objects = objectsOf(host);
  const parent = await found(objects.invoke("pool.lookup", host, { name: pool }));
  const self = parent === undefined
    ? undefined
    : await found(objects.invoke("volume.lookup", parent, { name }));
  return {
    present: self === undefined ? {} : { config: await objects.invoke("volume.xml", self, {}) },
    ...(parent === undefined ? {} : { parent }),
    ...(self === undefined ? {} : { self }),
  };
}

async function observeSecret(
  host: Handle<"connection">,
  { usage, setValue }: DesiredSecret,
): Promise<Observed> {
  const objects = objectsOf(host);
  const self = await found(objects.invoke("secret.lookup", host, { name: usage.name }));
  if (self === undefined) return { present: {} };
  const [config, entries] = await Promise.all([
    objects.invoke("secret.xml", self, {}),
    setValue === "once" ? objects.invoke("secret.list", host, {}) : [],
  ]);
  const entry = entries.find(({ secret }) => secret.id === self.id);
  // Where the host does not tell without showing it, what is there counts as having one.
  return { self, present: { config, hasValue: entry?.hasValue ?? true } };
}

async function observeSnapshot(
  host: Handle<"connection">,
  { domain, name }: DesiredSnapshot,
): Promise<Observed> {
  const objects = objectsOf(host);
  const parent = await found(objects.invoke("domain.lookup", host, { name: domain, by: "name" }));
  const self = parent === undefined
    ? undefined
    : await found(objects.invoke("snapshot.lookup", parent, { name }));
  return {
    present: self === undefined ? {} : { config: await objects.invoke("snapshot.xml", self, {}) },
    ...(parent === undefined ? {} : { parent }),
    ...(self === undefined ? {} : { self }),
  };
}
