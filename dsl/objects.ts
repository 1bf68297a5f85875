/**
 * The objects of one run: makes handles of references, and carries handles' calls.
 *
 * @module
 */
import type { MethodName } from "../model/channel.ts";
import type { ObjectClass, ObjectRef } from "../model/object.ts";
import type { OperationName } from "../model/operations/mod.ts";
import type { MakeOptions, Temporary } from "./call_options.ts";
import { DomainHandle } from "./domain.ts";
import { Handle, heardOf, ObjectHandle, objectsOf } from "./handle.ts";
import type { HandleOf } from "./handles.ts";
import { HostHandle } from "./host.ts";
import { Lease } from "./lease.ts";
import type { AnswerOf, GivenTo } from "./method.ts";
import { asReference } from "./plain.ts";
import { PoolHandle } from "./pool.ts";
import type { Answer, CallDetails, Session } from "./session.ts";
import { VolumeHandle } from "./volume.ts";

/** What is asked for, beside operation and object. */
type Details = Pick<CallDetails, "input" | "options" | "above">;

/** What handles of a class are made with. */
type HandleClass = new (ref: ObjectRef, objects: Objects) => Handle;

/** Classes that offer more than the registry's methods. */
const sugared: Readonly<Partial<Record<string, unknown>>> = {
  connection: HostHandle,
  domain: DomainHandle,
  pool: PoolHandle,
  volume: VolumeHandle,
};

const { isArray } = Array;
const { keys } = Object;

/** The handles of one run. */
export class Objects {
  readonly session: Session;
  readonly #classes = new Map<string, HandleClass>();
  readonly #writes = new Set<string>();
  readonly #supported = new Map<string, ReadonlySet<string>>();
  /** Per object: the generations that this run itself moved on from, and to which. */
  readonly #moves = new Map<string, Map<number, number>>();

  /** @param methods the methods of handles, as the runtime names them; there is no second list */
  constructor(session: Session, methods: readonly MethodName[]) {
    this.session = session;
    for (const { operation, on, as, effect } of methods) {
      if (effect === "write") this.#writes.add(operation);
      const { prototype } = this.#classOf(on);
      // What the class itself offers under that name stands on the operation and says more.
      if (as in prototype) continue;
      Object.defineProperty(prototype, as, {
        value: methodFor(operation),
        writable: true,
        configurable: true,
      });
    }
  }

