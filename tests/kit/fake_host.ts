/**
 * A host whose driver functions are written by the test.
 *
 * @module
 */
import type { ObjectClass, ObjectRef } from "../../model/object.ts";
import type { OperationName } from "../../model/operations/mod.ts";
import { parseUri } from "../../model/uri.ts";
import type { CallRequest, CallResult } from "../../runtime/call.ts";
import type {
  Driver,
  DriverConnection,
  DriverEvent,
  DriverMap,
  Implementation,
  Job,
  Observation,
  Reconciled,
} from "../../runtime/driver.ts";
import { Gate } from "../../runtime/gate.ts";
import { Kernel, type KernelOptions } from "../../runtime/kernel.ts";
import { ManagedObject } from "../../runtime/object.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { alice, everythingAllowed } from "./caller.ts";

/** A driver function of a test: what it answers does not matter to the kernel. */
export type Script = (job: Job, input: unknown) => Promise<unknown>;

/** What a test may say about an operation beside its function. */
export interface ScriptOptions {
  readonly kill?: (job: Job) => Promise<void>;
  readonly reconcile?: (job: Job, input: unknown, before: Observation) => Promise<Reconciled<unknown>>;
  readonly about?: Implementation<OperationName>["about"];
  readonly observe?: (job: Job) => Observation;
}

/** A host of a test. */
export class FakeHost implements DriverConnection {
  readonly host: string;
  readonly driver = "fake";
  readonly uri = parseUri("fake:///host");
  readonly self: ManagedObject;
  readonly ready: Gate = new Gate();
  look?: (object: ManagedObject, signal: AbortSignal) => Promise<void>;
  describe?: (objects: readonly ManagedObject[], signal: AbortSignal) => Promise<void>;
  closed = 0;
  readonly #objects = new Map<string, ManagedObject>();
  readonly #implementations = new Map<string, unknown>();
  readonly #listeners = new Set<(event: DriverEvent) => void>();

  constructor(host = "00000000-0000-4000-8000-000000000001") {
    this.host = host;
    this.self = new ManagedObject({
      host,
      driver: this.driver,
      objectClass: "connection",
      id: "self",
      name: "self",
      config: "",
      facts: undefined,
    });
  }

  get implementations(): DriverMap {
    return Object.fromEntries(this.#implementations);
  }

  /** Says how an operation is carried out. */
  on(operation: OperationName, run: Script, options: ScriptOptions = {}): void {
    this.#implementations.set(operation, { run, ...options });
  }

  /** Makes an object. */
  add(
    objectClass: ObjectClass,
    name: string,
    { live, parent }: { live?: unknown; parent?: string } = {},
  ): ManagedObject {
    const object = new ManagedObject<unknown, unknown>({
      host: this.host,
      driver: this.driver,
      objectClass,
      id: `id-of-${name}`,
      name,
      config: `<${objectClass}/>`,
      facts: undefined,
      ...(parent === undefined ? {} : { parent }),
    });
    if (live !== undefined) object.goLive(live);
    this.#objects.set(`${objectClass}/${object.id}`, object);
    return object;
  }

  /** Forgets an object, as after its removal. */
  forget({ objectClass, id }: ManagedObject): void {
    this.#objects.delete(`${objectClass}/${id}`);
  }

  find({ $ref, id }: Pick<ObjectRef, "$ref" | "id">): ManagedObject | undefined {
    return $ref === "connection" ? this.self : this.#objects.get(`${$ref}/${id}`);
  }

  objects(): Iterable<ManagedObject> {
    return this.#objects.values();
  }

  grantedPaths(): readonly string[] {
    return [];
  }

  onEvent(listener: (event: DriverEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Something happened on the host. */
  tell(event: DriverEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

/** What a call of a test may say. */
export type CallOptions = Partial<Omit<CallRequest, "operation" | "connections" | "target">>;

/** A kernel with fake hosts, on a virtual clock. */
export class FakeKernel {
  readonly clock = new VirtualClock({ start: 0 });
  readonly kernel: Kernel;
  readonly connections = new Map<string, DriverConnection>();

  constructor(hosts: Readonly<Record<string, FakeHost>>, options: Partial<KernelOptions> = {}) {
    const drivers: readonly Driver[] = Object.entries(hosts).map(([name, host]) => ({
      name: "fake",
      schemes: [name],
      connect: () => Promise.resolve(host),
    }));
    this.kernel = new Kernel({ drivers, clock: this.clock, ...options });
    for (const [name, host] of Object.entries(hosts)) this.connections.set(name, host);
  }

  /** Calls an operation on an object of the connection `host`. */
  call(
    operation: OperationName,
    target?: ManagedObject | ObjectRef,
    options: CallOptions = {},
  ): Promise<CallResult> {
    return this.kernel.call({
      operation,
      connections: this.connections,
      connection: "host",
      input: {},
      caller: alice,
      authority: everythingAllowed,
      ...(target === undefined
        ? {}
        : { target: target instanceof ManagedObject ? target.ref("host") : target }),
      ...options,
    });
  }
}

/** A door in the way of a driver function, and who stands before it. */
export class Door<T = void> {
  readonly #opening = Promise.withResolvers<T>();
  /** Resolves when somebody stands before it. */
  readonly reached: Promise<void>;
  readonly #reach: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.reached = promise;
    this.#reach = resolve;
  }

  /** Waits until it opens. */
  pass(): Promise<T> {
    this.#reach();
    return this.#opening.promise;
  }

  open(value: T): void {
    this.#opening.resolve(value);
  }

  slam(error: unknown): void {
    this.#opening.reject(error);
  }
}
