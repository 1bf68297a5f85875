/**
 * All objects of a connection, as far as they have been seen.
 *
 * Answers overtake each other: a list that was asked for before a domain started may arrive after it. So each look has
 * the moments at which it was asked for and answered, and an older one never overwrites a newer one. Where two overlap and
 * differ, neither is believed: somebody has to look again.
 *
 * @module
 */
import { ManagedObject } from "../../runtime/object.ts";
import type { Identity, RemoteClass, RemoteFacts, RemoteLive, RemoteObject, Sighting } from "./object.ts";

/** On whose behalf objects change: the job that did it, or nobody of ours. */
export interface Doer {
  goLive(object: RemoteObject, live: RemoteLive): void;
  goDown(object: RemoteObject): void;
  remove(object: RemoteObject): void;
  /** Whether the change came from elsewhere. */
  readonly outside: boolean;
}

/** How something was seen. */
export interface Seen {
  /** The moment before the question went out; see {@linkcode ObjectTable.moment}. */
  readonly askedAt: number;
  readonly doer: Doer;
}

/** Which objects a list was about. */
export interface ListScope {
  readonly objectClass: RemoteClass;
  readonly parent?: string;
}

/** What the table needs of the connection. */
export interface ObjectTableOptions {
  readonly host: string;
  readonly driver: string;
  /** Two looks contradict each other: the object is to be looked at again. */
  readonly onDoubt: (identity: Identity) => void;
  /** Whether a job of ours acts on the object right now: it says itself what has become of it. */
  readonly isBusy: (identity: Pick<Identity, "objectClass" | "id" | "parent">) => boolean;
}

/** How many objects that are gone are remembered. */
const mostGone = 10_000;

/** All objects of a connection. */
export class ObjectTable {
  readonly #options: ObjectTableOptions;
  readonly #objects = new Map<string, RemoteObject>();
  readonly #names = new Map<string, string>();
  /** The keys of a class, or of what one object holds. */
  readonly #members = new Map<string, Set<string>>();
  /** What has been removed, and when: an older answer must not bring it back. The latest of them, in order. */
  readonly #gone = new Map<string, number>();
  #moment = 0;

  constructor(options: ObjectTableOptions) {
    this.#options = options;
  }

  /** A new moment, later than all before it. */
  moment(): number {
    return ++this.#moment;
  }

  /** Every object. */
  everything(): Iterable<RemoteObject> {
    return this.#objects.values();
  }

  /** The objects of a class, those within `parent` where that is given. */
  *all(objectClass: RemoteClass, parent?: string): Iterable<RemoteObject> {
    for (const key of this.#members.get(groupOf({ objectClass, parent })) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield object;
    }
  }

  /** The object with an id; a snapshot's and a volume's is its name, within its parent. */
  byId(objectClass: RemoteClass, id: string, parent?: string): RemoteObject | undefined {
    return this.#objects.get(keyOf({ objectClass, id, parent }));
  }

  /** The object that was last seen under a name. */
  byName(objectClass: RemoteClass, name: string, parent?: string): RemoteObject | undefined {
    const key = this.#names.get(nameKeyOf({ objectClass, name, parent }));
    return key === undefined ? undefined : this.#objects.get(key);
  }

  /** An object that nobody has seen yet: it is known by its reference alone, and enters the table when it is seen. */
  provisional(identity: Identity): RemoteObject {
    return this.#make(identity, { askedAt: -1, seenAt: -1 });
  }

