/**
 * A simulated host, as a test looks at it from outside.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { TestConnection } from "../drivers/test/connection.ts";
import { Faults, FaultyLink, type FaultyLinkOptions } from "../drivers/test/faulty_link.ts";
import { implementations } from "../drivers/test/implementations.ts";
import { InProcessLink, type LinkOptions } from "../drivers/test/link.ts";
import type { EffectInput, EffectName, EffectResult } from "../drivers/test/world/effects.ts";
import type { TestSettings } from "../drivers/test/settings.ts";
import { Hypervisor, type WorldReply } from "../drivers/test/world/hypervisor.ts";
import { MemoryStore } from "../drivers/test/world/memory_store.ts";
import type { DomainRecord, RecordKind, Records } from "../drivers/test/world/record.ts";
import type { ConnectionUri } from "../model/uri.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DriverConnection, DriverEnvironment, DriverMap } from "../runtime/driver.ts";
import { Glob } from "../runtime/permission/glob.ts";
import { hostChanges, type Simulated } from "./host_content.ts";

/** A domain of a simulated host, as it is right now. */
export interface DomainView {
  /** The domain's name. */
  readonly name: string;
  /** Its UUID. */
  readonly uuid: string;
  /** What libvirt would call its state. */
  readonly state: "running" | "paused" | "shutoff" | "pmsuspended" | "crashed";
  /** Whether it has a definition that outlives it. */
  readonly persistent: boolean;
  /** Whether it starts with its host. */
  readonly autostart: boolean;
  /** The definition that the next start uses; absent for a transient domain. */
  readonly config?: string;
  /** The definition of what runs. */
  readonly live?: string;
  /** The names of its snapshots, oldest first. */
  readonly snapshots: readonly string[];
}

/** A pool of a simulated host, as it is right now. */
export interface PoolView {
  /** The network's name. */
  readonly name: string;
  /** Whether it is up. */
  readonly active: boolean;
  /** The names of its volumes. */
  readonly volumes: readonly string[];
}

/** A network of a simulated host, as it is right now. */
export interface NetworkView {
  /** The pool's name. */
  readonly name: string;
  /** Whether it is running. */
  readonly active: boolean;
}

/** Something that really happened on a simulated host. */
export interface EffectView {
  /** What happened: `domain.spawn`, `domain.kill`, … */
  readonly effect: EffectName;
  /** The name of what it happened to, or its id where that is gone. */
  readonly object: string;
  /** Whether the kernel asked for it; else it was done by the test, or by the guest itself. */
  readonly byKernel: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What a simulated host is made with. */
export interface SimulatedHostOptions {
  readonly content: Simulated;
  readonly clock: Clock;
  readonly settings: TestSettings;
  /** A glob over names of domains whose guests do not listen when they are asked to shut down. */
  readonly deaf?: string | undefined;
  /** What it does otherwise than the test driver. */
  readonly overrides?: DriverMap;
}

/** A link on which guests do not listen. */
class GuestLink extends FaultyLink {
  readonly #isDeaf: (id: string) => boolean;

  constructor(options: FaultyLinkOptions, { isDeaf }: { readonly isDeaf: (id: string) => boolean }) {
    super(options);
    this.#isDeaf = isDeaf;
  }

  override async request<E extends EffectName>(
    effect: E,
    input: EffectInput<E>,
    options: LinkOptions,
  ): Promise<WorldReply<EffectResult<E>>> {
    // The power button says nothing back.
    if (effect === "domain.press-power" && this.#isDeaf(input.id)) {
      return { result: undefined as EffectResult<E>, changes: [] };
    }
    return await super.request(effect, input, options);
  }

  override happen<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    if (effect !== "guest.power-off" || !this.#isDeaf(input.id)) super.happen(effect, input);
  }
}

/**
 * A simulated host. What is read here is what there is, not what the kernel believes.
 *
 * @example
 * ```ts
 * import { simulate } from "drover/testing";
 * import assert from "node:assert/strict";
 *
 * await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
 * assert.equal(lab.host.domain("web-1").state, "running");
 * ```
 */
export class SimulatedHost {
  /** The recipe's name for it. */
  readonly name: string;
  readonly #hypervisor: Hypervisor;
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #names = new Map<string, string>();
  readonly #bootId: string;
  readonly #settings: TestSettings;
  readonly #overrides: DriverMap;
  readonly #deaf: Glob | undefined;
  /** What the hypervisor calls the test, once it has done something there. */
  #outsider: number | undefined;

