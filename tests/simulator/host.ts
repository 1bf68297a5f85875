/**
 * A simulated host: a hypervisor with its effect log, and the link to it.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { Driver, DriverConnection, DriverEnvironment } from "../../runtime/driver.ts";
import { TestConnection } from "../../drivers/test/connection.ts";
import { implementations } from "../../drivers/test/implementations.ts";
import type { Link, LinkOptions } from "../../drivers/test/link.ts";
import { defaultSettings } from "../../drivers/test/settings.ts";
import type { EffectInput, EffectName, EffectResult } from "../../drivers/test/world/effects.ts";
import { type Done, Hypervisor, type WorldReply } from "../../drivers/test/world/hypervisor.ts";
import { MemoryStore } from "../../drivers/test/world/memory_store.ts";
import type { Change, RecordKind, Records } from "../../drivers/test/world/record.ts";
import type { Chance } from "./chance.ts";
import type { SimulatedScheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";
import { type HopJudge, watched } from "./watched_driver.ts";

/** What a host is made with. */
export interface SimulatedHostOptions {
  readonly name: string;
  readonly content: readonly Change[];
  readonly chance: Chance;
  readonly scheduler: SimulatedScheduler;
  readonly trace: Trace;
  readonly now: () => number;
  readonly judge: HopJudge;
  /** Whether the first enumeration fails. @default false */
  readonly enumerationFails?: boolean;
}

/** One effect that really happened. */
export interface SeenEffect {
  readonly effect: EffectName;
  /** `domain/UUID`. */
  readonly object: string;
  /** The job that asked for it; absent for what others did. */
  readonly job?: number;
  readonly changes: readonly SeenChange[];
}

/** One thing that an effect changed. */
export interface SeenChange {
  /** `domain/UUID` */
  readonly key: string;
  readonly before: Records[RecordKind] | undefined;
  readonly after: Records[RecordKind] | undefined;
}

/** Keeps the world as it really is, and tells of every effect. */
class WatchedStore extends MemoryStore {
  readonly records = new Map<string, Records[RecordKind]>();
  onEffect: (effect: SeenEffect) => void = () => {};

  constructor(content: readonly Change[]) {
    super(content);
    this.#keep(content);
  }

  override commit(done: Done): void {
    super.commit(done);
    const { line, changes } = done;
    this.onEffect({
      effect: line.effect,
      object: line.object,
      ...(line.token === undefined ? {} : { job: line.token.counter }),
      changes: this.#keep(changes),
    });
  }

  #keep(changes: readonly Change[]): readonly SeenChange[] {
    return changes.map(({ kind, id, record }) => {
      const key = `${kind}/${id}`;
      const before = this.records.get(key);
      if (record === undefined) this.records.delete(key);
      else this.records.set(key, record);
      return { key, before, after: record };
    });
  }
}

/** A hypervisor, seen from outside by whoever judges, and through a slow link by the driver. */
export class SimulatedHost {
  readonly name: string;
  readonly hypervisor: Hypervisor;
  readonly #store: WatchedStore;
  readonly #options: SimulatedHostOptions;
  #connection: TestConnection | undefined;

  constructor(options: SimulatedHostOptions) {
    this.#options = options;
    this.name = options.name;
    this.#store = new WatchedStore(options.content);
    this.hypervisor = new Hypervisor(this.#store);
  }

  /** The driver that leads here and nowhere else. */
  get driver(): Driver {
    return {
      name: "test",
      schemes: [this.name],
      connect: (uri, environment) => this.#connect(uri, environment),
    };
  }

  /** The driver's side of it. */
  get connection(): TestConnection {
    if (this.#connection === undefined) throw new Error(`Nobody is connected to ${this.name}`);
    return this.#connection;
  }

  /** Whether the driver has ever read what is here. */
  get wasRead(): boolean {
    return this.connection.ready.settled && this.#options.enumerationFails !== true;
  }

  /** Hears of everything that really happens. */
  set onEffect(listener: (effect: SeenEffect) => void) {
    this.#store.onEffect = listener;
  }

  /** Everything of a kind that there really is. */
  *all<K extends RecordKind>(kind: K): Generator<Records[K]> {
    for (const [key, record] of this.#store.records) {
      // The key says the type of the record.
      if (key.startsWith(`${kind}/`)) yield record as Records[K];
    }
  }

  /** One thing that there really is. */
  get<K extends RecordKind>(kind: K, id: string): Records[K] | undefined {
    return this.#store.records.get(`${kind}/${id}`) as Records[K] | undefined;
  }

  /** Somebody else acts on the host. What cannot be done is not done. */
  outsider<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    const { trace, now } = this.#options;
    try {
      this.hypervisor.perform({ effect, input, now: now() });
      trace.add("outsider", () => `${effect} ${JSON.stringify(input).slice(0, 120)} on ${this.name}`);
    } catch (error) {
      if (!(error instanceof VirtError)) throw error;
      trace.add("outsider", () => `${effect} on ${this.name} was refused: ${error.message}`);
    }
  }

  #connect(uri: ConnectionUri, environment: DriverEnvironment): Promise<DriverConnection> {
    this.#connection = new TestConnection({
      uri,
      environment,
      link: new SimulatedLink(this.hypervisor, this.#options),
      settings: defaultSettings,
      implementations: watched(implementations, this.#options.judge),
    });
    return Promise.resolve(this.#connection);
  }
}

/** The way to a host: the enumeration and news of others take their time; hops have taken theirs already. */
class SimulatedLink implements Link {
  readonly hostUuid: string;
  readonly bootId = "boot-1";
  readonly #hypervisor: Hypervisor;
  readonly #options: SimulatedHostOptions;
  readonly #listeners = new Set<(changes: readonly Change[] | undefined) => void>();
  readonly #attached: { readonly client: number } & Disposable;
  /** What happened and has not arrived yet, oldest first. */
  readonly #news: (readonly Change[])[] = [];

  constructor(hypervisor: Hypervisor, options: SimulatedHostOptions) {
    this.#hypervisor = hypervisor;
    this.#options = options;
    this.hostUuid = hypervisor.hostUuid;
    this.#attached = hypervisor.attach((changes) => this.#tell(changes));
  }

  async request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    { token }: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>> {
    const { scheduler, now, enumerationFails } = this.#options;
    const perform = (): WorldReply<EffectResult<E>> =>
      this.#hypervisor.perform(
        { effect, input, now: now(), token: { owner: "kernel", ...token } },
        this.#attached.client,
      );
    // What a job asks for has been delayed by its hop; what nobody's job asks for is the enumeration.
    if (effect !== "host.enumerate" || token.counter > 0) {
      const reply = perform();
      this.#deliver(this.#news.length);
      return reply;
    }
    await scheduler.pause();
    if (enumerationFails === true) throw new VirtError("operation-failed", "Cannot read the devices");
    const reply = perform();
    await scheduler.pause();
    return reply;
  }

  happen<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    this.#hypervisor.perform({ effect, input, now: this.#options.now() });
  }

  onChange(listener: (changes: readonly Change[] | undefined) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  close(): Promise<void> {
    this.#attached[Symbol.dispose]();
    return Promise.resolve();
  }

  /** News arrive late, in order, and before the answer to whatever was asked after them. */
  #tell(changes: readonly Change[]): void {
    this.#news.push(changes);
    this.#options.scheduler.pause().then(() => this.#deliver(1));
  }

  #deliver(count: number): void {
    for (const changes of this.#news.splice(0, count)) {
      for (const listener of [...this.#listeners]) listener(changes);
    }
  }
}
