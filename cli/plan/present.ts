/**
 * What a connection has at present, as content for the simulated hypervisor.
 *
 * @module
 */
import PQueue from "p-queue";
import type { Control } from "../../runtime/control/control.ts";
import type {
  HostContent,
  SimulatedDomain,
  SimulatedNetwork,
  SimulatedPool,
  SimulatedSecret,
  SimulatedSnapshot,
  SimulatedVolume,
} from "../../testing/mod.ts";
import type { Askers } from "../live/prompter.ts";

type Item = Readonly<Record<string, unknown>>;

const gibibyte = 2 ** 30;

/** Requests that are open at once: a host may have thousands of domains, and a kernel takes so many at a time. */
const concurrency = 32;

/** What a connection has, and what it says of itself. */
export interface Present {
  readonly content: HostContent;
  /** A <capabilities> document; absent where the connection has none. */
  readonly capabilities?: string;
}

/** The grants with which the present is read: none of them has a verb that changes anything. */
export const readOnlyGrants: readonly string[] = [
  "connect:getattr,read,search_domains,search_networks,search_storage_pools,search_secrets",
  "domain:getattr,read",
  "network:getattr,read",
  "storage_pool:getattr,read,search_storage_vols",
  "storage_vol:getattr,read",
  "secret:getattr,read",
];

/** What is read, and whom to ask for a password meanwhile. */
export interface PresentOptions extends Pick<Askers, "askCredentials"> {
  readonly uri: string;
  readonly signal: AbortSignal;
}

/** Reads everything that the driver can tell. What it does not support is left out. */
export async function presentContent(control: Control, options: PresentOptions): Promise<Present> {
  const reader = new Reader(control, options);
  // The first one connects, and fails where nobody can.
  await reader.connect();
  const [domains, networks, pools, secrets, capabilities] = await Promise.all([
    domainsOf(reader),
    networksOf(reader),
    poolsOf(reader),
    secretsOf(reader),
    reader.value("connection.capabilities"),
  ]);
  const content = { domains, networks, pools, secrets };
  return typeof capabilities === "string" ? { content, capabilities } : { content };
}

/** Asks for what is there. */
class Reader {
  readonly #control: Control;
  readonly #options: PresentOptions;
  readonly #queue = new PQueue({ concurrency });

  constructor(control: Control, options: PresentOptions) {
    this.#control = control;
    this.#options = options;
  }

  /** @throws {VirtError} what connecting fails with. */
  async connect(): Promise<void> {
    await this.value("connection.info");
  }

  async value(
    operation: string,
    target: readonly string[] = [],
    input: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    const { uri, signal, askCredentials } = this.#options;
    const params = { operation, uri, target: [...target], input, grants: [...readOnlyGrants] };
    const outcome = await this.#queue.add(() =>
      this.#control.request("operation.call", params, {
        signal,
        ...(askCredentials === undefined ? {} : { askCredentials }),
      })
    );
    return outcome.kind === "done" ? outcome.value : undefined;
  }

  async list(operation: string, target: readonly string[] = []): Promise<readonly Item[]> {
    const value = await this.value(operation, target);
    return Array.isArray(value) ? value.filter(isItem) : [];
  }
}

function isItem(value: unknown): value is Item {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string"
    ? value
    : isItem(value) && typeof value["xml"] === "string"
    ? value["xml"]
    : undefined;
}

function nameIn(item: Item, objectClass: string): string {
  const ref = item[objectClass];
  return isItem(ref) && typeof ref["name"] === "string" ? ref["name"] : "";
}

function stateOf(state: unknown): "running" | "paused" | "shutoff" {
  if (state === "running" || state === "blocked") return "running";
  return state === "paused" || state === "pmsuspended" ? "paused" : "shutoff";
}

