/**
 * A simulated host, as a test looks at it from outside.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { TestConnection } from "../drivers/test/connection.ts";
import { implementations } from "../drivers/test/implementations.ts";
import { InProcessLink } from "../drivers/test/link.ts";
import type { EffectInput, EffectName } from "../drivers/test/world/effects.ts";
import type { TestSettings } from "../drivers/test/settings.ts";
import { Hypervisor } from "../drivers/test/world/hypervisor.ts";
import { MemoryStore } from "../drivers/test/world/memory_store.ts";
import type { DomainRecord, RecordKind, Records } from "../drivers/test/world/record.ts";
import type { ConnectionUri } from "../model/uri.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DriverConnection, DriverEnvironment } from "../runtime/driver.ts";
import { hostChanges, type Simulated } from "./host_content.ts";

/** A domain of a simulated host, as it is right now. */
export interface DomainView {
  readonly name: string;
  readonly uuid: string;
  /** What libvirt would call its state. */
  readonly state: "running" | "paused" | "shutoff" | "pmsuspended" | "crashed";
  readonly persistent: boolean;
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
  readonly name: string;
  readonly active: boolean;
  /** The names of its volumes. */
  readonly volumes: readonly string[];
}

/** A network of a simulated host, as it is right now. */
export interface NetworkView {
  readonly name: string;
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

  /** @ignore */
  constructor(name: string, { content, clock, settings }: SimulatedHostOptions) {
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
    this.#hypervisor.perform({ effect, input, now: this.#clock.now() });
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
    return new TestConnection({ uri, environment, link, settings: this.#settings, implementations });
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
