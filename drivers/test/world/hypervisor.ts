/**
 * The simulated hypervisor: it performs effects one after the other, each completely or not at all, refuses those
 * of a kernel that has been succeeded, and tells its other clients what changed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { VirtError } from "../../../model/error.ts";
import type { Effect } from "./effect.ts";
import { type EffectName, type EffectResult, effects } from "./effects.ts";
import type { ImageStore } from "./image.ts";
import type { Change } from "./record.ts";
import { type Transaction, World } from "./world.ts";

/** On whose behalf something is asked for, and whether they still may. */
export interface WorldToken {
  /** Which kernel: its state directory, or a name of its own. */
  readonly owner: string;
  readonly epoch: number;
  readonly counter: number;
}

/** One request to the hypervisor. */
export interface WorldRequest<E extends EffectName = EffectName> {
  readonly effect: E;
  readonly input: { readonly id: string } & Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970, by the clock of whoever asks. */
  readonly now: number;
  /** Absent for what nobody asked for: a guest that shuts itself down. */
  readonly token?: WorldToken;
}

/** What the hypervisor answers. */
export interface WorldReply<R = unknown> {
  readonly result: R;
  readonly changes: readonly Change[];
}

/** A line of the effect log. */
export interface EffectLine {
  readonly sequence: number;
  readonly effect: EffectName;
  /** `domain/UUID`. */
  readonly object: string;
  readonly token?: WorldToken;
  /** SHA-256 of the arguments as canonical JSON, in hexadecimal. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An effect that has been performed: what it changed, and its line in the log. */
export interface Done {
  readonly changes: readonly Change[];
  /** Values of secrets that were set, in base64, or removed. */
  readonly secrets: ReadonlyMap<string, string | undefined>;
  readonly line: Omit<EffectLine, "sequence">;
}

/** Keeps the world beyond the life of a process. */
export interface WorldStore extends Disposable {
  readonly images: ImageStore;
  /** Everything that is kept. */
  load(): Iterable<Change>;
  /** The values of secrets that are kept, by id. */
  secrets(): Iterable<readonly [string, string]>;
  /** Keeps an effect with what it changed; durable when it returns. */
  commit(done: Done): void;
  /** Takes back what was written to images since the last commit. */
  rollback(): void;
}

/** Hears what changed. `origin` is the client that asked for it, if one did. */
export type ChangeListener = (changes: readonly Change[], origin: number | undefined) => void;

/** The client of what nobody asked for. */
const nobody = 0;

/** Canonical JSON: keys in order, so that equal arguments have equal digests. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1));
  });
}

function without(input: object, fields: readonly string[]): object {
  return fields.length === 0
    ? input
    : Object.fromEntries(Object.entries(input).filter(([field]) => !fields.includes(field)));
}

/** The digest of an effect's arguments. */
export function digestOf(input: unknown): string {
  return createHash("sha256").update(canonical(input)).digest("hex");
}

/** Clients of a process before this one that had consoles open: nobody gets their numbers. */
function clientsIn(change: Change): readonly number[] {
  if (change.kind !== "domain") return [];
  return Object.values(change.record?.guest?.consoles ?? {}).map(({ line }) => line?.client ?? nobody);
}

/** The simulated hypervisor. */
export class Hypervisor {
  readonly #world = new World();
  readonly #store: WorldStore;
  readonly #listeners = new Map<number, ChangeListener>();
  #clients = 0;

  constructor(store: WorldStore) {
    this.#store = store;
    for (const change of store.load()) {
      this.#world.apply(change);
      this.#clients = Math.max(this.#clients, ...clientsIn(change));
    }
    for (const [id, value] of store.secrets()) this.#world.keepSecret(id, value);
  }

  /** The host's UUID. */
  get hostUuid(): string {
    return this.#world.begin().host.uuid;
  }

  /** How many clients it has. */
  get clients(): number {
    return this.#listeners.size;
  }

  /** A client comes; it is told what others change from here on. */
  attach(listener: ChangeListener): { readonly client: number } & Disposable {
    const client = ++this.#clients;
    this.#listeners.set(client, listener);
    return { client, [Symbol.dispose]: () => void this.#listeners.delete(client) };
  }

  /**
   * Performs one request.
   *
   * @throws {VirtError} whatever the effect throws, and then nothing has happened; `revoked` for a kernel that has
   * been succeeded.
   */
  perform<E extends EffectName>(request: WorldRequest<E>, client?: number): WorldReply<EffectResult<E>> {
    const effect: Effect | undefined = Object.hasOwn(effects, request.effect)
      ? effects[request.effect]
      : undefined;
    if (effect === undefined) {
      throw new VirtError("protocol", `The simulated hypervisor knows no effect "${request.effect}"`);
    }
    const parsed = effect.input.safeParse(request.input);
    if (!parsed.success) {
      throw new VirtError("protocol", `Cannot perform ${request.effect}: its arguments do not fit`, {
        cause: parsed.error,
      });
    }
    const world = this.#world.begin();
    this.#fence(world, request);
    // The table is looked up by a name of which only the caller knows the type.
    const result = this.#attempt(() =>
      effect.perform(world, parsed.data, {
        now: request.now,
        images: this.#store.images,
        client: client ?? nobody,
        isThere: (other) => this.#listeners.has(other),
      })
    ) as EffectResult<E>;
    if (effect.reads) return { result, changes: [] };
    const { changes, secrets } = world;
    this.#store.commit({
      changes,
      secrets,
      line: {
        effect: request.effect,
        object: `${effect.on}/${request.input.id}`,
        ...(request.token === undefined ? {} : { token: request.token }),
        digest: digestOf(without(request.input, effect.withheld)),
        at: request.now,
      },
    });
    for (const change of changes) this.#world.apply(change);
    for (const [id, value] of secrets) this.#world.keepSecret(id, value);
    for (const [other, listener] of this.#listeners) {
      if (other !== client || request.token === undefined) listener(changes, client);
    }
    // Also who found nothing to do hears how the thing is.
    return { result, changes: [...changes, this.#world.changeOf(effect.on, request.input.id)] };
  }

  /** The store goes with it. */
  close(): void {
    this.#store[Symbol.dispose]();
  }

  /** Images are written as an effect goes; what it wrote is taken back when it throws. */
  #attempt<R>(perform: () => R): R {
    try {
      return perform();
    } catch (error) {
      this.#store.rollback();
      throw error;
    }
  }

  #fence(world: Transaction, { token, effect }: WorldRequest): void {
    if (token === undefined) return;
    const { host } = world;
    const highest = host.fences[token.owner] ?? 0;
    if (token.epoch < highest) {
      throw new VirtError(
        "revoked",
        `Cannot perform ${effect}: this kernel (epoch ${token.epoch}) has been succeeded by epoch ${highest}`,
      );
    }
    if (token.epoch > highest) {
      world.put("host", { ...host, fences: { ...host.fences, [token.owner]: token.epoch } });
    }
  }
}