async function domainsOf(reader: Reader): Promise<SimulatedDomain[]> {
  const listed = await reader.list("domain.list");
  return await Promise.all(listed.map(async (entry): Promise<SimulatedDomain> => {
    const name = nameIn(entry, "domain");
    const runs = entry["id"] !== undefined;
    const [xml, live, snapshots] = await Promise.all([
      reader.value("domain.xml", [name], { inactive: entry["persistent"] !== false }),
      runs ? reader.value("domain.xml", [name]) : undefined,
      reader.list("snapshot.list", [name]),
    ]);
    const definition = textOf(xml);
    const liveXml = textOf(live);
    return {
      name,
      state: stateOf(entry["state"]),
      autostart: entry["autostart"] === true,
      transient: entry["persistent"] === false,
      snapshots: snapshots.map((each): SimulatedSnapshot => ({
        name: nameIn(each, "snapshot"),
        ...(typeof each["description"] === "string" ? { description: each["description"] } : {}),
      })),
      ...(liveXml === undefined ? {} : { liveXml }),
      ...(definition === undefined ? {} : { xml: definition }),
    };
  }));
}

async function networksOf(reader: Reader): Promise<SimulatedNetwork[]> {
  const listed = await reader.list("network.list");
  return await Promise.all(listed.map(async (entry): Promise<SimulatedNetwork> => {
    const name = nameIn(entry, "network");
    const active = entry["active"] === true;
    const [xml, liveXml] = await definitionsOf(reader, "network.xml", { name, active, entry });
    return {
      name,
      active,
      autostart: entry["autostart"] === true,
      ...(xml === undefined ? {} : { xml }),
      ...(liveXml === undefined ? {} : { liveXml }),
    };
  }));
}

async function poolsOf(reader: Reader): Promise<SimulatedPool[]> {
  const listed = await reader.list("pool.list");
  return await Promise.all(listed.map(async (entry): Promise<SimulatedPool> => {
    const name = nameIn(entry, "pool");
    const active = entry["state"] === "running";
    const [info, volumes, [xml, liveXml]] = await Promise.all([
      reader.value("pool.info", [name]),
      reader.list("volume.list", [name]),
      definitionsOf(reader, "pool.xml", { name, active, entry }),
    ]);
    const backings = new Map(
      await Promise.all(volumes.map(async (each) => {
        const volume = nameIn(each, "volume");
        const text = textOf(await reader.value("volume.xml", [name, volume])) ?? "";
        return [volume, /<backingStore>[\s\S]*?<path>([^<]*)<\/path>/.exec(text)?.[1]] as const;
      })),
    );
    const path = isItem(info) && typeof info["path"] === "string" ? info["path"] : undefined;
    const capacity = isItem(info) ? Number(info["capacityBytes"]) : NaN;
    return {
      name,
      active,
      autostart: entry["autostart"] === true,
      ...(xml === undefined ? {} : { xml }),
      ...(liveXml === undefined ? {} : { liveXml }),
      volumes: volumes.map((each): SimulatedVolume => ({
        name: nameIn(each, "volume"),
        ...backingOf(backings.get(nameIn(each, "volume"))),
        capacityGib: Number(each["capacityBytes"] ?? 0) / gibibyte,
        ...(typeof each["format"] === "string" ? { format: each["format"] } : {}),
      })),
      ...(path === undefined ? {} : { path }),
      ...(capacity > 0 ? { capacityGib: capacity / gibibyte } : {}),
    };
  }));
}

/** What is defined, and what is up, of something that can be both. */
async function definitionsOf(
  reader: Reader,
  operation: string,
  { name, active, entry }: { readonly name: string; readonly active: boolean; readonly entry: Item },
): Promise<readonly [string | undefined, string | undefined]> {
  const [xml, live] = await Promise.all([
    reader.value(operation, [name], { inactive: entry["persistent"] !== false }),
    active ? reader.value(operation, [name]) : undefined,
  ]);
  return [textOf(xml), textOf(live)];
}

function backingOf(path: string | undefined): Pick<SimulatedVolume, "backing"> {
  return path === undefined || path === "" ? {} : { backing: path };
}

async function secretsOf(reader: Reader): Promise<SimulatedSecret[]> {
  const listed = await reader.list("secret.list");
  const found = await Promise.all(listed.map(async (entry): Promise<SimulatedSecret[]> => {
    const usage = String(entry["usage"] ?? "");
    const xml = textOf(await reader.value("secret.xml", [nameIn(entry, "secret")]));
    if (xml === undefined) return [];
    return [{
      usage,
      xml,
      private: entry["private"] === true,
      ephemeral: entry["ephemeral"] === true,
      ...(typeof entry["hasValue"] === "boolean" ? { hasValue: entry["hasValue"] } : {}),
    }];
  }));
  return found.flat();
}
