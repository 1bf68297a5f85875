/**
 * Domains use the same files, start and stop, break in the middle, and their host is booted, or the kernel dies with
 * its work half done. What a file was is put back by its last user. Once the first to stop gave the file back to root
 * under the feet of the other, and counts outlived the host's crash.
 *
 * @module
 */
import type { Driver, HopOptions, Job } from "../../runtime/driver.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { claimFiles, type FileUse, releaseFiles } from "../../runtime/remember_owner.ts";
import { FakeHost } from "../kit/fake_host.ts";
import { SimulatedFiles } from "../kit/simulated_files.ts";
import type { History } from "./history.ts";
import { exclusion, nobodyWaitsForNothing, nothingLeaks } from "./invariants.ts";
import { type Invariant, Simulation, Violation } from "./simulation.ts";

const qemu = "+107:+107";
const root = "+0:+0";
const shared = "/images/shared";
const seed = "/images/seed";
const paths = ["/images/a", "/images/b", seed, shared] as const;

/** Which files each domain uses; one wants the shared file for somebody else. */
const uses: Readonly<Record<string, readonly FileUse[]>> = {
  "web-1": [{ path: shared, owner: qemu }, { path: "/images/a", owner: qemu }, { path: seed, owner: qemu }],
  "web-2": [{ path: seed, owner: qemu }, { path: "/images/b", owner: qemu }, { path: shared, owner: qemu }],
  "web-3": [{ path: shared, owner: "+64055:+108" }],
};

/** What is really on the host. */
class Host {
  readonly files = new SimulatedFiles();
  /** The domains whose process is there. */
  readonly processes = new Set<string>();
  /** Those that may rely on their files: their start was acknowledged, and nobody has begun to stop them. */
  readonly relying = new Set<string>();
  /** Those whose files were claimed and not yet given back, as a driver keeps it on disk. */
  readonly claiming = new Set<string>();
  /** Whether a kernel died with work half done since the last boot. */
  disturbed = false;
  #kernels = 1;

  constructor() {
    for (const path of paths) this.files.add(path, { owner: root });
  }

  /** The kernel that lives now, as the host knows it. */
  get kernel(): string {
    return `kernel ${this.#kernels}`;
  }

  /** The kernel dies in whatever it was doing; another one takes over. */
  killKernel(): void {
    this.files.kill(this.kernel);
    this.#kernels++;
    this.disturbed = true;
  }

  boot(): void {
    this.files.boot();
    this.processes.clear();
    this.relying.clear();
    this.claiming.clear();
    this.disturbed = false;
  }
}

/** Starts and stops domains as a driver would: files first, then the process; the process first, then the files. */
function fakeDriver(host: Host): { readonly driver: Driver; readonly connection: FakeHost } {
  const connection = new FakeHost();
  connection.ready.open();
  for (const name of Object.keys(uses)) connection.add("domain", name);
  const optionsOf = (): { readonly files: ReturnType<SimulatedFiles["asSeenBy"]> } => ({
    files: host.files.asSeenBy(host.kernel),
  });
  connection.on("domain.start", async (job) => {
    const { object } = job;
    const files = uses[object.name] ?? [];
    object.begin();
    try {
      // What an earlier stop could not give back it gives back now.
      await release(job, { host, hops: {} });
      await claimFiles(job, files, optionsOf());
      host.claiming.add(object.name);
      try {
        await job.hop("spawn", () => Promise.resolve(host.processes.add(object.name)));
      } catch (error) {
        await giveBack(job, host);
        throw error;
      }
      job.goLive({});
      host.relying.add(object.name);
    } finally {
      if (object.phase === "starting") object.goDown();
    }
  }, {
    reconcile: (job) =>
      Promise.resolve(
        host.processes.has(job.object.name) ? { kind: "done", value: {} } : { kind: "not-done" },
      ),
  });
  connection.on("domain.shutdown", async (job) => {
    const { object } = job;
    host.relying.delete(object.name);
    if (object.live !== undefined) {
      await job.hop("kill", () => Promise.resolve(host.processes.delete(object.name)));
      job.goDown();
    }
    await release(job, { host, hops: {} });
  });
  return {
    connection,
    driver: { name: "fake", schemes: ["host"], connect: () => Promise.resolve(connection) },
  };
}

async function release(
  job: Job,
  { host, hops }: { readonly host: Host; readonly hops: HopOptions },
): Promise<void> {
  const { name } = job.object;
  const { kernel } = host;
  // Noted before it begins, since the kernel may die in the middle: whoever released twice would give back what another
  // one uses.
  if (!host.claiming.delete(name)) return;
  try {
    await releaseFiles(job, uses[name] ?? [], { files: host.files.asSeenBy(host.kernel), hops });
  } catch (error) {
    if (host.kernel === kernel) host.claiming.add(name);
    throw error;
  }
}

/** A start that failed after its files were claimed gives them back, whatever stopped it. */
async function giveBack(job: Job, host: Host): Promise<void> {
  const hops = { givesBack: true, offline: true };
  await job.hop("kill", () => Promise.resolve(host.processes.delete(job.object.name)), hops);
  await release(job, { host, hops });
}

/** Whoever runs has its files, and nobody else has them. */
function ownersAreRight(host: Host): Invariant {
  return () => {
    for (const name of host.relying) {
      for (const { path, owner } of uses[name] ?? []) {
        const { owner: found } = host.files.look(path);
        if (found !== owner) {
          throw new Violation(`Domain "${name}" runs, and its file "${path}" belongs to ${found}`);
        }
      }
    }
  };
}

