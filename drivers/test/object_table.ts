/**
 * All objects of a connection, kept in step with what is outside.
 *
 * An object changes only by {@linkcode ObjectTable.absorb}, that is, after the change outside has succeeded: an
 * operation that fails leaves names, trees, counts and definitions as they were.
 *
 * @module
 */
import { ManagedObject } from "../../runtime/object.ts";
import { MomentTree } from "../moment_tree.ts";
import { isTalk, lifeCycles } from "./life_cycle.ts";
import { type Form, forms, isTestClass, type TestClass, type TestObject } from "./object.ts";
import type { Change, CheckpointRecord, DomainRecord, HostRecord, Records } from "./world/record.ts";

/** On whose behalf objects change: the job that did it, or nobody of ours. */
export interface Doer {
  goLive(object: ManagedObject, live: unknown): void;
  goDown(object: ManagedObject): void;
  remove(object: ManagedObject): void;
  emit(object: ManagedObject, event: { readonly type: string; readonly detail?: string }): void;
  /** Whether the change came from elsewhere. */
  readonly outside: boolean;
}

/** Hears how a domain is. */
export type DomainWatcher = (id: string, record: DomainRecord | undefined) => void;

type Tables = { readonly [C in TestClass]: Map<string, TestObject<C>> };

/** All objects of a connection. */
export class ObjectTable {
  readonly #origin: { readonly host: string; readonly driver: string };
  readonly #tables: Tables = {
    domain: new Map(),
    snapshot: new Map(),
    network: new Map(),
    pool: new Map(),
    volume: new Map(),
    interface: new Map(),
    nodeDevice: new Map(),
    secret: new Map(),
  };
  readonly #names = new Map<string, string>();
  readonly #trees = new Map<string, MomentTree>();
  readonly #checkpoints = new Map<string, Map<string, CheckpointRecord>>();
  /** What has been removed, with the revision at which it was: older news of it must not bring it back. */
  readonly #gone = new Map<string, number>();
  /** Who wants to hear how domains are, and of which. */
  readonly #watchers = new Set<DomainWatcher>();
  #host: HostRecord | undefined;

  constructor(origin: { readonly host: string; readonly driver: string }) {
    this.#origin = origin;
  }

  /** The host, once it has been read. */
  get host(): HostRecord | undefined {
    return this.#host;
  }

  /** All objects of a class, in the order in which they were found. */
  all<C extends TestClass>(objectClass: C): MapIterator<TestObject<C>> {
    return this.#tables[objectClass].values();
  }

  /** Every object. */
  *everything(): Iterable<ManagedObject> {
    for (const table of Object.values(this.#tables)) yield* table.values();
  }

  /** The object with an id; a snapshot's and a volume's is its name, within its parent. */
  byId<C extends TestClass>(objectClass: C, id: string, parent?: string): TestObject<C> | undefined {
    return this.#tables[objectClass].get(parent === undefined ? id : `${parent}/${id}`);
  }

  byName<C extends TestClass>(objectClass: C, name: string, parent = ""): TestObject<C> | undefined {
    const id = this.#names.get(`${objectClass}/${parent}/${name}`);
    return id === undefined ? undefined : this.#tables[objectClass].get(id);
  }

  /** The snapshots of a domain. */
  snapshots(domain: string): MomentTree {
    return this.#trees.get(domain) ?? new MomentTree();
  }

  /** The checkpoints of a domain, by name, oldest first. */
  checkpoints(domain: string): ReadonlyMap<string, CheckpointRecord> {
    return this.#checkpoints.get(domain) ?? new Map();
  }

  /** The revision at which an object was last seen. */
  revisionOf(object: ManagedObject): number | undefined {
    const { objectClass, id, parent } = object;
    return isTestClass(objectClass) ? this.byId(objectClass, id, parent)?.facts.record.revision : undefined;
  }

  /** Tells how domains are whenever they have changed; `undefined` is one that is gone. */
  watch(watcher: DomainWatcher): Disposable {
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** Takes over what changed outside. Older news than what is known changes nothing. */
  absorb(changes: readonly Change[], doer: Doer): void {
    for (const change of changes) {
      if (change.kind === "host") this.#host = change.record ?? this.#host;
      else if (change.kind === "checkpoint") this.#absorbCheckpoint(change);
      else if (change.kind !== "file") this.#absorbObject(change.kind, { change, doer });
    }
  }

  /** Takes over everything there is: what is known and not among it is gone. */
  absorbAll(changes: readonly Change[], doer: Doer): void {
    const present = new Set(changes.map(({ kind, id }) => `${kind}/${id}`));
    this.absorb(changes, doer);
    for (const objectClass of Object.keys(this.#tables) as TestClass[]) {
      for (const id of [...this.#tables[objectClass].keys()]) {
        if (!present.has(`${objectClass}/${id}`)) this.#remove(objectClass, { id, doer });
      }
    }
  }

  /** Takes over a domain or a pool with all that belongs to it: what is known of it and not there is gone. */
  absorbFamily(changes: readonly Change[], { id, doer }: { readonly id: string; readonly doer: Doer }): void {
    const present = new Set(changes.map((change) => `${change.kind}/${change.id}`));
    for (const objectClass of ["snapshot", "volume"] as const) {
      for (const [key, { parent }] of [...this.#tables[objectClass]]) {
        if (parent === id && !present.has(`${objectClass}/${key}`)) {
          this.#remove(objectClass, { id: key, doer });
        }
      }
    }
    for (const name of [...this.checkpoints(id).keys()]) {
      if (!present.has(`checkpoint/${id}/${name}`)) this.#checkpoints.get(id)?.delete(name);
    }
    this.absorb(changes, doer);
  }

  #absorbObject<C extends TestClass>(
    objectClass: C,
    { change, doer }: {
      change: { id: string; revision: number; record?: Records[TestClass]; why?: string };
      doer: Doer;
    },
  ): void {
    const { id, revision } = change;
    // The kind of a change says the type of its record.
    const record = change.record as Records[C] | undefined;
    const known = this.#tables[objectClass].get(id);
    const seen = known?.facts.record.revision ?? this.#gone.get(`${objectClass}/${id}`) ?? -1;
    if (revision <= seen) return;
    if (record === undefined) {
      this.#gone.set(`${objectClass}/${id}`, revision);
      this.#remove(objectClass, { id, doer, why: change.why });
      if (objectClass === "domain") this.#tellWatchers(id, undefined);
      return;
    }
    const form = forms[objectClass](record);
    const before = known?.facts.record;
    const object = known ?? this.#create(objectClass, { id, record, form });
    const moved = doer.outside && before !== undefined && !isTalk(before, record);
    this.#follow(object, { form, doer, moved });
    object.facts = { record };
    this.#index(objectClass, { id, object, form, before, record });
    for (const event of lifeCycles[objectClass]({ before, after: record })) doer.emit(object, event);
    if (objectClass === "domain") this.#tellWatchers(id, record as Records["domain"]);
  }

  #tellWatchers(id: string, record: DomainRecord | undefined): void {
    for (const watcher of [...this.#watchers]) watcher(id, record);
  }

  #create<C extends TestClass>(
    objectClass: C,
    { id, record, form }: { id: string; record: Records[C]; form: Form<C> },
  ): TestObject<C> {
    const object: TestObject<C> = new ManagedObject({
      ...this.#origin,
      objectClass,
      id: form.id ?? id,
      name: form.name,
      ...(form.parent === undefined ? {} : { parent: form.parent }),
      config: form.live === undefined ? form.config ?? "" : form.liveConfig ?? form.config ?? "",
      persistent: form.config !== undefined,
      facts: { record },
    });
    this.#tables[objectClass].set(id, object);
    return object;
  }

  /** Brings phase and definitions of an object to where the thing outside is. */
  #follow<C extends TestClass>(
    object: TestObject<C>,
    { form, doer, moved }: { form: Form<C>; doer: Doer; moved: boolean },
  ): void {
    const { generation } = object;
    const plain = object as ManagedObject;
    if (form.live === undefined) {
      if (object.live !== undefined) doer.goDown(plain);
    } else if (object.live === undefined) {
      doer.goLive(plain, form.live);
    } else {
      if (isAnother(object.live, form.live)) {
        doer.goDown(plain);
        doer.goLive(plain, form.live);
      }
      object.refreshLive(form.live);
    }
    if (object.live === undefined) {
      if (form.config !== undefined && form.config !== object.persistentConfig) object.define(form.config);
    } else {
      if (form.liveConfig !== undefined && form.liveConfig !== object.config) {
        object.redefineLive(form.liveConfig);
      }
      // Of a definition that was taken away while it runs nothing waits for a next start.
      const next = form.config ?? form.liveConfig;
      if (next !== undefined && next !== object.persistentConfig) object.definePersistent(next);
    }
    object.persistent = form.config !== undefined;
    if (moved && object.generation === generation) object.changedOutside();
  }

  #remove<C extends TestClass>(
    objectClass: C,
    { id, doer, why }: { id: string; doer: Doer; why?: string | undefined },
  ): void {
    const object = this.#tables[objectClass].get(id);
    if (object === undefined) return;
    const { record } = object.facts;
    const plain = object as ManagedObject;
    if (object.live !== undefined) doer.goDown(plain);
    doer.remove(plain);
    this.#tables[objectClass].delete(id);
    this.#unname(objectClass, { id, name: object.name, parent: object.parent });
    if (objectClass === "snapshot" && object.parent !== undefined) {
      this.#trees.get(object.parent)?.remove(object.id);
    }
    if (objectClass === "domain") {
      this.#trees.delete(id);
      this.#checkpoints.delete(id);
    }
    for (const event of lifeCycles[objectClass]({ before: record, after: undefined, why })) {
      doer.emit(plain, event);
    }
  }

  #index<C extends TestClass>(
    objectClass: C,
    { id, object, form, before, record }: {
      id: string;
      object: TestObject<C>;
      form: Form<C>;
      before: Records[C] | undefined;
      record: Records[C];
    },
  ): void {
    if (before === undefined || object.name !== form.name) {
      this.#unname(objectClass, { id, name: object.name, parent: object.parent });
      object.name = form.name;
      this.#names.set(`${objectClass}/${object.parent ?? ""}/${form.name}`, id);
    }
    if ("domainXml" in record && "disks" in record && "state" in record) {
      const tree = this.#trees.get(record.domain) ?? new MomentTree();
      this.#trees.set(record.domain, tree);
      tree.put(record.name, record.parent);
    }
  }

  #unname(
    objectClass: TestClass,
    { id, name, parent = "" }: { id: string; name: string; parent: string | undefined },
  ): void {
    const key = `${objectClass}/${parent}/${name}`;
    if (this.#names.get(key) === id) this.#names.delete(key);
  }

  #absorbCheckpoint({ id, record }: { readonly id: string; readonly record?: CheckpointRecord }): void {
    const slash = id.indexOf("/");
    const domain = id.slice(0, slash);
    const name = id.slice(slash + 1);
    const known = this.#checkpoints.get(domain) ?? new Map<string, CheckpointRecord>();
    this.#checkpoints.set(domain, known);
    if (record === undefined) known.delete(name);
    else known.set(name, record);
  }
}

/** Whether a guest is another than the one that was known: it was stopped and started meanwhile. */
function isAnother(known: unknown, found: unknown): boolean {
  const id = (value: unknown): unknown =>
    typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return id(known) !== id(found);
}
