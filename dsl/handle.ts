/**
 * Handles: what recipes hold of the objects on a host.
 *
 * @module
 */
import type { ObjectClass, ObjectRef } from "../model/object.ts";
import type { OperationName } from "../model/operations/mod.ts";
import type { CallOptions } from "./call_options.ts";
import { Lease } from "./lease.ts";
import type { Objects } from "./objects.ts";
import { asReference } from "./plain.ts";

let insideOf: (handle: Handle) => Objects;

/**
 * What every handle has. It is a name for one object and gives no right to it: each call is checked by the runtime.
 *
 * In a text a handle reads as people call the object, `domain "web-1"`; as JSON it is a reference, and it may be
 * given wherever an operation takes one.
 */
export class Handle<C extends ObjectClass = ObjectClass> implements ObjectRef<C> {
  /** The class of the object. */
  readonly $ref: C;
  /** The name under which the recipe knows the connection; `host` where there is only one. */
  readonly connection: string;
  /** What does not change when the object is renamed: its UUID, or a name where the class has none. */
  readonly id: string;
  /** What people call it; a renamed object's handle keeps the name that it was obtained with. */
  readonly name: string;
  /** The id of the object that holds this one: a snapshot's domain, a volume's pool. */
  declare readonly parent?: string;
  /** How often the object had changed when this handle last heard of it. */
  declare readonly generation?: number;
  readonly #objects: Objects;

  static {
    insideOf = (handle) => handle.#objects;
  }

  /** Handles come from the runtime; a recipe does not make them. */
  constructor(ref: ObjectRef<C>, objects: Objects) {
    this.$ref = ref.$ref;
    this.connection = ref.connection;
    this.id = ref.id;
    this.name = ref.name;
    if (ref.parent !== undefined) this.parent = ref.parent;
    if (ref.generation !== undefined) this.generation = ref.generation;
    this.#objects = objects;
  }

  /**
   * Whether the driver of this object's host supports an operation. Asks nobody: it is known from the start.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function startIfPossible(vm: Domain): Promise<void> {
   *   if (vm.can("domain.start")) await vm.start();
   * }
   * ```
   */
  can(operation: OperationName): boolean {
    return this.#objects.supports(this.connection, operation);
  }

  /** A reference, for JSON. */
  toJSON(): ObjectRef<C> {
    return this[asReference]();
  }

  /** How people call it: `domain "web-1"`. */
  toString(): string {
    return `${this.$ref.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} "${this.name}"`;
  }

  /** @ignore */
  [asReference](): ObjectRef<C> {
    return {
      $ref: this.$ref,
      connection: this.connection,
      id: this.id,
      name: this.name,
      ...(this.parent === undefined ? {} : { parent: this.parent }),
      ...(this.generation === undefined ? {} : { generation: this.generation }),
    };
  }

  /** @ignore */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** A handle of something that can be locked: everything but the host itself. */
export class ObjectHandle<C extends ObjectClass = ObjectClass> extends Handle<C> {
  /**
   * Takes the object for this run alone: other runs and commands of Drover wait until the lease is given back. Within the
   * run nothing changes. It is given back at the end of its block, and at the end of the run at the latest.
   *
   * @throws {VirtError} `slot-timeout` where somebody else kept it too long; `deadlock` where two runs wait for each other.
   *
   * @example
   * ```ts
   * import type { Domain } from "drover";
   *
   * export async function restart(vm: Domain): Promise<void> {
   *   await using _lease = await vm.exclusive({ within: "5m" });
   *   await vm.destroy();
   *   await vm.start();
   * }
   * ```
   */
  exclusive(options?: CallOptions): Promise<Lease> {
    return leaseOn(this, [this], options);
  }
}

/** Takes an exclusive lease on several objects, in an order in which no two runs can block each other. */
export async function leaseOn(
  through: Handle,
  handles: readonly Handle[],
  options: CallOptions | undefined,
): Promise<Lease> {
  const { session } = insideOf(through);
  const answer = await session.acquire(handles.map((handle) => handle[asReference]()), options);
  return new Lease(session, answer, handles.map((handle) => handle.toString()));
}

/** The objects of the run that a handle belongs to. */
export function objectsOf(handle: Handle): Objects {
  return insideOf(handle);
}

/** Notes the generation that a handle has heard of. */
export function heardOf(handle: { generation?: number }, generation: number): void {
  handle.generation = generation;
}