/** What a count says is what there is, where nobody died. */
function countsAreRight(host: Host): Invariant {
  return () => {
    if (host.files.locks > 0) throw new Violation("A file is left locked");
    if (host.disturbed) return;
    for (const path of paths) {
      const users = [...host.claiming].filter((name) => uses[name]?.some((use) => use.path === path)).length;
      const { owner, attributes } = host.files.look(path);
      const count = Number(attributes["trusted.libvirt.security.ref_dac"] ?? 0);
      if (count !== users) throw new Violation(`"${path}" is used by ${users}, and its count says ${count}`);
      if (users === 0 && owner !== root) {
        throw new Violation(`Nobody uses "${path}", and it belongs to ${owner}`);
      }
      if (users === 0 && Object.keys(attributes).length > 0) {
        throw new Violation(`"${path}" remembers what is over`);
      }
    }
  };
}

async function user(
  simulation: Simulation,
  { host, connection, names }: { host: Host; connection: FakeHost; names: readonly string[] },
): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(2, 5); count > 0; count--) {
    await simulation.sleep(chance.delay());
    const target = domainOf(connection, chance.pick(names));
    const outcome = await simulation.call(chance.pick(["domain.start", "domain.shutdown"] as const), {
      target: target.ref("host"),
      rebase: true,
      withinMs: 600_000,
    });
    const waited = outcome.kind !== "done" &&
      (outcome.error.code === "timed-out" || outcome.error.code === "revoked");
    if (waited && !host.disturbed) throw new Violation(`Somebody waited for ever: ${outcome.error.message}`);
  }
}

function domainOf(connection: FakeHost, name: string): ManagedObject {
  const found = connection.find({ $ref: "domain", id: `id-of-${name}` });
  if (found === undefined) throw new Error(`There is no domain "${name}"`);
  return found;
}

/** The power fails; when it is back, nothing runs, and what was remembered counts for nothing. */
async function powerCut(
  simulation: Simulation,
  { host, connection }: { host: Host; connection: FakeHost },
): Promise<void> {
  const before = host.processes.size;
  simulation.trace.add("host", () => `is booted with ${before} domains running`);
  host.boot();
  for (const object of connection.objects()) object.goDown();
  // The files are as the crash left them; their owners say what the new start finds.
  for (const path of paths) host.files.change(path, "owner", root);
  await simulation.sleep(1);
}

/** Everything is started and stopped once more, one after the other; then all files are their own again. */
async function afterwards(
  simulation: Simulation,
  { host, connection }: { host: Host; connection: FakeHost },
): Promise<void> {
  simulation.heal();
  if (host.disturbed) await powerCut(simulation, { host, connection });
  for (const name of Object.keys(uses)) {
    await simulation.call("domain.shutdown", {
      target: domainOf(connection, name).ref("host"),
      rebase: true,
      withinMs: 600_000,
    });
  }
  for (const name of Object.keys(uses)) {
    for (const operation of ["domain.start", "domain.shutdown"] as const) {
      const target = domainOf(connection, name).ref("host");
      const outcome = await simulation.call(operation, { target, rebase: true, withinMs: 600_000 });
      if (outcome.kind !== "done") {
        throw new Violation(`${operation} of "${name}" fails when all is well: ${outcome.error.message}`);
      }
    }
  }
  for (const path of paths) {
    const { owner, attributes } = host.files.look(path);
    if (owner !== root || Object.keys(attributes).length > 0) {
      throw new Violation(
        `Nobody uses "${path}" any more; it belongs to ${owner} and remembers ${JSON.stringify(attributes)}`,
      );
    }
  }
}

/** Two users of one file, one that wants it otherwise, boots and deaths. */
export const historyE: History = {
  name: "e",
  about: "two domains use one file, and something dies in the middle",
  async begin(seed, { trace }): Promise<Simulation> {
    const host = new Host();
    const { driver, connection } = fakeDriver(host);
    // One fault: what a second one leaves behind while the first is taken back nobody can know.
    const dies = seed % 5 === 0;
    const simulation = new Simulation({
      seed,
      trace,
      drivers: [driver],
      faults: { probability: dies ? 0 : 0.03, count: 1, kinds: ["refused", "unsent", "lost", "acted"] },
    });
    simulation.always.push(exclusion, nobodyWaitsForNothing, ownersAreRight(host));
    simulation.finally.push(nothingLeaks, countsAreRight(host));
    await simulation.connect();
    const { chance } = simulation;
    const everybody: Promise<void>[] = [];
    const begin = (name: string, action: () => Promise<void>): void => {
      const { promise, resolve } = Promise.withResolvers<void>();
      everybody.push(promise);
      simulation.actor(name, () => action().finally(resolve));
    };
    begin("alice", () => user(simulation, { host, connection, names: ["web-1", "web-2"] }));
    begin("bob", () => user(simulation, { host, connection, names: ["web-2", "web-1"] }));
    if (chance.happens(0.4)) begin("carol", () => user(simulation, { host, connection, names: ["web-3"] }));
    if (dies) {
      begin("reaper", async () => {
        await simulation.sleep(chance.number(0, 4000));
        simulation.trace.add("reaper", () => `kills ${host.kernel}`);
        host.killKernel();
      });
    }
    simulation.actor("afterwards", async () => {
      await Promise.all(everybody);
      await afterwards(simulation, { host, connection });
    });
    return simulation;
  },
};
