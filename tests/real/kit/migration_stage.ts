/**
 * A guest that moves between two private hosts, what may go wrong on its way, and whether it ends well.
 *
 * @module
 */
import assert from "node:assert/strict";
import { remoteDriver } from "../../../drivers/remote/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { Operations } from "../../../model/operations/mod.ts";
import type { Outcome } from "../../../model/outcome.ts";
import { directScheduler, type Scheduler } from "../../../runtime/scheduler.ts";
import { Bench, type BenchCall } from "../../drivers/bench.ts";
import { CuttingLink } from "./cutting_link.ts";
import { type GuestOptions, guestXml } from "./guest.ts";
import type { RealHost } from "./host.ts";
import { descendants } from "./process_tree.ts";
import type { TwoHosts } from "./two_hosts.ts";
import { until } from "./until.ts";

/** One of the two hosts. */
export type Side = "source" | "target";

/** When something happens: as a hop of that name is about to leave, so long after it has left, or when it is back. */
export interface PhaseMoment {
  readonly phase: string;
  readonly when: "before" | "after" | { readonly ms: number };
}

/** What a migration is asked for with. */
export type MigrateInput = Omit<InputOf<Operations["domain.migrate"]>, "to">;

/** Two hosts, a link to each that can be cut, a kernel with connections through them, and a guest on the source. */
export class MigrationStage implements AsyncDisposable {
  readonly name: string;
  readonly hosts: TwoHosts;
  readonly links: Readonly<Record<Side, CuttingLink>>;
  readonly bench: Bench;
  readonly #hooks: Hooks;

  private constructor(
    name: string,
    { hosts, links, bench, hooks }: {
      readonly hosts: TwoHosts;
      readonly links: Readonly<Record<Side, CuttingLink>>;
      readonly bench: Bench;
      readonly hooks: Hooks;
    },
  ) {
    this.name = name;
    this.hosts = hosts;
    this.links = links;
    this.bench = bench;
    this.#hooks = hooks;
  }

  /** Sets the stage. */
  static async set(hosts: TwoHosts, name: string): Promise<MigrationStage> {
    const links = {
      source: await CuttingLink.open(hosts.source.socket),
      target: await CuttingLink.open(hosts.target.socket),
    };
    const hooks = new Hooks();
    const uri = ({ socket }: CuttingLink): string => `qemu+unix:///system?socket=${socket}`;
    const bench = await Bench.open(
      { source: uri(links.source), target: uri(links.target) },
      { drivers: [remoteDriver], scheduler: hooks },
    );
    return new MigrationStage(name, { hosts, links, bench, hooks });
  }

  /** Starts the guest; the source keeps a definition of it. */
  async start(options: GuestOptions = {}): Promise<ObjectRef> {
    const xml = await guestXml(this.name, { memory: 64, ...options });
    const ref = await this.bench.call("domain.define", { xml }, { connection: "source" });
    await this.bench.call("domain.start", {}, { on: ref });
    return ref;
  }

  /** Has something happen in the middle of the next call. */
  at(moment: PhaseMoment, action: () => void | Promise<void>): void {
    this.#hooks.set(moment, action);
  }

  /** Whether it came to what was to happen. */
  get reached(): boolean {
    return this.#hooks.reached;
  }

  /** Moves the guest. */
  async migrate(on: ObjectRef, input: MigrateInput = {}, call: BenchCall = {}): Promise<Outcome> {
    const { outcome } = await this.bench.result("domain.migrate", { to: "target", ...input }, {
      on,
      ...call,
    });
    return outcome;
  }

  /** Kills the process of the guest. */
  killGuest(side: Side): void {
    for (const pid of this.#guests(side)) Deno.kill(pid, "SIGKILL");
  }

  /** The processes of the guest on a host: one, or none. */
  #guests(side: Side): number[] {
    return descendants(this.hosts[side].initPid)
      .filter(({ pid, program }) => program.startsWith("qemu-system") && isGuest(pid, this.name))
      .map(({ pid }) => pid);
  }

  /**
   * Starts daemons anew that are stuck with a guest that has no process any more; `false` where none is. libvirt 9.0 sticks
   * where it ends a guest whose sender hung up: it holds the guest's lock and waits for a thread that waits for the lock.
   */
  async unstick(): Promise<boolean> {
    const states = await this.states();
    let stuck = false;
    for (const side of ["source", "target"] as const) {
      const isGone = this.#guests(side).length === 0;
      if (!isGone || !/^(?:paused|in shutdown|running)$/.test(states[side])) continue;
      stuck = true;
      this.hosts[side].kill();
      await this.hosts[side].restart();
    }
    return stuck;
  }

