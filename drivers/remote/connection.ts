/**
 * A connection to a hypervisor behind somebody else's libvirtd.
 *
 * The world over there is the truth. What is kept here are the objects that the kernel needs: their keys and slots, whether
 * they are alive, and a generation that grows when somebody else changed them. They follow what was seen:
 *
 * - lists and look-ups always ask, and take over what they found ({@linkcode listObjects}, {@linkcode lookUpObject});
 * - an act looks at its object within the same hop, and takes that over as its own doing (`act.ts`);
 * - an event is a hint: it leads to a look, unless a job of ours acts on the object, which then looks itself;
 * - after a break everything is read again.
 *
 * A family of operations (`domain_life_cycle.ts`, `network.ts`, …) needs of all this only `act.ts`, the functions at the
 * end of this file, and `object.ts` for what it sees. How to write one is told in `act.ts`.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { ConnectionUri } from "../../model/uri.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type {
  DriverConnection,
  DriverEnvironment,
  DriverEvent,
  DriverMap,
  Job,
} from "../../runtime/driver.ts";
import { Gate } from "../../runtime/gate.ts";
import { ManagedObject } from "../../runtime/object.ts";
import { poolTarget } from "../definition.ts";
import { listenToEvents } from "./events.ts";
import { Hints } from "./hints.ts";
import { enumerate, type HostIdentity, identifyHost } from "./identity.ts";
import { Lanes } from "./lanes.ts";
import { Line } from "./line.ts";
import { classAccess, holders, type LookOptions } from "./look.ts";
import {
  type Identity,
  identityOf,
  type RemoteClass,
  type RemoteFacts,
  type RemoteLive,
  type RemoteObject,
  type Sighting,
} from "./object.ts";
import { Occupations } from "./occupation.ts";
import { Session } from "./session.ts";
import { offeredBy } from "./support.ts";
import { type Doer, ObjectTable } from "./table.ts";

/** What a connection is made with. */
export interface RemoteConnectionOptions {
  readonly uri: ConnectionUri;
  readonly environment: DriverEnvironment;
  /** An open connection, and who answers there. */
  readonly rpc: RpcConnection;
  readonly identity: HostIdentity;
  /** Opens another one after a break. */
  readonly connect: (signal: AbortSignal) => Promise<RpcConnection>;
  readonly implementations: DriverMap;
}

/** An open connection. */
export class RemoteConnection implements DriverConnection {
  readonly host: string;
  readonly driver: string;
  readonly uri: ConnectionUri;
  readonly self: RemoteObject;
  /** Who answers over there. */
  readonly identity: HostIdentity;
  /** Everything that was seen. */
  readonly table: ObjectTable;
  readonly #session: Session;
  readonly #listeners = new Set<(event: DriverEvent) => void>();
  readonly #hints = new Hints((identity) => this.#follow(identity));
  readonly #occupations = new Occupations((identity) => this.#hints.add(identity));
  readonly #connect: (signal: AbortSignal) => Promise<RpcConnection>;
  readonly #apart = new Set<RpcConnection>();
  readonly #lanes: Lanes;
  readonly #closing = new AbortController();
  /** The connection that is, or was last, made ready. */
  #fresh: RpcConnection | undefined;
  #ready = new Gate();
  readonly #all: DriverMap;
  #offered: DriverMap;
  #missing: ReadonlySet<RemoteClass> = new Set();

