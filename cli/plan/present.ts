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
  SimulatedSnapshot,
  SimulatedVolume,
} from "../../testing/mod.ts";
import type { Askers } from "../live/prompter.ts";

type Item = Readonly<Record<string, unknown>>;

const gibibyte = 2 ** 30;

/** Requests that are open at once: a host may have thousands of domains, and a kernel takes so many at a time. */
const concurrency = 32;

/** What is read, and whom to ask for a password meanwhile. */
export interface PresentOptions extends Pick<Askers, "askCredentials"> {
  readonly uri: string;
  readonly signal: AbortSignal;
}

/** Reads everything that the driver can tell. What it does not support is left out. */
export async function presentContent(control: Control, options: PresentOptions): Promise<HostContent> {
  const reader = new Reader(control, options);
  // The first one connects, and fails where nobody can.
  await reader.connect();
  const [domains, networks, pools] = await Promise.all([
    domainsOf(reader),
    networksOf(reader),
    poolsOf(reader),
  ]);
  return { domains, networks, pools };
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

  async value(operation: string, target: readonly string[] = []): Promise<unknown> {
    const { uri, signal, askCredentials } = this.#options;
    const params = { operation, uri, target: [...target], input: {} };
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
    const [xml, snapshots] = await Promise.all([
      reader.value("domain.xml", [name]),
      reader.list("snapshot.list", [name]),
    ]);
    const definition = textOf(xml);
    return {
      name,
      state: stateOf(entry["state"]),
      autostart: entry["autostart"] === true,
      transient: entry["persistent"] === false,
      snapshots: snapshots.map((each): SimulatedSnapshot => ({ name: nameIn(each, "snapshot") })),
      ...(definition === undefined ? {} : { xml: definition }),
    };
  }));
}

async function networksOf(reader: Reader): Promise<SimulatedNetwork[]> {
  const listed = await reader.list("network.list");
  return await Promise.all(listed.map(async (entry): Promise<SimulatedNetwork> => {
    const name = nameIn(entry, "network");
    const xml = textOf(await reader.value("network.xml", [name]));
    return { name, active: entry["active"] === true, ...(xml === undefined ? {} : { xml }) };
  }));
}

async function poolsOf(reader: Reader): Promise<SimulatedPool[]> {
  const listed = await reader.list("pool.list");
  return await Promise.all(listed.map(async (entry): Promise<SimulatedPool> => {
    const name = nameIn(entry, "pool");
    const [info, volumes] = await Promise.all([
      reader.value("pool.info", [name]),
      reader.list("volume.list", [name]),
    ]);
    const path = isItem(info) && typeof info["path"] === "string" ? info["path"] : undefined;
    const capacity = isItem(info) ? Number(info["capacityBytes"]) : NaN;
    return {
      name,
      active: entry["state"] === "running",
      volumes: volumes.map((each): SimulatedVolume => ({
        name: nameIn(each, "volume"),
        capacityGib: Number(each["capacityBytes"] ?? 0) / gibibyte,
        ...(typeof each["format"] === "string" ? { format: each["format"] } : {}),
      })),
      ...(path === undefined ? {} : { path }),
      ...(capacity > 0 ? { capacityGib: capacity / gibibyte } : {}),
    };
  }));
}
