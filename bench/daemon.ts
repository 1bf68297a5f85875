/**
 * The daemon's test driver beside that of a real libvirtd: the same clients do the same work with both, in turn.
 *
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import { RunningDaemon } from "../tests/daemon/kit/running_daemon.ts";
import { RealHost } from "../tests/real/kit/host.ts";
import { unavailable } from "../tests/real/kit/requirements.ts";
import type { Benchmark, Measure } from "./measure.ts";
import { Peer, type Work } from "./peer.ts";
import { buildGolang, pathOf, uriOf } from "./remote.ts";

const python = "/usr/bin/python3";
const manyDomains = 10_000;
const warmUpDomains = 2_000;

/** Benchmarks with what they need, which ends with them. */
export interface DaemonBenchmarks extends AsyncDisposable {
  readonly benchmarks: readonly Benchmark[];
}

/** A daemon that is measured: where it is reached, and its process. */
interface Measured {
  readonly socket: string;
  readonly pid: number;
}

/** A daemon of ours as people start it, with what the task says about memory. */
function startOurs(): Promise<RunningDaemon> {
  const denoArgs = manifest.tasks.daemon.split(" ").filter((each) => each.startsWith("--v8-flags="));
  return RunningDaemon.start({ denoArgs });
}

/**
 * Round trips, lists and memory.
 *
 * @throws {Error} where a private libvirtd or a peer is not to be had, with the reason
 */
export async function daemonBenchmarks(directory: string): Promise<DaemonBenchmarks> {
  const reason = unavailable({ go: "golang-go" });
  if (reason !== undefined) throw new Error(`The benchmarks of the daemon cannot run here: ${reason}`);
  await using stack = new AsyncDisposableStack();
  const ours = stack.use(await startOurs());
  const theirs = stack.use(await RealHost.start());
  const golang = await buildGolang(directory);
  const start = {
    "libvirt-python": ({ socket }: Measured) =>
      new Peer(python, [pathOf("peers/libvirt_python.py"), uriOf({ socket, path: "/default" })]),
    "go-libvirt": ({ socket }: Measured) => new Peer(golang, [socket, "test:///default"]),
  };
  const pairs = Object.entries(start).map(([client, begin]) => ({
    client,
    ours: stack.use(begin(ours)),
    theirs: stack.use(begin(theirs)),
  }));
  const rates = pairs.flatMap(({ client, ours, theirs }): Benchmark[] => {
    const rate = (peer: Peer, work: Work): Measure => () => peer.callsPerSecond(work);
    const many = client === "go-libvirt";
    return (["hypervisor", "definition"] as const).flatMap((work): Benchmark[] => {
      const what = work === "hypervisor" ? "getVersion" : "a domain's XML";
      const beside = (name: string, each: Work, least: number): Benchmark => ({
        name: `${what} by ${client}, ${name}, per second`,
        unit: "1/s",
        ours: rate(ours, each),
        peer: { name: "libvirtd", measure: rate(theirs, each) },
        target: { what: `ratio at least ${least}`, met: ({ ratio }) => ratio >= least },
      });
      return [
        beside("one after the other", { work, count: 8_000, inFlight: 1 }, 1.3),
        ...(many ? [beside("8 clients", { work, count: 16_000, inFlight: 1, clients: 8 }, 1.3)] : []),
        beside("5 in flight", { work, count: 16_000, inFlight: 5 }, 1.2),
      ];
    });
  });
  const owned = stack.move();
  return {
    benchmarks: [...rates, ...listing(), growthByCalls(), ...growthByDomains()],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A client in Python of a daemon that nobody else uses, which goes with the daemon. */
async function alone<T>(
  daemon: Measured & AsyncDisposable,
  action: (client: Peer, daemon: Measured) => Promise<T>,
): Promise<T> {
  await using _daemon = daemon;
  await using client = new Peer(python, [
    pathOf("peers/libvirt_python.py"),
    uriOf({ socket: daemon.socket, path: "/default" }),
  ]);
  return await action(client, daemon);
}

/** What both do, each with a daemon of its own. */
function bySide(
  action: (client: Peer, daemon: Measured) => Promise<number>,
): Pick<Benchmark, "ours" | "peer" | "rounds" | "warmUp"> {
  return {
    ours: async () => await alone(await startOurs(), action),
    peer: { name: "libvirtd", measure: async () => await alone(await RealHost.start(), action) },
    rounds: 3,
    warmUp: 0,
  };
}

function listing(): readonly Benchmark[] {
  const defined: Work = { work: "define", count: manyDomains, inFlight: 1, bytes: 0 };
  return [{
    name: `${manyDomains} domains listed by libvirt-python`,
    unit: "ms",
    ...bySide(async (client) => {
      await client.seconds(defined);
      await client.seconds({ work: "list", count: 3, inFlight: 1 });
      return await client.seconds({ work: "list", count: 10, inFlight: 1 }) * 100;
    }),
    target: { what: "ratio at most 1", met: ({ ratio }) => ratio <= 1 },
  }];
}

function growthByCalls(): Benchmark {
  const calls = (count: number): Work => ({ work: "hypervisor", count, inFlight: 1 });
  return {
    name: "resident memory of the daemon that a million calls add, after a first two hundred thousand",
    unit: "MiB",
    ours: async () =>
      await alone(await startOurs(), async (client, { pid }) => {
        await client.seconds(calls(200_000));
        const before = residentKib(pid);
        await client.seconds(calls(1_000_000));
        return (residentKib(pid) - before) / 1024;
      }),
    rounds: 1,
    warmUp: 0,
    target: { what: "at most 8 MiB", met: ({ value }) => value <= 8 },
  };
}

function growthByDomains(): readonly Benchmark[] {
  return ([["small", 0], ["with 5 KB of XML", 5_000]] as const).map(([what, bytes]): Benchmark => ({
    name: `resident memory for each of ${manyDomains} domains defined after ${warmUpDomains}, ${what}`,
    unit: "KiB",
    ...bySide(async (client, { pid }) => {
      const define = (count: number): Work => ({ work: "define", count, inFlight: 1, bytes });
      // What is loaded, and compiled, with the first ones is not the domains'.
      await client.seconds(define(warmUpDomains));
      const before = residentKib(pid);
      await client.seconds(define(manyDomains));
      return (residentKib(pid) - before) / manyDomains;
    }),
    target: { what: "ratio at most 1", met: ({ ratio }) => ratio <= 1 },
  }));
}

function residentKib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