  constructor({ uri, environment, rpc, identity, connect, implementations }: RemoteConnectionOptions) {
    this.uri = uri;
    this.host = identity.host;
    this.driver = identity.driver;
    this.identity = identity;
    this.#all = { ...environment.operations, ...implementations };
    this.#offered = offeredBy(identity, { implementations: this.#all, missing: new Set() });
    this.#connect = connect;
    this.#lanes = new Lanes({ clock: environment.clock, open: (signal) => this.apart(signal) });
    this.table = new ObjectTable({
      host: this.host,
      driver: this.driver,
      onDoubt: (doubtful) => this.hear(doubtful),
      isBusy: (object) => this.#occupations.has(object),
    });
    this.self = new ManagedObject<RemoteLive, RemoteFacts>({
      host: this.host,
      driver: this.driver,
      objectClass: "connection",
      id: "self",
      name: uri.text,
      config: "",
      facts: { askedAt: -1, seenAt: -1 },
    });
    this.#session = new Session(rpc, {
      name: uri.text,
      clock: environment.clock,
      connect,
      prepare: (fresh, signal) => this.#prepare(fresh, signal),
    });
  }

  /** Opens when everything was read; where that fails, there is another one for the next try. */
  get ready(): Gate {
    return this.#ready;
  }

  /** Classes that the far side does not have. */
  get missing(): ReadonlySet<RemoteClass> {
    return this.#missing;
  }

  /** What can be done there; known better when everything was read. */
  get implementations(): DriverMap {
    return this.#offered;
  }

  find({ $ref, id, parent }: Pick<ObjectRef, "$ref" | "id" | "parent">): ManagedObject | undefined {
    if ($ref === "connection") return this.self as ManagedObject;
    const known = this.table.byId($ref, id, parent);
    if (known !== undefined) return known as ManagedObject;
    // What is inside of something else is not read beforehand: whether it is there is for the far side to say.
    const holder = holders[$ref];
    if (holder === undefined || parent === undefined || this.table.byId(holder, parent) === undefined) {
      return undefined;
    }
    return this.table.provisional({ objectClass: $ref, id, name: id, parent }) as ManagedObject;
  }

  objects(): Iterable<ManagedObject> {
    return this.table.everything() as Iterable<ManagedObject>;
  }

  async look(object: ManagedObject, signal: AbortSignal): Promise<void> {
    if (object.objectClass === "connection") return void await this.line(signal);
    await this.see(object as RemoteObject, { signal, definition: true });
  }

  /**
   * Looks at an object and takes over what is there, as somebody else's doing.
   *
   * @throws {VirtError} whatever the far side answers, but not that it is gone.
   */
  async see(
    object: RemoteObject,
    { signal, ...options }: LookOptions & { readonly signal: AbortSignal },
  ): Promise<void> {
    const line = await this.line(signal);
    const identity = identityOf(object);
    const sighting = await this.sight(line, identity, options);
    const seen = { askedAt: line.askedAt, doer: this.outsider };
    if (sighting !== undefined) this.table.absorb(sighting, seen, object);
    else this.table.absorbGone(identity, seen, object);
  }

  /** What is there of an object now; `undefined` where nothing is. */
  async sight(line: Line, identity: Identity, options: LookOptions = {}): Promise<Sighting | undefined> {
    const { objectClass, parent } = identity;
    const holder = holders[objectClass];
    const around = holder === undefined || parent === undefined ? undefined : this.table.byId(holder, parent);
    return await classAccess[objectClass].look(line, identity, {
      ...options,
      ...(around === undefined ? {} : { parent: identityOf(around) }),
    });
  }

  /**
   * The far side, as soon as it can be reached. What is urgent goes past calls that are not answered.
   *
   * @throws {VirtError} `unreachable` where the signal aborts before; nothing has been sent.
   */
  async line(signal: AbortSignal, { urgent = false }: { readonly urgent?: boolean } = {}): Promise<Line> {
    const rpc = await this.#session.up(signal);
    return new Line(rpc, { signal, urgent, lanes: this.#lanes, askedAt: this.table.moment() });
  }

  /**
   * A connection of its own, for one call that takes long: a libvirtd answers each client only so many calls at a time,
   * and a few migrations would leave no room for those that look after them. Whoever opens it closes it.
   *
   * @throws {VirtError} `unreachable`; nothing has been sent.
   */
  async apart(signal: AbortSignal): Promise<RpcConnection> {
    const rpc = await this.#connect(AbortSignal.any([signal, this.#closing.signal]));
    this.#apart.add(rpc);
    void rpc.closed.then(() => this.#apart.delete(rpc));
    return rpc;
  }

  /** Something was heard of an object: it is looked at, once no job of ours acts on it. */
  hear(identity: Identity, { redefined = false }: { readonly redefined?: boolean } = {}): void {
    if (this.#occupations.hear(identity)) return;
    const known = this.table.byId(identity.objectClass, identity.id, identity.parent);
    // Where nobody knows what the definition was, it cannot be seen that it is another one.
    if (redefined && known?.facts.definition === undefined) known?.changedOutside();
    this.#hints.add(identity);
  }

  /** A job begins to act on objects. */
  occupy(objects: readonly RemoteObject[]): Disposable {
    return this.#occupations.begin(objects);
  }

  /** What may not be read stays as it was: nothing is granted by labels that nobody has seen. */
  async describe(objects: readonly ManagedObject[], signal: AbortSignal): Promise<void> {
    await Promise.all(objects.map(async (object) => {
      try {
        await this.see(object as RemoteObject, { signal, definition: true, liveDefinition: true });
      } catch (error) {
        if (!isVirtError(error) || error.remoteCode === undefined) throw error;
      }
    }));
  }

  grantedPaths(): readonly string[] {
    return [...this.table.all("pool")].flatMap(({ persistentConfig }) => poolTarget(persistentConfig) ?? []);
  }

  onEvent(listener: (event: DriverEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#closing.abort(new VirtError("cancelled", "The connection is closed"));
    this.#hints.close();
    this.#listeners.clear();
    if (!this.#ready.settled) this.#ready.fail(this.#closing.signal.reason);
    this.#lanes.close();
    await Promise.all([...this.#apart].map((rpc) => rpc.close()));
    await this.#session.close();
  }

  /** How objects change by a job's own doing. */
  doerOf(job: Job<RemoteLive, RemoteFacts>): Doer {
    return {
      outside: false,
      goLive: (object, live) => object === job.object ? job.goLive(live) : object.goLive(live),
      goDown: (object) => object === job.object ? job.goDown() : object.goDown(),
      remove: (object) => object === job.object ? job.remove() : object.remove(),
    };
  }

  /** How objects change by somebody else's doing. */
  readonly outsider: Doer = {
    outside: true,
    goLive: (object, live) => object.goLive(live),
    goDown: (object) => object.goDown(),
    remove: (object) => object.remove(),
  };

  /** Tells subscribers what happened. */
  emit(event: DriverEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Makes a fresh connection ready: events first, so that nothing falls between them and the reading. */
  async #prepare(rpc: RpcConnection, signal: AbortSignal): Promise<void> {
    const first = !this.#ready.settled;
    try {
      if (!first) await this.#refuseOtherHost(rpc);
      this.#hints.clear();
      this.#fresh = rpc;
      await listenToEvents(rpc, { signal, connection: this });
      this.#missing = await enumerate(this, rpc, signal);
      this.#offered = offeredBy(this.identity, { implementations: this.#all, missing: this.#missing });
    } catch (error) {
      const { ready } = this;
      if (first && !signal.aborted) {
        this.#ready = new Gate();
        ready.fail(error);
      }
      throw error;
    }
    if (first) this.#ready.open();
    else {this.emit({
        object: this.self as ManagedObject,
        type: "resync",
        detail: "the connection was broken",
      });}
  }

  async #refuseOtherHost(rpc: RpcConnection): Promise<void> {
    const { host, driver } = await identifyHost(rpc, this.uri);
    if (host === this.host && driver === this.driver) return;
    throw new VirtError(
      "unreachable",
      `Cannot go on with "${this.uri.text}": it leads to another host than before`,
      { detail: { mayHaveActed: false } },
    );
  }

  /** A look that nobody waits for. What cannot be seen now is seen when the connection is back. */
  async #follow(identity: Identity): Promise<void> {
    // What is heard while everything is read anew may have happened behind the reading.
    const rpc = this.#session.rpc ?? this.#fresh;
    if (rpc === undefined) return;
    const line = new Line(rpc, {
      signal: this.#closing.signal,
      lanes: this.#lanes,
      askedAt: this.table.moment(),
    });
    const known = this.table.byId(identity.objectClass, identity.id, identity.parent);
    try {
      const definition = known?.facts.definition !== undefined;
      const sighting = await this.sight(line, known === undefined ? identity : identityOf(known), {
        definition,
      });
      const seen = { askedAt: line.askedAt, doer: this.outsider };
      if (sighting === undefined) this.table.absorbGone(identity, seen);
      else this.table.absorb(sighting, seen);
    } catch {
      // A link that broke is opened again, and everything is read then; what may not be seen stays as it was.
    }
  }
}

/** The connection of a job of this driver. */
export function connectionOf(job: Pick<Job, "connection">): RemoteConnection {
  if (job.connection instanceof RemoteConnection) return job.connection;
  throw new VirtError("internal", "A job of another driver came to the remote driver");
}
