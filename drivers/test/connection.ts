/**
 * A connection to a simulated hypervisor.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type {
  DriverConnection,
  DriverEnvironment,
  DriverEvent,
  DriverMap,
  FencingToken,
  Job,
} from "../../runtime/driver.ts";
import { Gate } from "../../runtime/gate.ts";
import { ManagedObject } from "../../runtime/object.ts";
import { poolTarget } from "../definition.ts";
import type { Link } from "./link.ts";
import { isTestClass } from "./object.ts";
import { type Doer, ObjectTable } from "./object_table.ts";
import type { TestSettings } from "./settings.ts";
import type { Change, Guest, HostRecord } from "./world/record.ts";

/** The driver's name, in keys and in what a connection says of itself. */
export const driverName = "test";

/** What a connection is made with. */
export interface TestConnectionOptions {
  readonly uri: ConnectionUri;
  readonly link: Link;
  readonly environment: DriverEnvironment;
  readonly settings: TestSettings;
  readonly implementations: DriverMap;
}

/** An open connection. */
export class TestConnection implements DriverConnection {
  readonly host: string;
  readonly driver: string = driverName;
  readonly uri: ConnectionUri;
  readonly bootId?: string;
  readonly implementations: DriverMap;
  readonly ready: Gate = new Gate();
  readonly self: ManagedObject;
  readonly link: Link;
  /** Everything that is known of the host. */
  readonly table: ObjectTable;
  readonly settings: TestSettings;
  readonly #listeners = new Set<(event: DriverEvent) => void>();
  readonly #environment: DriverEnvironment;
  readonly #closing = new AbortController();
  readonly #changes: Disposable;
  readonly #timers = new Set<Disposable>();
  readonly #missed = new Set<string>();
  /** Guests that are about to come up. */
  readonly #booting = new Set<number>();

  constructor({ uri, link, environment, settings, implementations }: TestConnectionOptions) {
    this.settings = settings;
    this.implementations = { ...environment.operations, ...implementations };
    this.host = link.hostUuid;
    this.uri = uri;
    if (link.bootId !== undefined) this.bootId = link.bootId;
    this.link = link;
    this.#environment = environment;
    this.table = new ObjectTable({ host: this.host, driver: this.driver });
    this.table.watch((id, record) => this.#bootLater(id, record?.guest));
    this.self = new ManagedObject({
      host: this.host,
      driver: this.driver,
      objectClass: "connection",
      id: "self",
      name: uri.text,
      config: "",
      facts: undefined,
    });
    // Listening begins before the enumeration, so that nothing falls between them.
    this.#changes = link.onChange((changes) => {
      if (changes === undefined) this.#enumerate("changes were missed");
      else this.table.absorb(changes, this.#outside);
    });
    this.#enumerate();
  }

  find({ $ref, id, parent }: Pick<ObjectRef, "$ref" | "id" | "parent">): ManagedObject | undefined {
    if ($ref === "connection") return this.self;
    if (!isTestClass($ref)) return undefined;
    const object: unknown = this.table.byId($ref, id, parent);
    return object instanceof ManagedObject ? object : undefined;
  }

  objects(): Iterable<ManagedObject> {
    return this.table.everything();
  }

  /** What is known of the host; the enumeration has ended. */
  get hostRecord(): HostRecord {
    const { host } = this.table;
    if (host === undefined) throw new VirtError("internal", "The host has not been read yet");
    return host;
  }

