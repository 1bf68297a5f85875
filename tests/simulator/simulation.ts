/**
 * One simulated world: hosts, the kernel, those who call it, and those who judge it.
 *
 * @module
 */
import { isVirtError, toErrorData, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Caller, CallRequest } from "../../runtime/call.ts";
import type { Driver, DriverConnection } from "../../runtime/driver.ts";
import { Kernel } from "../../runtime/kernel.ts";
import type { Lease } from "../../runtime/lease.ts";
import type { ManagedObject } from "../../runtime/object.ts";
import { settled, VirtualClock } from "../../testing/virtual_clock.ts";
import type { Change, RecordKind, Records } from "../../drivers/test/world/record.ts";
import type { HopInfo } from "../../runtime/scheduler.ts";
import { everythingAllowed } from "../kit/caller.ts";
import { Chance } from "./chance.ts";
import { SimulatedHost } from "./host.ts";
import { type EndedCall, Judge, judgeCall, judgeDestroy, judgeIntent } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { type FaultPlan, short, SimulatedScheduler } from "./scheduler.ts";
import { Trace } from "./trace.ts";

/** What a simulation found wrong. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** A host of a simulation. */
export interface HostPlan {
  readonly content: readonly Change[];
  readonly enumerationFails?: boolean;
}

/** What a simulation is made with. */
export interface SimulationOptions {
  readonly seed: number;
  /** Hosts of the test driver, by name. @default none */
  readonly hosts?: Readonly<Record<string, HostPlan>>;
  /** Other drivers; each is also the scheme of its only host. @default none */
  readonly drivers?: readonly Driver[];
  readonly faults: FaultPlan;
  /** Whether to keep a trace. @default false */
  readonly trace?: boolean;
}

/** A call as somebody in the simulation makes it. */
export interface SimulatedCall
  extends Partial<Pick<CallRequest, "signal" | "noWait" | "priority" | "rebase" | "target">> {
  /** @default the first host */
  readonly host?: string;
  readonly input?: unknown;
  readonly caller?: Caller;
  /** How long it may take, in milliseconds. @default 60000 */
  readonly withinMs?: number;
  /** Whether a part of it may be done when it fails: it concerns several things, one after the other. @default false */
  readonly inParts?: boolean;
  /** Hears that the call has its slots. */
  readonly onObtained?: () => void;
  /** Hears which job acts for the call. */
  readonly onIntent?: (job: number) => void;
}

/** Something that must hold after every step, or at the end; throws a {@linkcode Violation} where it does not. */
export type Invariant = (simulation: Simulation) => void;

/** A simulated world. */
export class Simulation {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly scheduler: SimulatedScheduler;
  readonly kernel: Kernel;
  readonly hosts: ReadonlyMap<string, SimulatedHost>;
  readonly connections = new Map<string, DriverConnection>();
  /** Checked after every step. */
  readonly always: Invariant[] = [];
  /** Checked when everything has come to rest. */
  readonly finally: Invariant[] = [];
  readonly #actors = new Set<string>();
  readonly #schemes: readonly string[];
  readonly #ledger = new Ledger();
  #hop: HopInfo | undefined;
  #failure: unknown;
  #calls = 0;
  steps = 0;
  /** Whether anybody has ever wanted something exclusively: who waits for the rest holds a part of it. */
  leased = false;