  /** Cuts the connections of the kernel to one host; they are made again at once. */
  cut(side: Side): void {
    this.links[side].sever();
  }

  /** What virsh says of the guest on both hosts. */
  async states(): Promise<Readonly<Record<Side, string>>> {
    const [source, target] = await Promise.all(
      [this.hosts.source, this.hosts.target].map((host) => stateOn(host, this.name)),
    );
    return { source: source ?? "", target: target ?? "" };
  }

  /** Looks until neither host is at work on the guest any more. */
  async settled(): Promise<Readonly<Record<Side, string>>> {
    return await until(async () => {
      const [source, target] = await Promise.all(
        [this.hosts.source, this.hosts.target].map((host) => isAtWork(host, this.name)),
      );
      return source || target ? undefined : await this.states();
    }, { what: "the end of all work on the guest" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of [this.hosts.source, this.hosts.target]) {
      if (!host.running) await host.restart();
    }
    await this.bench[Symbol.asyncDispose]();
    for (const host of [this.hosts.source, this.hosts.target]) {
      await host.tryVirsh("destroy", this.name);
      await host.tryVirsh("undefine", this.name);
    }
    await this.links.source[Symbol.asyncDispose]();
    await this.links.target[Symbol.asyncDispose]();
  }
}

/** Whether a process is the guest of a name. Source: libvirt's command line of QEMU, -name guest=NAME. */
function isGuest(pid: number, name: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(`guest=${name},`);
  } catch {
    return false; // It has ended meanwhile.
  }
}

/** `running`, `paused`, `shut off`, or `absent`. */
async function stateOn(host: RealHost, name: string): Promise<string> {
  const { code, output } = await host.tryVirsh("domstate", name);
  return code === 0 ? output.trim() : "absent";
}

async function isAtWork(host: RealHost, name: string): Promise<boolean> {
  const { code, output } = await host.tryVirsh("domjobinfo", name);
  return code === 0 && !/None|Completed/.test(output);
}

/** A scheduler that lets a test act between hops. */
class Hooks implements Scheduler {
  reached = false;
  #hook: { readonly moment: PhaseMoment; readonly action: () => void | Promise<void> } | undefined;

  set(moment: PhaseMoment, action: () => void | Promise<void>): void {
    this.reached = false;
    this.#hook = { moment, action };
  }

  async hop<T>(info: Parameters<Scheduler["hop"]>[0], go: () => Promise<T>): Promise<T> {
    const hook = this.#hook;
    if (hook === undefined || info.where !== hook.moment.phase) return await directScheduler.hop(info, go);
    this.#hook = undefined;
    const act = async (): Promise<void> => {
      this.reached = true;
      await hook.action();
    };
    const { when } = hook.moment;
    if (when === "before") {
      await act();
      return await go();
    }
    if (when === "after") {
      const answer = await go();
      await act();
      return answer;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, when.ms);
    const acting = promise.then(act);
    try {
      return await go();
    } finally {
      await acting;
    }
  }

  handOver(grant: () => void): void {
    directScheduler.handOver(grant);
  }
}

/**
 * Whether a migration that was disturbed has ended well: the guest runs on one host or on none, on none only where it was
 * killed, and on the one that the caller was told of.
 */
export function judgeMigration(
  told: Outcome,
  states: Readonly<Record<Side, string>>,
  { when, mayBeDead, mayBeUnknown = false }: {
    readonly when: string;
    /** Whether the guest itself was killed. */
    readonly mayBeDead: boolean;
    /** Whether one of the hosts could not be looked at, or was stuck. */
    readonly mayBeUnknown?: boolean;
  },
): void {
  const error = told.kind === "done" ? "" : `: ${told.error.code}: ${told.error.message}`;
  const seen = `${when}: told ${told.kind}${error}; source ${states.source}, target ${states.target}`;
  const runs = (["source", "target"] as const).filter((side) => states[side] === "running");
  assert.ok(runs.length < 2, `${seen}: it runs twice`);
  assert.ok(runs.length === 1 || mayBeDead, `${seen}: it runs nowhere`);
  for (const side of ["source", "target"] as const) {
    assert.notEqual(states[side], "paused", `${seen}: it stands still on the ${side}`);
  }
  if (told.kind === "unknown") assert.ok(mayBeUnknown, seen);
  if (told.kind === "done") assert.notEqual(states.source, "running", seen);
  if (told.kind === "not-done") assert.notEqual(states.target, "running", seen);
}