  async look(object: ManagedObject, signal: AbortSignal): Promise<void> {
    const { objectClass, id, parent } = object;
    if (!isTestClass(objectClass)) return;
    const options = { token: this.#token, signal };
    if ((objectClass === "domain" || objectClass === "pool") && this.#missed.has(object.key)) {
      const { result } = await this.link.request("host.family", { kind: objectClass, id }, options);
      this.heardOf(object, result);
      return;
    }
    const input = { kind: objectClass, id: parent === undefined ? id : `${parent}/${id}` };
    const { result } = await this.link.request("host.look", input, options);
    this.table.absorb([result], this.#outside);
  }

  /** An answer was lost: what belongs to an object may be other than it is known to be, until somebody looks. */
  missed(object: ManagedObject): void {
    this.#missed.add(object.key);
  }

  /** Whether an answer about an object was lost. */
  hasMissed(object: ManagedObject): boolean {
    return this.#missed.has(object.key);
  }

  /** Takes over what an object is, with all that belongs to it. */
  heardOf(object: ManagedObject, family: readonly Change[]): void {
    this.#missed.delete(object.key);
    this.table.absorbFamily(family, { id: object.id, doer: this.#outside });
  }

  grantedPaths(): readonly string[] {
    return [...this.table.all("pool")].flatMap(({ config }) => poolTarget(config) ?? []);
  }

  onEvent(listener: (event: DriverEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  close(): Promise<void> {
    this.#closing.abort(new VirtError("cancelled", "The connection is closed"));
    this.#changes[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    return this.link.close();
  }

  /** A guest does something by itself after a while: it was asked to shut down, or it boots. */
  guestLater(
    deed: "guest.power-off" | "guest.boot",
    { id, guestId, afterMs }: { readonly id: string; readonly guestId: number; readonly afterMs: number },
  ): void {
    const timer = this.#environment.clock.after(afterMs, () => {
      this.#timers.delete(timer);
      this.#booting.delete(guestId);
      if (deed === "guest.boot") this.link.happen(deed, { id, guestId });
      else this.link.happen(deed, { id, guestId, reason: "shutdown" });
    });
    this.#timers.add(timer);
  }

  /** A guest that was let run comes up after a while, also where who let it run is gone. */
  #bootLater(id: string, guest: Guest | undefined): void {
    if (guest?.booting !== true || guest.state !== "running" || this.#booting.has(guest.id)) return;
    this.#booting.add(guest.id);
    this.guestLater("guest.boot", { id, guestId: guest.id, afterMs: guest.bootMs ?? 0 });
  }

  /** Reads everything again, for those who do not know what to look for. */
  async readAgain(job: Job): Promise<void> {
    const { result } = await job.hop(
      "host.enumerate",
      (signal) => this.link.request("host.enumerate", { id: "host" }, { token: job.token, signal }),
      { acts: false, offline: true },
    );
    this.table.absorbAll(result, this.#outside);
  }

  /** How objects change by a job's own doing. */
  doerOf(job: Job): Doer {
    return {
      outside: false,
      goLive: (object, live) => object === job.object ? job.goLive(live) : object.goLive(live),
      goDown: (object) => object === job.object ? job.goDown() : object.goDown(),
      remove: (object) => object === job.object ? job.remove() : object.remove(),
      emit: (object, { type, detail }) =>
        job.emit(type, { object, ...(detail === undefined ? {} : { detail }) }),
    };
  }

  /** How objects change by somebody else's doing. */
  get outsider(): Doer {
    return this.#outside;
  }

  readonly #outside: Doer = {
    outside: true,
    goLive: (object, live) => object.goLive(live),
    goDown: (object) => object.goDown(),
    remove: (object) => object.remove(),
    emit: (object, event) => {
      for (const listener of [...this.#listeners]) listener({ object, ...event });
    },
  };

  get #token(): FencingToken {
    return { epoch: this.#environment.epoch, counter: 0 };
  }

  /** Reads everything, in the background; success and failure open the gate. */
  #enumerate(why?: string): void {
    this.link.request("host.enumerate", { id: "host" }, { token: this.#token, signal: this.#closing.signal })
      .then(
        ({ result }) => {
          this.table.absorbAll(result, this.#outside);
          if (why !== undefined) this.#outside.emit(this.self, { type: "resync", detail: why });
          this.ready.open();
        },
        (error: unknown) => this.ready.fail(error),
      );
  }
}

/** The connection of a job of this driver. */
export function connectionOf(job: Pick<Job, "connection">): TestConnection {
  if (job.connection instanceof TestConnection) return job.connection;
  throw new VirtError("internal", "A job of another driver came to the test driver");
}
