/**
 * A job: one operation on one object, with its slot in hand, and the hops by which it leaves the process.
 *
 * @module
 */
import { isVirtError, VirtError } from "../model/error.ts";
import type { ObjectClass, ObjectRef } from "../model/object.ts";
import type { NormalJob } from "../model/operation.ts";
import type { OperationName } from "../model/operations/mod.ts";
import type { Alarms } from "./alarm.ts";
import type { CallState } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { DriverConnection, FencingToken, HopFunction, HopOptions, Job } from "./driver.ts";
import type { ManagedObject } from "./object.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SlotHold } from "./slots.ts";

/** What jobs share. */
export interface JobEnvironment {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly alarms: Alarms;
  /** How long past its deadline a hop may still answer before the object counts as uncertain, in milliseconds. */
  readonly graceMs: number;
  /** Hears what a job tells subscribers. */
  readonly emit: (connection: DriverConnection, event: JobEvent) => void;
  /** Hears that a job's mask has changed. */
  readonly maskChanged: (key: string) => void;
}

/** What a job tells subscribers. */
export interface JobEvent {
  readonly object: ManagedObject;
  readonly type: string;
  readonly detail?: string;
}

/** What a job is made with. */
export interface KernelJobInit<Live, Facts> {
  readonly environment: JobEnvironment;
  readonly operation: OperationName;
  readonly writes: boolean;
  readonly object: ManagedObject<Live, Facts>;
  readonly connection: DriverConnection;
  /** The caller's name for the connection. */
  readonly connectionName: string;
  readonly token: FencingToken;
  readonly deadline: number;
  readonly newId: string;
  /** The slots in hand, the object's own first; none for operations on cached state and for kills. */
  readonly holds: readonly SlotHold[];
  /** The job on the other side; it has the same right to act, and leaves the same doubt. */
  readonly peer?: KernelJob<Live, Facts>;
  readonly target?: ManagedObject;
  readonly onState?: (state: CallState) => void;
}

/** A job as the kernel sees it; drivers see {@linkcode Job}. */
export class KernelJob<Live = unknown, Facts = unknown> implements Job<Live, Facts> {
  readonly operation: OperationName;
  readonly object: ManagedObject<Live, Facts>;
  readonly connection: DriverConnection;
  readonly token: FencingToken;
  readonly clock: Clock;
  readonly deadline: number;
  readonly newId: string;
  readonly peer?: Job<Live, Facts>;
  readonly target?: ManagedObject;
  readonly #init: KernelJobInit<Live, Facts>;
  readonly #controller = new AbortController();
  /** Each hop that gives back can be ended by itself. */
  #givingBack: Set<AbortController> | undefined;
  #expected: number;
  #wasLive: boolean;
  #revoked: VirtError | undefined;
  #mayHaveActed = false;
  #hasActed = false;

