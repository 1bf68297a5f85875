/**
 * The test driver: which hypervisor a URI leads to.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { VirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { Driver, DriverConnection, DriverEnvironment } from "../../runtime/driver.ts";
import { driverName, TestConnection } from "./connection.ts";
import { Faults, FaultyLink } from "./faulty_link.ts";
import { implementations } from "./implementations.ts";
import { InProcessLink, type Link } from "./link.ts";
import { type FaultRule, settingsIn, type TestSettings } from "./settings.ts";
import { SocketLink } from "./socket_link.ts";
import { defaultHost } from "./world/default_host.ts";
import { type EffectLine, Hypervisor } from "./world/hypervisor.ts";
import { MemoryStore } from "./world/memory_store.ts";
import { readNodeFile } from "./world/node_file.ts";
import type { Change } from "./world/record.ts";

/** A hypervisor in memory. */
interface InMemory {
  readonly hypervisor: Hypervisor;
  readonly store: MemoryStore;
  readonly bootId: string;
}

/** One that all connections of this process share, as long as one is open. */
interface Shared extends InMemory {
  users: number;
}

const shared = new Map<string, Shared>();

/** A UUID that follows from a text: the same host has the same one each time. Source: RFC 9562, version 8. */
function uuidOf(text: string): string {
  const digits = createHash("sha256").update(text).digest("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

function inMemory(content: readonly Change[], { clock }: DriverEnvironment): InMemory {
  const store = new MemoryStore(content);
  return { store, hypervisor: new Hypervisor(store), bootId: clock.uuid() };
}

function linkTo(
  world: InMemory,
  environment: DriverEnvironment,
  { hostId, onClose = (): void => {} }: { readonly hostId?: string; readonly onClose?: () => void },
): Link {
  const { clock, stateDirectory } = environment;
  return new InProcessLink({
    hypervisor: world.hypervisor,
    ...(hostId === undefined ? {} : { hostId }),
    bootId: world.bootId,
    owner: stateDirectory ?? clock.uuid(),
    now: () => clock.now(),
    onClose,
  });
}

/** `test:///default`: one host per process, and one more for each name given with `host=`. */
function openShared(name: string, environment: DriverEnvironment): Link {
  const known = shared.get(name) ?? {
    ...inMemory(defaultHost(uuidOf(`test host ${name}`), environment.clock.now()), environment),
    users: 0,
  };
  shared.set(name, known);
  known.users++;
  return linkTo(known, environment, {
    onClose: () => {
      if (--known.users === 0) shared.delete(name);
    },
  });
}

/** `test:///path.xml`: a host of one's own, which nobody shares. */
function openFile(path: string, environment: DriverEnvironment): Link {
  const content = readNodeFile(path, { uuid: uuidOf(`test file ${path}`), now: environment.clock.now() });
  const world = inMemory(content, environment);
  // Whoever opens the file too has a host of his own, with the same UUID: neither waits for what the other does.
  return linkTo(world, environment, { hostId: world.bootId });
}

/** `test:///default?state=DIRECTORY`: a hypervisor that is a process of its own. */
async function openDirectory(
  directory: string,
  { nodeFile, environment }: { readonly nodeFile?: string; readonly environment: DriverEnvironment },
): Promise<Link> {
  const { clock, stateDirectory, signal } = environment;
  if (!directory.startsWith("/")) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use the state directory "${directory}": its path must be absolute`,
    );
  }
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  return await SocketLink.open({
    directory: Deno.realPathSync(directory),
    ...(nodeFile === undefined ? {} : { nodeFile }),
    owner: stateDirectory ?? clock.uuid(),
    clock,
  }, signal);
}

async function open(uri: ConnectionUri, environment: DriverEnvironment): Promise<Link> {
  const { path, parameters, text } = uri;
  if (path === "" || path === "/" || uri.host !== undefined) {
    throw new VirtError("invalid-argument", `Cannot connect to "${text}": it names no host`, {
      hint: "Use test:///default, or test:///path/of/a/node-file.xml",
    });
  }
  const nodeFile = path === "/default" ? undefined : path;
  const state = parameters.get("state");
  if (state !== undefined) {
    return await openDirectory(state, { environment, ...(nodeFile === undefined ? {} : { nodeFile }) });
  }
  if (nodeFile !== undefined) return openFile(nodeFile, environment);
  return openShared(parameters.get("host") ?? "default", environment);
}

/** What a test driver is made with. Settings in a URI are added to these. */
export interface TestDriverOptions extends Partial<Omit<TestSettings, "faults">> {
  /** Rules, or faults that can be armed and disarmed while a connection is open. */
  readonly faults?: Faults | readonly FaultRule[];
}

/** A test driver with settings of its own. */
export function createTestDriver(options: TestDriverOptions = {}): Driver {
  const { faults = [], ...given } = options;
  return {
    name: driverName,
    schemes: [driverName],
    // What has a transport or a host leads to somebody's libvirtd.
    serves: ({ driver, transport, host }) =>
      driver === driverName && transport === undefined && host === undefined,
    async connect(uri, environment): Promise<DriverConnection> {
      const inUri = settingsIn(uri);
      const own = faults instanceof Faults ? faults : new Faults(faults);
      for (const rule of inUri.faults) own.add(rule);
      const settings: TestSettings = {
        ...inUri,
        ...given,
        latency: [...inUri.latency, ...(given.latency ?? [])],
      };
      const link = await open(uri, environment);
      return new TestConnection({
        uri,
        environment,
        link: new FaultyLink({ link, settings, faults: own, clock: environment.clock }),
        settings,
        implementations,
      });
    },
  };
}

/** The test driver: simulated hosts, with libvirt's test driver's content where nothing else is said. */
export const testDriver: Driver = createTestDriver();

/** What really happened on a shared host in memory, in order. */
export function effectsOn(host = "default"): readonly EffectLine[] {
  return shared.get(host)?.store.log ?? [];
}
