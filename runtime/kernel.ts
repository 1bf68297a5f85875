/**
 * The kernel: takes calls, checks them, queues them, lets drivers carry them out, and finds out what became of those
 * whose link broke.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { ObjectRef } from "../model/object.ts";
import type { Operation } from "../model/operation.ts";
import { operations } from "../model/operations/mod.ts";
import { Alarms } from "./alarm.ts";
import type { Caller, CallIntent, CallRequest, CallResult, CallState, SlotView } from "./call.ts";
import { CallRunner } from "./call_runner.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  type BorrowedConnection,
  type BorrowOptions,
  Connections,
  type EventListener,
} from "./connections.ts";
import type { Driver, DriverConnection, DriverMap } from "./driver.ts";
import type { JobEnvironment } from "./job.ts";
import { type Lease, Leases } from "./lease.ts";
import type { ManagedObject } from "./object.ts";
import type { ConnectOptions } from "./opening.ts";
import { directScheduler, type Scheduler } from "./scheduler.ts";
import { defaultSettings, type KernelSettings } from "./settings.ts";
import type { SlotHold } from "./slots.ts";
import { SlotTable } from "./slots.ts";
import { findObject } from "./understood_call.ts";
import { type Doubt, type DoubtListener, UncertainObjects } from "./uncertain.ts";

/** Stands around every call, to measure or trace it. Whatever it hands on is carried out; what comes back is the answer. */
export type CallWatch = (
  request: CallRequest,
  carryOut: (request: CallRequest) => Promise<CallResult>,
) => Promise<CallResult>;

/** What a kernel is made with. */
export interface KernelOptions {
  readonly drivers: readonly Driver[];
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Grows with each kernel of a state directory. @default 1 */
  readonly epoch?: number;
  /** @default straight through */
  readonly scheduler?: Scheduler;
  readonly stateDirectory?: string;
  /** What can be done on every connection, whatever its driver. @default nothing */
  readonly operations?: DriverMap;
  readonly settings?: Partial<KernelSettings>;
  /** Uncertain objects of the kernel before, by key. */
  readonly uncertain?: Iterable<readonly [string, Doubt]>;
  /** Hears of uncertain objects, to remember them. */
  readonly onDoubt?: DoubtListener;
  /** @default nobody watches */
  readonly watch?: CallWatch;
}

/** What somebody asks for who wants objects for himself. */
export interface AcquireRequest {
  readonly objects: readonly ObjectRef[];
  readonly connections: ReadonlyMap<string, DriverConnection>;
  /** Must name a run: leases belong to runs. */
  readonly caller: Caller;
  /** Milliseconds since 1970. @default never */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly onState?: (state: CallState) => void;
  /** @default a new one */
  readonly id?: string;
}

/** The kernel of a state directory, or of a test. */
export class Kernel implements AsyncDisposable {
  readonly clock: Clock;
  readonly epoch: number;
  readonly #settings: KernelSettings;
  readonly #connections: Connections;
  readonly #slots: SlotTable;
  readonly #uncertain: UncertainObjects;
  readonly #leases = new Leases();
  readonly #calls: CallRunner;
  readonly #watch: CallWatch | undefined;
  readonly #alarms: Alarms;
  readonly #closing = new AbortController();
  #groups = 0;

