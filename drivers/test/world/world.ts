/**
 * The records of the simulated outside world, and how one effect changes them: all of it or nothing.
 *
 * @module
 */
import { VirtError } from "../../../model/error.ts";
import { type Change, type HostRecord, type RecordKind, recordKinds, type Records } from "./record.ts";

/** The tables of the world. */
type Tables = { readonly [K in RecordKind]: Map<string, Records[K]> };

/** A record before it has been given its revision. */
type Draft<K extends RecordKind> = Omit<Records[K], "revision">;

function emptyTables(): Tables {
  return {
    host: new Map(),
    domain: new Map(),
    snapshot: new Map(),
    checkpoint: new Map(),
    network: new Map(),
    pool: new Map(),
    volume: new Map(),
    interface: new Map(),
    nodeDevice: new Map(),
    secret: new Map(),
    file: new Map(),
  };
}

/** Everything that is outside, as of the last effect. */
export class World {
  readonly #tables: Tables = emptyTables();
  /** Values of secrets, in base64, by id. */
  readonly #secrets = new Map<string, string>();
  /** Ids by kind and name, of things whose names nobody else of their kind has. */
  readonly #names = new Map<string, string>();
  #revision = 0;

  /** Takes over a change as it is; for loading and for the end of an effect. */
  apply(change: Change): void {
    const table: Map<string, Change["record"]> = this.#tables[change.kind];
    this.#rename(change.kind, { before: table.get(change.id), after: change.record });
    if (change.record === undefined) table.delete(change.id);
    else table.set(change.id, change.record);
    this.#revision = Math.max(this.#revision, change.revision);
  }

  get<K extends RecordKind>(kind: K, id: string): Records[K] | undefined {
    return this.#tables[kind].get(id);
  }

  all<K extends RecordKind>(kind: K): IterableIterator<Records[K]> {
    return this.#tables[kind].values();
  }

  /** The id of the thing of a kind with a name. */
  idOf(kind: RecordKind, name: string): string | undefined {
    return this.#names.get(`${kind}/${name}`);
  }

  #rename(
    kind: RecordKind,
    { before, after }: { readonly before: Change["record"]; readonly after: Change["record"] },
  ): void {
    if (before !== undefined && "name" in before && this.idOf(kind, before.name) === before.id) {
      this.#names.delete(`${kind}/${before.name}`);
    }
    if (after !== undefined && "name" in after) this.#names.set(`${kind}/${after.name}`, after.id);
  }

  /** What a thing is now, or that it is not. */
  changeOf(kind: RecordKind, id: string): Change {
    const record = this.get(kind, id);
    return {
      kind,
      id,
      revision: record?.revision ?? this.#revision,
      ...(record === undefined ? {} : { record }),
    } as Change;
  }

  /** Every record, as changes from nothing. */
  everything(): readonly Change[] {
    return recordKinds.flatMap((kind) => [...this.#tables[kind].keys()].map((id) => this.changeOf(kind, id)));
  }

  /** A secret's value, in base64. */
  secretOf(id: string): string | undefined {
    return this.#secrets.get(id);
  }

  /** Sets or forgets a secret's value. */
  keepSecret(id: string, value: string | undefined): void {
    if (value === undefined) this.#secrets.delete(id);
    else this.#secrets.set(id, value);
  }

  /** Begins an effect. */
  begin(): Transaction {
    return new Transaction(this, this.#revision);
  }
}

/** What one effect reads and changes. Nothing is visible to others before it is committed. */
export class Transaction {
  readonly #world: World;
  readonly #changes = new Map<string, Change>();
  readonly #secrets = new Map<string, string | undefined>();
  #revision: number;

  constructor(world: World, revision: number) {
    this.#world = world;
    this.#revision = revision;
  }

  get changes(): readonly Change[] {
    return [...this.#changes.values()];
  }

  get<K extends RecordKind>(kind: K, id: string): Records[K] | undefined {
    const change = this.#changes.get(`${kind}/${id}`);
    if (change === undefined) return this.#world.get(kind, id);
    return change.record as Records[K] | undefined;
  }

  /**
   * The record, which must be there.
   *
   * @throws {VirtError} `not-found`.
   */
  need<K extends RecordKind>(kind: K, id: string): Records[K] {
    const record = this.get(kind, id);
    if (record === undefined) {
      throw new VirtError("not-found", `The hypervisor knows no ${kind} "${id}"`);
    }
    return record;
  }

  /** The id of the thing that had a name before the effect. */
  idOf(kind: "domain" | "network" | "pool" | "secret", name: string): string | undefined {
    return this.#world.idOf(kind, name);
  }

  *all<K extends RecordKind>(kind: K): Generator<Records[K]> {
    for (const record of this.#world.all(kind)) {
      const change = this.#changes.get(`${kind}/${record.id}`);
      if (change === undefined) yield record;
      else if (change.record !== undefined) yield change.record as Records[K];
    }
    for (const change of this.#changes.values()) {
      if (change.kind !== kind || change.record === undefined) continue;
      if (this.#world.get(kind, change.id) === undefined) yield change.record as Records[K];
    }
  }

  put<K extends RecordKind>(kind: K, draft: Draft<K>): void {
    const record = { ...draft, revision: ++this.#revision };
    this.#changes.set(`${kind}/${record.id}`, {
      kind,
      id: record.id,
      revision: record.revision,
      record,
    } as unknown as Change);
  }

  remove(kind: RecordKind, id: string, why?: string): void {
    this.#changes.set(`${kind}/${id}`, {
      kind,
      id,
      revision: ++this.#revision,
      ...(why === undefined ? {} : { why }),
    } as Change);
  }

  /** Values of secrets that the effect sets or removes. */
  get secrets(): ReadonlyMap<string, string | undefined> {
    return this.#secrets;
  }

  /** A secret's value before the effect, in base64. */
  secretOf(id: string): string | undefined {
    return this.#world.secretOf(id);
  }

  /** Sets or removes a secret's value. */
  keepSecret(id: string, value: string | undefined): void {
    this.#secrets.set(id, value);
  }

  /** Everything that existed before the effect. */
  everything(): readonly Change[] {
    return this.#world.everything();
  }

  /** What a domain or a pool was before the effect, with all that belongs to it. */
  familyOf(kind: "domain" | "pool", id: string): readonly Change[] {
    const children = kind === "pool"
      ? [...this.all("volume")].filter(({ pool }) => pool === id).map((volume) =>
        ["volume", volume.id] as const
      )
      : (["snapshot", "checkpoint"] as const).flatMap((each) =>
        [...this.all(each)].filter(({ domain }) => domain === id).map((moment) => [each, moment.id] as const)
      );
    return [this.changeOf(kind, id), ...children.map(([each, child]) => this.changeOf(each, child))];
  }

  /** What a thing was before the effect. */
  changeOf(kind: RecordKind, id: string): Change {
    return this.#world.changeOf(kind, id);
  }

  get host(): HostRecord {
    return this.need("host", "host");
  }
}