  constructor({ seed, hosts = {}, drivers = [], faults, trace = false }: SimulationOptions) {
    this.chance = new Chance(seed);
    this.clock = new VirtualClock({ seed: this.chance.number(0, 2 ** 31) });
    this.trace = new Trace(() => this.clock.now(), { keep: trace });
    this.scheduler = new SimulatedScheduler({
      clock: this.clock,
      chance: this.chance,
      trace: this.trace,
      plan: faults,
    });
    const judge = new Judge(this);
    this.hosts = new Map(
      Object.entries(hosts).map(([name, plan]) => [
        name,
        new SimulatedHost({
          name,
          ...plan,
          chance: this.chance,
          scheduler: this.scheduler,
          trace: this.trace,
          now: () => this.clock.now(),
          judge,
        }),
      ]),
    );
    for (const host of this.hosts.values()) {
      host.onEffect = (effect) => {
        this.trace.add(host.name, () => `${effect.effect} ${effect.object} really happened`);
        const wrong = this.#ledger.record(effect, { host: host.name, operation: this.#hop?.operation });
        if (wrong !== undefined) this.report(wrong);
      };
    }
    this.scheduler.onArrival = (info): void => void (this.#hop = info);
    this.scheduler.onActed = (): void => void (this.#hop = undefined);
    this.#schemes = [...this.hosts.keys(), ...drivers.flatMap(({ schemes }) => schemes)];
    this.kernel = new Kernel({
      drivers: [...[...this.hosts.values()].map(({ driver }) => driver), ...drivers],
      clock: this.clock,
      scheduler: this.scheduler,
    });
  }

  /** Connects to all hosts; what they have is enumerated in the background. */
  async connect(): Promise<void> {
    for (const name of this.#schemes) {
      this.connections.set(name, await this.kernel.connect(`${name}:///sim`));
    }
  }

  host(name?: string): SimulatedHost {
    const host = name === undefined ? this.hosts.values().next().value : this.hosts.get(name);
    if (host === undefined) throw new Error(`There is no host "${name}"`);
    return host;
  }

  /** The kernel's object for a thing on a host. */
  object(
    objectClass: ObjectRef["$ref"],
    id: string,
    { host, parent }: { host?: string; parent?: string } = {},
  ): ManagedObject | undefined {
    return this.host(host).connection.find({
      $ref: objectClass,
      id,
      ...(parent === undefined ? {} : { parent }),
    });
  }

  /** Somebody begins to do something. The simulation ends when all are done. */
  actor(name: string, action: () => Promise<void>): void {
    const own = `${name}#${this.#actors.size}`;
    this.#actors.add(own);
    action().catch((error: unknown) => void (this.#failure ??= error)).finally(() =>
      this.#actors.delete(own)
    );
  }

  /** Somebody waits a while. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  /** Calls the kernel, and judges what every call must keep to. */
  async call(
    operation: OperationName,
    { host, input = {}, caller = nobody, withinMs = 60_000, inParts = false, onIntent, onObtained, ...rest }:
      SimulatedCall = {},
  ): Promise<Outcome> {
    const number = ++this.#calls;
    const name = host ?? this.#schemes[0] ?? "";
    const deadline = this.clock.now() + withinMs;
    const who = `call ${number}`;
    this.trace.add(
      who,
      () =>
        `${operation} ${rest.target?.name ?? ""} ${JSON.stringify(input).slice(0, 100)} by ${
          caller.run ?? caller.principal
        }`,
    );
    const key = rest.target === undefined ? undefined : this.#find(name, rest.target)?.key;
    const doubtfulBefore = this.#isDoubtful(key);
    const began = this.clock.now();
    const entry = this.#ledger.begin(operation);
    const { outcome } = await this.kernel.call({
      operation,
      connections: this.connections,
      connection: name,
      input,
      caller,
      authority: {
        ...everythingAllowed,
        check: ({ when }) => {
          if (when === "obtained") onObtained?.();
          entry.permitted ||= when === "obtained";
        },
      },
      journal: {
        intent: async (intent) => {
          entry.job = intent.token.counter;
          onIntent?.(intent.token.counter);
          const early = judgeIntent(this, { operation, intent, began, request: rest, key });
          if (early !== undefined) this.report(early);
          await this.scheduler.pause();
          entry.durable = true;
        },
      },
      deadline,
      ...rest,
    });
    this.trace.add(
      who,
      () =>
        `is ${outcome.kind}${
          outcome.kind === "done" ? "" : `: ${outcome.error.code}: ${outcome.error.message}`
        }`,
    );
    const lie = this.#ledger.end(entry, outcome, (place) => this.#record(place));
    const ended: EndedCall = {
      operation,
      key,
      outcome,
      tookMs: this.clock.now() - began,
      withinMs,
      leases: caller.run !== undefined,
      doubtfulBefore,
    };
    const wrong = (inParts ? undefined : lie) ?? judgeCall(this, ended) ?? judgeDestroy(this, ended);
    if (wrong !== undefined) throw new Violation(wrong);
    return outcome;
  }

  /** Takes objects for a run. */
  async acquire(
    objects: readonly ObjectRef[],
    { caller, withinMs = 60_000, signal }: { caller: Caller; withinMs?: number; signal?: AbortSignal },
  ): Promise<Lease | VirtError> {
    this.leased ||= objects.length > 0;
    try {
      const lease = await this.kernel.acquire({
        objects,
        connections: this.connections,
        caller,
        deadline: this.clock.now() + withinMs,
        ...(signal === undefined ? {} : { signal }),
      });
      this.trace.add(`run ${caller.run}`, () => `holds ${lease.keys.map(short).join(" and ")}`);
      return lease;
    } catch (error) {
      if (!isVirtError(error)) throw error;
      this.trace.add(`run ${caller.run}`, () => `gets no lease: ${error.code}: ${error.message}`);
      return error;
    }
  }

  /** Lets everything happen, and judges after every step. */
  async run(): Promise<void> {
    const end = this.clock.now() + 6 * 3_600_000;
    await settled();
    this.#judge(this.always);
    while (this.#actors.size > 0) {
      if (!this.clock.step()) {
        throw new Violation(`Nothing will ever happen again, and ${[...this.#actors].join(", ")} still wait`);
      }
      this.steps++;
      await settled();
      this.#judge(this.always);
      if (this.clock.now() > end) {
        throw new Violation(`${[...this.#actors].join(", ")} went on for six hours`);
      }
    }
    while (this.clock.step()) await settled();
    this.#judge(this.finally);
  }

  /** Says that something is wrong, where throwing would not be heard. */
  report(message: string): void {
    this.#failure ??= new Violation(message);
  }

  /** Nothing breaks any more, and every unknown outcome is accepted: from here on everything must work. */
  heal(): void {
    this.scheduler.heal();
    for (const { key, uncertain } of this.kernel.slots()) {
      if (uncertain !== undefined) this.kernel.accept(key);
    }
  }

  #find(host: string, ref: ObjectRef): ManagedObject | undefined {
    return this.connections.get(host)?.find(ref);
  }

  #isDoubtful(key: string | undefined): boolean {
    return this.kernel.slots().some((view) => view.key === key && view.uncertain !== undefined);
  }

  #record(place: string): Records[RecordKind] | undefined {
    const [host = "", kind = "", ...id] = place.split("/");
    return this.host(host).get(kind as RecordKind, id.join("/"));
  }

  #judge(invariants: readonly Invariant[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const invariant of invariants) invariant(this);
  }
}

/** A person at a terminal. */
const nobody: Caller = { principal: "alice", since: 0 };

/** A value that an operation answered. */
export function valueOf<T>(outcome: Outcome): T {
  if (outcome.kind !== "done") {
    throw new VirtError("internal", "There is no value", { cause: toErrorData(outcome.error) });
  }
  // The registry's schema says the type; the caller names it.
  return outcome.value as T;
}