  /** The handle of a reference. */
  handle<C extends ObjectClass>(ref: ObjectRef<C>): HandleOf<C> {
    // The prototype was built from the runtime's table of methods, of which HandleOf is the static view.
    return new (this.#classOf(ref.$ref))(ref, this) as unknown as HandleOf<C>;
  }

  /** Whether a connection's driver supports an operation. */
  supports(connection: string, operation: string): boolean {
    let supported = this.#supported.get(connection);
    if (supported === undefined) {
      supported = new Set(this.session.host(connection)?.supports);
      this.#supported.set(connection, supported);
    }
    return supported.has(operation);
  }

  /** Asks for an operation through a handle, by the operation's static types. */
  invoke<N extends OperationName>(
    operation: N,
    through: Handle,
    input: GivenTo<N>,
    options?: MakeOptions,
  ): Promise<AnswerOf<N>> {
    // The registry says what the operation answers; the runtime has checked it.
    return this.call(operation, through, { input, options }) as Promise<AnswerOf<N>>;
  }

  /** Makes something temporary: as {@linkcode invoke}, and the answer can be given back. */
  make<N extends OperationName>(
    operation: N,
    through: Handle,
    input: GivenTo<N>,
    options?: MakeOptions,
  ): Promise<AnswerOf<N> & Temporary> {
    // What is asked for as temporary comes back with its lease, see `leased`.
    return this.call(operation, through, { input, options: { ...options, temporary: true } }) as Promise<
      AnswerOf<N> & Temporary
    >;
  }

  /** Holds something until the run ends: as {@linkcode invoke}, and the lease gives it back. */
  async hold<N extends OperationName>(
    operation: N,
    through: Handle,
    input: GivenTo<N>,
    options?: MakeOptions,
  ): Promise<{ readonly value: AnswerOf<N>; readonly lease: Lease }> {
    const details = { input, options: { ...options, temporary: true } };
    const { answer, value } = await this.#ask(operation, through, details);
    // The registry says what the operation answers; the runtime has checked it.
    return { value: value as AnswerOf<N>, lease: new Lease(this.session, answer, [through.toString()]) };
  }

  /** Asks for an operation through a handle. */
  async call(operation: string, through: Handle, details: Details): Promise<unknown> {
    const { answer, value } = await this.#ask(operation, through, details);
    if (answer.lease !== undefined && value instanceof Handle) leased(value, this.session, answer);
    return value;
  }

  async #ask(
    operation: string,
    through: Handle,
    { input, options, above }: Details,
  ): Promise<{ readonly answer: Answer; readonly value: unknown }> {
    const given = typeof input === "string" ? { name: input } : input;
    const ref = through.$ref === "connection" ? undefined : this.#upToDate(through);
    const { connection } = through;
    const answer = await this.session.call(operation, { connection, ref, input: given, options, above });
    const { moved } = answer;
    if (moved !== undefined && this.#isOwn(operation, options)) {
      this.#follows({ connection, ...moved }, moved);
    }
    if (answer.generation !== undefined && ref !== undefined) {
      this.#moved(through, {
        from: ref.generation,
        to: answer.generation,
        own: this.#isOwn(operation, options),
      });
    }
    return { answer, value: this.received(answer.value) };
  }

  /** A received value with handles for its references. The value is changed in place. */
  received(value: unknown): unknown {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    if (isArray(value)) {
      for (let index = 0; index < value.length; index++) value[index] = this.received(value[index]);
      return value;
    }
    if (isReference(value)) return this.handle(value);
    const fields = value as Record<string, unknown>;
    for (const key of keys(fields)) {
      const field = fields[key];
      if (typeof field === "object" && field !== null) fields[key] = this.received(field);
    }
    return value;
  }

  #classOf(objectClass: string): HandleClass {
    let made = this.#classes.get(objectClass);
    if (made === undefined) {
      const Base = (sugared[objectClass] ?? ObjectHandle) as HandleClass;
      made = class extends Base {};
      this.#classes.set(objectClass, made);
    }
    return made;
  }

  #isOwn(operation: string, options: MakeOptions | undefined): boolean {
    return this.#writes.has(operation) && options?.rebase !== true;
  }

  /** A reference whose generation has followed what this run itself did since. */
  #upToDate(handle: Handle): ObjectRef {
    const moves = this.#moves.get(keyOf(handle));
    let { generation } = handle;
    if (moves !== undefined && generation !== undefined) {
      for (let next = moves.get(generation); next !== undefined; next = moves.get(next)) generation = next;
      heardOf(handle, generation);
    }
    return handle[asReference]();
  }

  #moved(
    handle: Handle,
    { from, to, own }: { readonly from: number | undefined; readonly to: number; readonly own: boolean },
  ): void {
    heardOf(handle, to);
    if (own && from !== undefined && to > from) this.#follows(handle, { from, to });
  }

  /** What this run did itself is no change that it has to hear of. */
  #follows(
    object: Parameters<typeof keyOf>[0],
    { from, to }: { readonly from: number; readonly to: number },
  ): void {
    const key = keyOf(object);
    let moves = this.#moves.get(key);
    if (moves === undefined) {
      moves = new Map();
      this.#moves.set(key, moves);
    }
    moves.set(from, to);
  }
}

function keyOf(ref: Pick<ObjectRef, "connection" | "$ref" | "parent" | "id">): string {
  return `${ref.connection}/${ref.$ref}/${ref.parent ?? ""}/${ref.id}`;
}

function methodFor(
  operation: string,
): (this: Handle, input?: unknown, options?: MakeOptions) => Promise<unknown> {
  return function method(this: Handle, input?: unknown, options?: MakeOptions): Promise<unknown> {
    return objectsOf(this).call(operation, this, { input, options, above: method });
  };
}

function isReference(value: object): value is ObjectRef {
  return "$ref" in value && typeof value.$ref === "string" && "id" in value;
}

/** Makes a handle of something temporary one that `await using` gives back. */
function leased(handle: Handle, session: Session, answer: Answer): void {
  const lease = new Lease(session, answer, [handle.toString()]);
  Object.defineProperties(handle, {
    [Symbol.asyncDispose]: { value: () => lease.release() },
    keep: { value: () => lease.keep() },
  });
}