  constructor(options: KernelOptions) {
    const { drivers, clock = systemClock, epoch = 1, scheduler = directScheduler, stateDirectory } = options;
    this.clock = clock;
    this.epoch = epoch;
    this.#watch = options.watch;
    this.#alarms = new Alarms(clock);
    this.#settings = { ...defaultSettings, ...options.settings };
    this.#connections = new Connections(drivers, {
      clock,
      epoch,
      signal: this.#closing.signal,
      ...(stateDirectory === undefined ? {} : { stateDirectory }),
      ...(options.operations === undefined ? {} : { operations: options.operations }),
    });
    this.#slots = new SlotTable({ clock, scheduler, settings: this.#settings, alarms: this.#alarms });
    this.#uncertain = new UncertainObjects(options.uncertain ?? [], options.onDoubt ?? ((): void => {}));
    const environment: JobEnvironment = {
      clock,
      scheduler,
      alarms: this.#alarms,
      graceMs: this.#settings.graceMs,
      emit: (connection, event) => this.#connections.publish(connection, event),
      maskChanged: (key) => this.#slots.wake(key),
    };
    this.#calls = new CallRunner({
      environment,
      epoch,
      slots: this.#slots,
      uncertain: this.#uncertain,
      settings: this.#settings,
      nextGroup: () => ++this.#groups,
    });
  }

  /**
   * The connection for a URI; one per URI, opened on the first call and shared.
   *
   * @throws {VirtError} `unsupported` where no driver serves the scheme; the driver's error where it cannot connect.
   * @throws the signal's reason.
   */
  connect(uri: string, options: ConnectOptions = {}): Promise<DriverConnection> {
    return this.#connections.connect(uri, options);
  }

  /**
   * The connection for a URI, to be given back: it is closed when nobody has it any more.
   *
   * @throws {VirtError} as `connect` does
   */
  borrow(uri: string, options?: BorrowOptions): Promise<BorrowedConnection> {
    return this.#connections.borrow(uri, options);
  }

  /** Carries a call out. Does not reject: what went wrong is in the outcome. */
  call(request: CallRequest): Promise<CallResult> {
    if (this.#watch === undefined) return this.#carriedOut(request);
    return this.#watch(request, (watched) => this.#carriedOut(watched));
  }

  /** Nobody hears of a value that the other side quotes. */
  async #carriedOut(request: CallRequest): Promise<CallResult> {
    return concealed(await this.#calls.call(request), request);
  }

  /** Finds out what became of a call whose intent is on record and whose result is not; its kernel died. */
  reconcile(request: CallRequest & { readonly intent: CallIntent }): Promise<CallResult> {
    return this.#calls.reconcile(request).then((result) => concealed(result, request));
  }

  /**
   * Takes objects for a run alone, in key order.
   *
   * @throws {VirtError} `not-found`, `slot-timeout`, `deadlock`; the signal's reason.
   */
  async acquire(request: AcquireRequest): Promise<Lease> {
    const { caller, objects, connections, deadline = Number.MAX_SAFE_INTEGER } = request;
    if (caller.run === undefined) {
      throw new VirtError("internal", "Cannot lease objects: the caller is not a run");
    }
    const found = new Map<string, ManagedObject>();
    for (const ref of objects) {
      const object = this.find(ref, connections);
      found.set(object.key, object);
    }
    const holds: SlotHold[] = [];
    try {
      for (const [key, object] of [...found].sort(([a], [b]) => a < b ? -1 : 1)) {
        const hold = await this.#slots.take({
          key,
          label: object.label,
          kind: "lease",
          operation: "exclusive",
          caller,
          group: ++this.#groups,
          holds: holds.length > 0,
          deadline,
          ...(request.signal === undefined ? {} : { signal: request.signal }),
          ...(request.onState === undefined ? {} : { onState: request.onState }),
        });
        holds.push(hold);
      }
      // While it waited, an object may have gone.
      for (const ref of objects) this.find(ref, connections);
    } catch (error) {
      for (const hold of holds) hold.release();
      throw error;
    }
    return this.#leases.add({ id: request.id ?? this.clock.uuid(), run: caller.run, holds });
  }

  /**
   * The object that a reference means.
   *
   * @throws {VirtError} `not-found` where it does not exist, or not any more.
   */
  find(ref: ObjectRef, connections: ReadonlyMap<string, DriverConnection>): ManagedObject {
    return findObject(ref, connections);
  }

  /** Hears everything that happens on a connection from now on. */
  subscribe(connection: DriverConnection, listener: EventListener): Disposable {
    return this.#connections.subscribe(connection, listener);
  }

  /** All slots that somebody holds or waits for, and all objects with an unknown outcome. */
  slots(): SlotView[] {
    return this.#slots.views(this.#uncertain.all);
  }

  /** Takes an outcome that nobody could find out as given, so that writes on the object go on. */
  accept(key: string): boolean {
    return this.#uncertain.lift(key);
  }

  /** Gives back everything that a run holds exclusively. */
  releaseRun(run: string): Promise<void> {
    return this.#leases.releaseRun(run);
  }

  /** Whether an operation is there on a connection. */
  supports(connection: DriverConnection, operation: string): boolean {
    return Object.hasOwn(connection.implementations, operation);
  }

  async close(): Promise<void> {
    this.#closing.abort(new VirtError("cancelled", "The kernel is closing"));
    await this.#connections.close();
    this.#alarms[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A result whose error has no secret value in it. */
function concealed(result: CallResult, { conceal }: CallRequest): CallResult {
  const { outcome } = result;
  if (conceal === undefined || outcome.kind === "done") return result;
  return { ...result, outcome: { ...outcome, error: conceal.error(outcome.error) } };
}

/**
 * The operation of a name.
 *
 * @throws {VirtError} `unsupported`
 */
export function operationNamed(name: string): Operation {
  const operation = operations.get(name);
  if (operation === undefined) {
    throw new VirtError("unsupported", `Cannot call "${name}": there is no such operation`);
  }
  return operation;
}