  /** Takes over what was seen of an object. `undefined` where there is doubt, or something newer is known. */
  absorb(sighting: Sighting, seen: Seen, known?: RemoteObject): RemoteObject | undefined {
    const key = keyOf(sighting);
    const present = this.#objects.get(key);
    if (seen.doer.outside && this.#options.isBusy(sighting)) return present;
    if (seen.askedAt < (present?.facts.seenAt ?? this.#gone.get(key) ?? -1)) {
      if (present === undefined || !isAsSeen(present, sighting)) this.#options.onDoubt(sighting);
      else learnDefinition(present, sighting);
      return present;
    }
    const object = present ?? this.#enter(key, known ?? this.provisional(sighting));
    this.#follow(object, { sighting, seen, isNew: present === undefined && known === undefined });
    return object;
  }

  /** Takes over that an object is not there; `known` is one that the table may not have seen. */
  absorbGone(
    identity: Pick<Identity, "objectClass" | "id" | "parent">,
    { askedAt, doer }: Seen,
    known?: RemoteObject,
  ): void {
    const key = keyOf(identity);
    const object = this.#objects.get(key);
    if (object === undefined) {
      if (known !== undefined && known.phase !== "removed") doer.remove(known);
      return;
    }
    if (doer.outside && this.#options.isBusy(identity)) return;
    if (askedAt < object.facts.seenAt) {
      this.#options.onDoubt({ ...identity, name: object.name });
      return;
    }
    this.#remove(key, { object, doer });
  }

  /** Takes over everything of a class, or everything that an object holds: what is known and not among it is gone. */
  absorbAll(scope: ListScope, sightings: readonly Sighting[], seen: Seen): readonly RemoteObject[] {
    const found = sightings.flatMap((sighting) => this.absorb(sighting, seen) ?? []);
    const present = new Set(sightings.map(keyOf));
    const { objectClass, parent } = scope;
    for (const key of [...this.#members.get(groupOf(scope)) ?? []]) {
      const object = present.has(key) ? undefined : this.#objects.get(key);
      if (object === undefined) continue;
      this.absorbGone({ objectClass, id: object.id, ...(parent === undefined ? {} : { parent }) }, seen);
    }
    return found;
  }

  #enter(key: string, object: RemoteObject): RemoteObject {
    this.#objects.set(key, object);
    this.#gone.delete(key);
    const objectClass = object.objectClass as RemoteClass;
    for (
      const group of new Set([groupOf({ objectClass }), groupOf({ objectClass, parent: object.parent })])
    ) {
      this.#members.getOrInsertComputed(group, () => new Set()).add(key);
    }
    this.#name(key, object);
    return object;
  }

  #make(identity: Identity, facts: RemoteFacts): RemoteObject {
    const { host, driver } = this.#options;
    const { objectClass, id, name, parent, key } = identity;
    return new ManagedObject<RemoteLive, RemoteFacts>({
      host,
      driver,
      objectClass,
      id,
      name,
      config: "",
      facts: key === undefined ? facts : { ...facts, key },
      ...(parent === undefined ? {} : { parent }),
    });
  }

  /** Brings an object to where the thing outside is. */
  #follow(
    object: RemoteObject,
    { sighting, seen, isNew }: { readonly sighting: Sighting; readonly seen: Seen; readonly isNew: boolean },
  ): void {
    const { doer, askedAt } = seen;
    const { generation } = object;
    const { live, persistent, definition } = sighting;
    const changed = object.name !== sighting.name ||
      (persistent !== undefined && persistent !== object.persistent) ||
      (definition !== undefined && object.facts.definition !== undefined &&
        definition !== object.facts.definition);
    if (live === undefined) {
      if (object.live !== undefined) doer.goDown(object);
    } else if (object.live === undefined) {
      doer.goLive(object, live);
    } else if (object.live.id !== live.id) {
      // It was stopped and started again meanwhile.
      doer.goDown(object);
      doer.goLive(object, live);
    }
    if (object.name !== sighting.name) {
      this.#unname(object);
      object.name = sighting.name;
      this.#name(keyOf(sighting), object);
    }
    if (persistent !== undefined) object.persistent = persistent;
    takeDefinition(object, sighting);
    const { state: _before, ...kept } = object.facts;
    object.facts = {
      ...kept,
      askedAt,
      seenAt: this.moment(),
      ...(sighting.state === undefined ? {} : { state: sighting.state }),
      ...(definition === undefined ? {} : { definition }),
      ...(sighting.key === undefined ? {} : { key: sighting.key }),
    };
    if (doer.outside && changed && !isNew && object.generation === generation) object.changedOutside();
  }

  #remove(key: string, { object, doer }: { readonly object: RemoteObject; readonly doer: Doer }): void {
    const objectClass = object.objectClass as RemoteClass;
    this.#objects.delete(key);
    this.#forgetOldest();
    this.#gone.set(key, this.moment());
    for (const group of [groupOf({ objectClass }), groupOf({ objectClass, parent: object.parent })]) {
      this.#members.get(group)?.delete(key);
    }
    this.#unname(object);
    if (object.live !== undefined) doer.goDown(object);
    doer.remove(object);
    // What it held is gone with it.
    for (
      const [held, holder] of [["snapshot", "domain"], ["volume", "pool"], [
        "networkPort",
        "network",
      ]] as const
    ) {
      if (objectClass !== holder) continue;
      for (const inside of [...this.all(held, object.id)]) {
        this.#remove(keyOf({ objectClass: held, id: inside.id, parent: object.id }), {
          object: inside,
          doer,
        });
      }
    }
  }

  /** Answers come within minutes: what went long before them is not asked for any more. */
  #forgetOldest(): void {
    if (this.#gone.size < mostGone) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      return;
    }
  }

  #name(key: string, { objectClass, name, parent }: RemoteObject): void {
    this.#names.set(nameKeyOf({ objectClass: objectClass as RemoteClass, name, parent }), key);
  }

  #unname({ objectClass, id, name, parent }: RemoteObject): void {
    const nameKey = nameKeyOf({ objectClass: objectClass as RemoteClass, name, parent });
    const key = keyOf({ objectClass: objectClass as RemoteClass, id, parent });
    if (this.#names.get(nameKey) === key) this.#names.delete(nameKey);
  }
}

/** Where a sighting tells definitions, the object has them from then on. */
function takeDefinition(object: RemoteObject, { definition, liveDefinition }: Sighting): void {
  if (object.live === undefined) {
    if (definition !== undefined) object.define(definition);
    return;
  }
  if (liveDefinition !== undefined && liveDefinition !== object.config) object.redefineLive(liveDefinition);
  if (definition !== undefined) object.definePersistent(definition);
}

/** A look that says nothing new may still have seen a definition that nobody had asked for before. */
function learnDefinition(object: RemoteObject, sighting: Sighting): void {
  const { definition } = sighting;
  if (definition === undefined || object.facts.definition !== undefined) return;
  takeDefinition(object, sighting);
  object.facts = { ...object.facts, definition };
}

function isAsSeen(object: RemoteObject, { name, live, persistent, definition }: Sighting): boolean {
  return object.name === name && (object.live === undefined) === (live === undefined) &&
    object.live?.id === live?.id && (persistent === undefined || persistent === object.persistent) &&
    (definition === undefined || object.facts.definition === undefined ||
      definition === object.facts.definition);
}

interface Place {
  readonly objectClass: RemoteClass;
  readonly parent?: string | undefined;
}

function groupOf({ objectClass, parent }: Place): string {
  return parent === undefined ? objectClass : `${objectClass}/${parent}`;
}

/** The key of an object within its connection. */
export function keyOf({ objectClass, id, parent }: Place & { readonly id: string }): string {
  return parent === undefined ? `${objectClass}\0${id}` : `${objectClass}\0${parent}\0${id}`;
}

function nameKeyOf({ objectClass, name, parent }: Place & { readonly name: string }): string {
  return `${objectClass}\0${parent ?? ""}\0${name}`;
}