  /** @ignore */
  constructor(name: string, { content, clock, settings, deaf, overrides = {} }: SimulatedHostOptions) {
    this.#overrides = overrides;
    this.#deaf = deaf === undefined ? undefined : Glob.parse(deaf);
    this.name = name;
    this.#settings = settings;
    this.#clock = clock;
    this.#store = new MemoryStore(hostChanges(content, { name, now: clock.now() }));
    this.#hypervisor = new Hypervisor(this.#store);
    this.#bootId = clock.uuid();
  }

  /** Every domain, by name. */
  get domains(): readonly DomainView[] {
    return this.#all("domain").map((record) => this.#view(record)).sort(byName);
  }

  /**
   * One domain.
   *
   * @throws {VirtError} `not-found`, naming those that are there.
   */
  domain(name: string): DomainView {
    const found = this.domains.find((domain) => domain.name === name);
    if (found !== undefined) return found;
    const there = this.domains.map((domain) => `"${domain.name}"`).join(", ");
    throw new VirtError("not-found", `The simulated host has no domain "${name}"; it has ${there || "none"}`);
  }

  /** Every network, by name. */
  get networks(): readonly NetworkView[] {
    return this.#all("network").map(({ name, bridge }) => ({ name, active: bridge !== undefined })).sort(
      byName,
    );
  }

  /** Every storage pool, by name. */
  get pools(): readonly PoolView[] {
    const volumes = this.#all("volume");
    return this.#all("pool").map(({ id, name, started }) => ({
      name,
      active: started !== undefined,
      volumes: volumes.filter(({ pool }) => pool === id).map((volume) => volume.name).sort(),
    })).sort(byName);
  }

  /** Everything that happened, in order. */
  get effects(): readonly EffectView[] {
    this.#learnNames();
    return this.#store.log.map(({ effect, object, token, at }) => {
      const id = object.slice(object.indexOf("/") + 1);
      return { effect, object: this.#names.get(id) ?? id, byKernel: token !== undefined, at };
    });
  }

  /**
   * Does something that nobody asked the kernel for: somebody else on the host, or a guest by itself.
   *
   * @example A guest dies while the recipe looks elsewhere
   * ```ts
   * import { simulate } from "drover/testing";
   * import assert from "node:assert/strict";
   *
   * await using lab = await simulate({ hypervisor: { domains: [{ name: "web-1", state: "running" }] } });
   * lab.host.outside("domain.kill", { id: lab.host.domain("web-1").uuid, reason: "crashed" });
   * assert.equal(lab.host.domain("web-1").state, "shutoff");
   * ```
   */
  outside<E extends EffectName>(effect: E, input: EffectInput<E>): void {
    this.#learnNames();
    this.#outsider ??= this.#hypervisor.attach(() => {}).client;
    this.#hypervisor.perform({ effect, input, now: this.#clock.now() }, this.#outsider);
  }

  /** Opens a connection for the kernel. */
  connect(uri: ConnectionUri, environment: DriverEnvironment): DriverConnection {
    const link = new InProcessLink({
      hypervisor: this.#hypervisor,
      owner: "lab",
      bootId: this.#bootId,
      now: () => this.#clock.now(),
      onClose: () => {},
    });
    const settings = this.#settings;
    return new TestConnection({
      uri,
      environment,
      link: new GuestLink({ link, settings, faults: new Faults(settings.faults), clock: this.#clock }, {
        isDeaf: (id) => this.#deaf?.matches(this.#nameOfDomain(id)) === true,
      }),
      settings,
      implementations: { ...implementations, ...this.#overrides },
    });
  }

  #view(record: DomainRecord): DomainView {
    const { id, name, config, guest, autostart } = record;
    const snapshots = this.#all("snapshot").filter(({ domain }) => domain === id);
    return {
      name,
      uuid: id,
      state: guest?.state ?? "shutoff",
      persistent: config !== undefined,
      autostart,
      ...(config === undefined ? {} : { config }),
      ...(guest === undefined ? {} : { live: guest.xml }),
      snapshots: snapshots.map((snapshot) => snapshot.name),
    };
  }

  #all<K extends RecordKind>(kind: K): Records[K][] {
    const { result } = this.#hypervisor.perform({
      effect: "host.enumerate",
      input: { id: "host" },
      now: this.#clock.now(),
    });
    // A change carries the record of its own kind.
    return result.flatMap((change) =>
      change.kind === kind && change.record !== undefined ? [change.record as Records[K]] : []
    );
  }

  #nameOfDomain(id: string): string {
    return this.#all("domain").find((domain) => domain.id === id)?.name ?? "";
  }

  /** Remembers names, since the log has ids, and what it names may be gone. */
  #learnNames(): void {
    for (const kind of ["domain", "network", "pool", "volume", "snapshot"] as const) {
      for (const { id, name } of this.#all(kind)) this.#names.set(id, name);
    }
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
