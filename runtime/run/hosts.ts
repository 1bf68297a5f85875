/**
 * The connections of a run: opened when its recipe has said which it needs, and checked against the record on a resume.
 *
 * @module
 */
import type { HostName, LostHost } from "../../model/channel.ts";
import { isVirtError, toErrorData, VirtError } from "../../model/error.ts";
import type { Clock } from "../clock.ts";
import type { DriverConnection } from "../driver.ts";
import type { RunHost, RunRecord } from "../journal/record.ts";

/**
 * Opens the connections that a recipe names.
 *
 * @throws {VirtError} `invalid-argument` where one was not given; whatever connecting fails with.
 */
export async function connectHosts(
  names: readonly string[],
  { hosts, connect }: {
    readonly hosts: readonly RunHost[];
    readonly connect: (uri: string) => Promise<DriverConnection>;
  },
): Promise<ReadonlyMap<string, DriverConnection>> {
  const connections = new Map<string, DriverConnection>();
  for (const name of names) {
    const given = hosts.find((host) => host.name === name);
    if (given === undefined) throw notGiven(name, hosts);
    connections.set(name, await connect(given.uri));
  }
  return connections;
}

/** What came of opening connections of which some may fail. */
export interface Reached {
  readonly connections: ReadonlyMap<string, DriverConnection>;
  /** Those that could not be opened, with the cause. */
  readonly lost: readonly LostHost[];
}

/**
 * Opens those connections of a recipe that can be opened, all at once. On a resume one that was open when the run began must
 * open again, since what the recipe holds is there; what the run began without it goes on without.
 *
 * @throws {VirtError} `invalid-argument` where one was not given; what connecting fails with where one is needed, or where
 *   it is not the host that cannot be reached.
 */
export async function connectReachable(
  names: readonly string[],
  { hosts, connect }: {
    readonly hosts: readonly RunHost[];
    readonly connect: (uri: string) => Promise<DriverConnection>;
  },
): Promise<Reached> {
  const connections = new Map<string, DriverConnection>();
  const lost = new Map<string, LostHost>();
  await Promise.all(names.map(async (name) => {
    const given = hosts.find((host) => host.name === name);
    if (given === undefined) throw notGiven(name, hosts);
    if (given.lost !== undefined) {
      lost.set(name, { name, uri: given.uri, message: given.lost });
      return;
    }
    try {
      connections.set(name, await connect(given.uri));
    } catch (error) {
      if (given.host !== undefined || !isVirtError(error, "unreachable")) throw error;
      lost.set(name, { name, uri: given.uri, message: toErrorData(error).message });
    }
  }));
  // In the order in which they were given, whoever answered first.
  return {
    connections: new Map(
      names.flatMap((name) => {
        const connection = connections.get(name);
        return connection === undefined ? [] : [[name, connection] as const];
      }),
    ),
    lost: names.flatMap((name) => lost.get(name) ?? []),
  };
}

/** How long the first enumeration of a host may take, in milliseconds. */
const enumerationMs = 60_000;

/**
 * Waits until everything on the hosts is known. Who has references from before a resume looks nothing up that would wait.
 *
 * @throws {VirtError} `timed-out`; what the enumeration failed with; the signal's reason.
 */
export async function enumerated(
  connections: Iterable<DriverConnection>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = clock.now() + enumerationMs;
  await Promise.all([...connections].map(({ ready }) => ready.wait({ clock, deadline, signal })));
}

/** The connections as the journal keeps them; those that were given and not needed stay as they are. */
export function connectedHosts(
  hosts: readonly RunHost[],
  { connections, lost }: Reached,
): readonly RunHost[] {
  return hosts.map((host) => {
    const connection = connections.get(host.name);
    const message = lost.find(({ name }) => name === host.name)?.message;
    if (message !== undefined) return { ...host, lost: message };
    if (connection === undefined) return host;
    const { bootId } = connection;
    return { ...host, host: connection.host, ...(bootId === undefined ? {} : { bootId }) };
  });
}

/**
 * Refuses to go on against a host that is another one, or has lost its state.
 *
 * @throws {VirtError} `changed-outside`
 */
export function refuseOtherHosts(
  { id, hosts }: Pick<RunRecord, "id" | "hosts">,
  connections: ReadonlyMap<string, DriverConnection>,
): void {
  for (const { name, uri, host, bootId } of hosts) {
    const connection = connections.get(name);
    if (connection === undefined) continue;
    if (host !== undefined && host !== connection.host) {
      throw new VirtError(
        "changed-outside",
        `Cannot resume the run: "${uri}" leads to another host than before`,
      );
    }
    if (bootId !== connection.bootId && host !== undefined) {
      throw new VirtError("changed-outside", `Cannot resume the run: "${uri}" has lost its state since`, {
        hint: `Give the run up with: drover runs abandon ${id}`,
      });
    }
  }
}

/** The connections as a recipe is told of them. */
export function hostNames(connections: ReadonlyMap<string, DriverConnection>): readonly HostName[] {
  return [...connections].map(([name, { uri, driver, host, self, implementations }]) => ({
    name,
    uri: uri.text,
    driver,
    host,
    ref: { ...self.ref(name), $ref: "connection" },
    supports: Object.keys(implementations),
  }));
}

function notGiven(name: string, hosts: readonly RunHost[]): VirtError {
  const given = hosts.map((host) => `"${host.name}"`).join(", ");
  return new VirtError(
    "invalid-argument",
    `Cannot run the recipe: it needs a connection "${name}", and was given ${given === "" ? "none" : given}`,
    { hint: `Give it with: -c ${name}=URI` },
  );
}