  constructor(init: KernelJobInit<Live, Facts>) {
    this.operation = init.operation;
    this.object = init.object;
    this.connection = init.connection;
    this.token = init.token;
    this.clock = init.environment.clock;
    this.deadline = init.deadline;
    this.newId = init.newId;
    if (init.peer !== undefined) this.peer = init.peer;
    if (init.target !== undefined) this.target = init.target;
    this.#init = init;
    this.#expected = init.object.generation;
    this.#wasLive = init.object.live !== undefined;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether a hop that acts broke, so that nobody here knows what became of it. */
  get mayHaveActed(): boolean {
    return this.#mayHaveActed || this.#init.peer?.mayHaveActed === true;
  }

  /** Whether a hop that acts was answered, so that something has happened even if the job fails behind it. */
  get hasActed(): boolean {
    return this.#hasActed || this.#init.peer?.hasActed === true;
  }

  /** Whether the job lost its right to act. */
  get revoked(): boolean {
    return this.#revoked !== undefined;
  }

  /** Asks the job to stop at its next chance. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
    this.#init.peer?.abort(reason);
  }

  /** Takes the job's right to act: no hop of its leaves or comes back any more. */
  revoke(reason: VirtError): void {
    this.#revoked ??= reason;
    this.#controller.abort(reason);
    for (const controller of this.#givingBack ?? []) controller.abort(reason);
    this.#init.peer?.revoke(reason);
  }

  /**
   * Looks at the object on the far side before anything acts. What it finds is where the job begins.
   *
   * @throws {VirtError} `not-found` where the object is no more; whatever a hop throws.
   */
  async look(look: (object: ManagedObject, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { object } = this;
    await this.hop("look", (signal) => look(object as ManagedObject, signal), { acts: false, offline: true });
    if (object.phase === "removed") {
      throw new VirtError("not-found", `Cannot ${this.operation} ${object.label}: it was removed meanwhile`, {
        target: object.label,
      });
    }
    this.#expected = object.generation;
    this.#wasLive = object.live !== undefined;
  }

  async hop<T>(where: string, fn: HopFunction<Live, T>, options: HopOptions = {}): Promise<T> {
    const { offline = false, acts = this.#init.writes, givesBack = false } = options;
    this.#checkRight();
    if (!givesBack) this.#checkTime(where);
    if (!offline) this.#checkAlive(where);
    this.#setHop(where);
    let answered = false;
    try {
      const result = await this.#carry(where, { fn, acts, givesBack });
      answered = true;
      this.#hasActed ||= acts;
      this.#checkRight();
      if (!offline) this.#checkAlive(where);
      return result;
    } catch (error) {
      // What was answered did happen, although the job may not go on; what could not be given back is still there.
      if (acts && (answered || givesBack || this.#leavesDoubt(error))) this.#mayHaveActed = true;
      this.#checkRight();
      if (!offline && !isVirtError(error, "object-gone")) this.#checkAlive(where, error);
      throw error;
    } finally {
      this.#setHop(undefined);
    }
  }

  allow(jobs: readonly NormalJob[]): void {
    const hold = this.#init.holds[0];
    if (hold === undefined) return;
    hold.holder.mask = new Set<NormalJob>(["destroy", ...jobs]);
    this.#init.environment.maskChanged(hold.key);
  }

  progress(fraction: number, detail?: string): void {
    const hold = this.#init.holds[0];
    if (hold !== undefined) hold.holder.fraction = fraction;
    this.#init.onState?.({ kind: "progress", fraction, ...(detail === undefined ? {} : { detail }) });
  }

  goLive(live: Live): void {
    this.#own(() => this.object.goLive(live));
  }

  goDown(): void {
    this.#own(() => this.object.goDown());
  }

  remove(): void {
    this.#own(() => this.object.remove());
  }

  emit(type: string, options: { readonly detail?: string; readonly object?: ManagedObject } = {}): void {
    const { detail, object = this.object as ManagedObject } = options;
    this.#init.environment.emit(this.connection, {
      object,
      type,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  ref<C extends ObjectClass>(object: ManagedObject, objectClass: C): ObjectRef<C> {
    return { ...object.ref(this.#init.connectionName), $ref: objectClass };
  }

  /** The job knows of the changes that it makes itself. */
  #own(change: () => void): void {
    this.#checkRight();
    const unmoved = this.object.generation === this.#expected;
    change();
    if (!unmoved) return;
    this.#expected = this.object.generation;
    this.#wasLive = this.object.live !== undefined;
  }

  /**
   * A promise cannot be killed: past the deadline and the grace the job goes on without its answer. What gives back
   * what was begun has the grace as its own time, and is not stopped by what stopped the job.
   */
  #carry<T>(
    where: string,
    { fn, acts, givesBack }: { fn: HopFunction<Live, T>; acts: boolean; givesBack: boolean },
  ): Promise<T> {
    const { scheduler, alarms, graceMs } = this.#init.environment;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const controller = givesBack ? new AbortController() : this.#controller;
    if (givesBack) (this.#givingBack ??= new Set()).add(controller);
    const deadline = givesBack ? Math.max(this.deadline, this.clock.now() + graceMs) : this.deadline;
    let alarm = alarms.set(deadline, () => {
      if (givesBack) controller.abort(this.#lateError(where));
      else this.abort(this.#lateError(where));
      alarm = alarms.set(deadline + graceMs, () => {
        if (acts) this.#mayHaveActed = true;
        this.revoke(this.#lateError(where));
        reject(this.#lateError(where));
      });
    });
    const info = { operation: this.operation, where, object: this.object.key, acts };
    scheduler.hop(info, () => fn(controller.signal, this.object.live as Live)).then(
      (value) => {
        alarm[Symbol.dispose]();
        this.#givingBack?.delete(controller);
        resolve(value);
      },
      (error) => {
        alarm[Symbol.dispose]();
        this.#givingBack?.delete(controller);
        reject(error);
      },
    );
    return promise;
  }

  #lateError(where: string): VirtError {
    return new VirtError(
      "timed-out",
      `Cannot ${this.operation} ${this.object.label}: no answer in time at "${where}"`,
      {
        target: this.object.label,
      },
    );
  }

  /**
   * An abort in the middle of an acting hop leaves as much doubt as a broken link, and so does an error that the
   * driver did not foresee. What the far side answered leaves none.
   */
  #leavesDoubt(error: unknown): boolean {
    if (!(error instanceof VirtError)) return true;
    const { code, detail } = error;
    if (code === "timed-out" || code === "cancelled" || error === this.signal.reason) {
      return this.signal.aborted;
    }
    return typeof detail === "object" && detail !== null && "mayHaveActed" in detail &&
      detail.mayHaveActed === true;
  }

  /** Nothing leaves after a cancel or the deadline but what gives back. */
  #checkTime(where: string): void {
    this.signal.throwIfAborted();
    if (this.clock.now() < this.deadline) return;
    const late = this.#lateError(where);
    this.abort(late);
    throw late;
  }

  #checkRight(): void {
    if (this.#revoked === undefined) return;
    // Whoever asked wants to know that it took too long, not what the kernel made of that.
    if (this.#revoked.code === "timed-out") throw this.#revoked;
    throw new VirtError(
      "revoked",
      `Cannot go on with ${this.operation}: the right to act on it was taken away`,
      {
        target: this.object.label,
        cause: this.#revoked,
      },
    );
  }

  /** Whoever slept looks again before touching anything. */
  #checkAlive(where: string, cause?: unknown): void {
    const { object } = this;
    if (object.generation === this.#expected) return;
    const gone = object.phase === "removed" || (this.#wasLive && object.live === undefined);
    const found = object.phase === "removed"
      ? "it was removed"
      : gone
      ? "it is not running any more"
      : "it was changed";
    throw new VirtError(
      gone ? "object-gone" : "changed-outside",
      `Cannot ${this.operation} ${object.label}: ${found} during "${where}"`,
      { target: object.label, ...(cause === undefined ? {} : { cause }) },
    );
  }

  #setHop(where: string | undefined): void {
    const holder = this.#init.holds[0]?.holder;
    if (holder !== undefined) holder.hop = where;
  }
}
