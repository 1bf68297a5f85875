/**
 * The way of one call through the kernel: permission, slot, look, intent, driver, outcome.
 *
 * @module
 */
import { toErrorData, VirtError } from "../model/error.ts";
import { objectKey } from "../model/object.ts";
import type { OperationName } from "../model/operations/mod.ts";
import type { CallIntent, CallRequest, CallResult } from "./call.ts";
import { type Claim, claimsOf, objectOf, sameClaims, takeAll } from "./claim.ts";
import { describeObjects } from "./describe.ts";
import type { FencingToken, Observation } from "./driver.ts";
import { type JobEnvironment, KernelJob } from "./job.ts";
import type { ManagedObject } from "./object.ts";
import { findOut } from "./reconciliation.ts";
import type { KernelSettings } from "./settings.ts";
import type { SlotHolder } from "./slot.ts";
import type { SlotHold, SlotOrder, SlotTable } from "./slots.ts";
import type { UncertainObjects } from "./uncertain.ts";
import {
  answerWhenGone,
  checkAnswered,
  checkAsked,
  checkObtained,
  findObject,
  neverAborts,
  objectsIn,
  refuseMoved,
  type TargetedCall,
  targetOf,
  understand,
  type UnderstoodCall,
  visible,
  waitAtGate,
} from "./understood_call.ts";

/** What a runner is made with. */
export interface CallRunnerOptions {
  readonly environment: JobEnvironment;
  readonly epoch: number;
  readonly slots: SlotTable;
  readonly uncertain: UncertainObjects;
  readonly settings: KernelSettings;
  readonly nextGroup: () => number;
}

/** What a call holds while it runs. */
interface Held {
  readonly object: ManagedObject;
  readonly holds: readonly SlotHold[];
  readonly claims: readonly Claim[];
}

/** What was noted, durably, before a write acted. */
interface Intended {
  readonly before: Observation;
  readonly newId: string;
}

/** How slots are taken. */
interface TakeOptions {
  /** The object was killed before: who sits in a hop of it is driven out. @default false */
  readonly killed?: boolean;
}

/** What all orders of one call have in common. */
type CallOrder = Omit<SlotOrder, "key" | "label" | "kind">;

/** Carries calls out. */
export class CallRunner {
  readonly #environment: JobEnvironment;
  readonly #epoch: number;
  readonly #slots: SlotTable;
  readonly #uncertain: UncertainObjects;
  readonly #settings: KernelSettings;
  readonly #nextGroup: () => number;
  readonly #jobs = new WeakMap<SlotHolder, KernelJob>();
  #counter = 0;

  constructor(options: CallRunnerOptions) {
    this.#environment = options.environment;
    this.#epoch = options.epoch;
    this.#slots = options.slots;
    this.#uncertain = options.uncertain;
    this.#settings = options.settings;
    this.#nextGroup = options.nextGroup;
  }

  /** Carries a call out; what went wrong is in the outcome. */
  async call(request: CallRequest): Promise<CallResult> {
    try {
      const call = await this.#admit(request);
      if (call.operation.job === "none") return await this.#runUnslotted(call);
      if (this.#killsFirst(call)) return await this.#runAfterKill(call);
      return await this.#withSlots(call, (held) => this.#runHeld(call, { held }));
    } catch (error) {
      return { outcome: { kind: "not-done", error: toErrorData(error) } };
    }
  }

  /** Finds out what became of a call that another kernel began. */
  async reconcile(request: CallRequest & { readonly intent: CallIntent }): Promise<CallResult> {
    const { intent } = request;
    try {
      const call = await this.#admit({ ...request, rebase: true });
      const error = new VirtError(
        "outcome-unknown",
        `The outcome of ${request.operation} is unknown: its runtime ended`,
      );
      return await this.#withSlots(
        call,
        ({ object, holds }) => this.#findOut(call, { object, holds, intended: intent, error }),
      );
    } catch (error) {
      const value = await answerWhenGone(request, this.#environment.clock).catch(() => undefined);
      if (value !== undefined) return { outcome: { kind: "done", value, reconciled: true } };
      return { outcome: { kind: "unknown", error: toErrorData(error) } };
    }
  }

  /** Understands a call, waits where the world is still being read, and asks for its permission. */
  async #admit(request: CallRequest): Promise<TargetedCall> {
    const { clock } = this.#environment;
    const understood = understand(request, { clock, group: this.#nextGroup() });
    request.signal?.throwIfAborted();
    // What needs no object to be decided is decided first: whoever may not list does not wait to hear so.
    const early = understood.operation.on === "connection";
    if (early) await checkAsked(understood, undefined);
    const gate = waitAtGate(understood, clock);
    if (gate !== undefined) await gate;
    const target = targetOf(understood);
    const described = early ? undefined : this.#describe(understood, [target]);
    if (described !== undefined) await described;
    const asked = early ? undefined : checkAsked(understood, target);
    if (asked !== undefined) await asked;
    if (target === undefined && request.target !== undefined && understood.operation.on !== "connection") {
      findObject(request.target, request.connections);
    }
    return { ...understood, target };
  }

  /** Lists and other cached state take no slot. */
  async #runUnslotted(call: TargetedCall): Promise<CallResult> {
    const object = call.target ?? call.connection.self;
    const job = this.#job(call, { object, holds: [], newId: this.#newId(call) });
    using _stop = this.#stopOnAbort(call, job);
    const value = await call.implementation.run(job, call.input);
    const described = this.#describe(call, objectsIn(call, value));
    if (described !== undefined) await described;
    const answered = checkAnswered(call, value);
    if (answered !== undefined) await answered;
    return { outcome: { kind: "done", value: visible(call, value) }, object };
  }

  /** What a run holds exclusively nobody else kills: they wait their turn like everybody. */
  #killsFirst(call: TargetedCall): boolean {
    if (call.implementation.kill === undefined) return false;
    const order = this.#orderOf(call);
    return !this.#claims(call).some(({ key, label, kind }) =>
      this.#slots.blockers({ ...order, key, label, kind }).some(({ request }) => request.kind === "lease")
    );
  }

  /**
   * Once it has killed, a destroy has done something: it does not give up its place in the queue any more, and whatever
   * goes wrong behind that has to be found out.
   */
  async #runAfterKill(call: TargetedCall): Promise<CallResult> {
    const object = call.target ?? call.connection.self;
    const intended = await this.#kill(call, object);
    const committed = this.#withoutWayBack(call);
    try {
      return await this.#withSlots(committed, (held) => this.#runHeld(committed, { held, intended }), {
        killed: true,
      });
    } catch (error) {
      return await this.#findOut(committed, { object, holds: [], intended, error });
    }
  }

  /** The call without what could end it early, and with the time that driving others out may take. */
  #withoutWayBack(call: TargetedCall): TargetedCall {
    const { signal: _signal, noWait: _noWait, ...request } = call.request;
    const { destroyGraceMs, graceMs } = this.#settings;
    const deadline = Math.max(call.deadline, this.#environment.clock.now() + destroyGraceMs + graceMs);
    return { ...call, request, deadline };
  }

  /** Destroy kills first, through nothing that a stuck monitor could block, and then takes the job. */
  async #kill(call: TargetedCall, object: ManagedObject): Promise<Intended> {
    const { implementation, operation, input } = call;
    await this.#describe(call, [object]);
    await checkObtained(call, []);
    this.#uncertain.refuseWrite(object.key, operation.name);
    const newId = this.#newId(call);
    const job = this.#job(call, { object, holds: [], newId });
    const intended = await this.#intend(call, { job, newId });
    try {
      await implementation.kill?.(job, input);
    } catch (error) {
      // Whether the kill arrived is for the job behind it to find out.
      if (!job.mayHaveActed) throw error;
    }
    return intended;
  }

  async #runHeld(
    call: TargetedCall,
    { held, intended }: { readonly held: Held; readonly intended?: Intended },
  ): Promise<CallResult> {
    const { request, operation, implementation, connection, input } = call;
    const { object, holds } = held;
    const writes = operation.effect === "write";
    if (intended === undefined) {
      const described = this.#describe(call, [call.target, ...held.claims.map(({ object }) => object)]);
      if (described !== undefined) await described;
      const obtained = checkObtained(call, held.claims);
      if (obtained !== undefined) await obtained;
    }
    const newId = intended?.newId ?? this.#newId(call);
    const job = this.#job(call, { object, holds, newId });
    for (const { holder } of holds) this.#jobs.set(holder, job);
    if (writes && intended === undefined) {
      for (const { key } of holds) this.#uncertain.refuseWrite(key, operation.name);
      if (connection.look !== undefined) await job.look(connection.look.bind(connection));
      request.signal?.throwIfAborted();
      refuseMoved(call, object);
    }
    const noted = intended ?? (writes ? await this.#intend(call, { job, newId }) : { before: {}, newId });
    request.onState?.({ kind: "running", since: this.#environment.clock.now() });
    using _stop = this.#stopOnAbort(call, job);
    try {
      return { outcome: { kind: "done", value: await implementation.run(job, input) }, object };
    } catch (error) {
      // What a driver gave back is looked at, not believed, where looking can tell; whoever lost its right to act could
      // not give back.
      const couldTell = implementation.reconcile !== undefined;
      const inDoubt = job.mayHaveActed || (job.hasActed && (couldTell || job.revoked));
      if (!writes || !inDoubt) throw error;
      return await this.#findOut(call, { object, holds, intended: noted, error });
    }
  }

  /** Notes durably what is about to be done, before anything acts. */
  async #intend(
    { request, implementation, input }: TargetedCall,
    { job, newId }: { readonly job: KernelJob; readonly newId: string },
  ): Promise<Intended> {
    const before = implementation.observe?.(job, input) ?? {};
    const { key, label, generation } = job.object;
    if (request.journal !== undefined) {
      await request.journal.intent({ object: key, label, token: job.token, before, generation, newId });
    }
    return { before, newId };
  }

  /** A cancel reaches a running write only where the operation says that it can. */
  #stopOnAbort({ request, operation }: TargetedCall, job: KernelJob): Disposable | undefined {
    const { signal } = request;
    if (signal === undefined) return undefined;
    if (operation.effect === "write" && operation.cancel === "while-queued") return undefined;
    const onAbort = (): void => job.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    return { [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
  }

  /** Takes the call's slots, does something with them, and gives them back. */
  async #withSlots(
    call: TargetedCall,
    action: (held: Held) => Promise<CallResult>,
    options: TakeOptions = {},
  ): Promise<CallResult> {
    const held = await this.#take(call, options);
    try {
      return await action(held);
    } finally {
      for (const hold of held.holds) hold.release();
    }
  }

  #orderOf({ request, operation, group, deadline }: TargetedCall): CallOrder {
    return {
      operation: operation.name,
      caller: request.caller,
      group,
      deadline,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(request.priority === undefined ? {} : { priority: request.priority }),
      ...(request.noWait === undefined ? {} : { noWait: request.noWait }),
      ...(request.onState === undefined ? {} : { onState: request.onState }),
    };
  }

  /** Takes the call's slots, again where the world moved while it waited for them. */
  async #take(call: TargetedCall, { killed = false }: TakeOptions): Promise<Held> {
    const { operation } = call;
    const order = this.#orderOf(call);
    while (true) {
      const claims = this.#claims(call);
      using _eviction = killed ? this.#evictStuck(claims, order) : undefined;
      const taken = takeAll(this.#slots, { claims, order });
      const holds = taken instanceof Promise ? await taken : taken;
      const object = objectOf(claims, call);
      if (this.#areStillMeant(call, { claims, holds, killed })) return { object, holds, claims };
      for (const hold of holds) hold.release();
      if (object === call.target && object.phase === "removed") {
        throw new VirtError(
          "not-found",
          `Cannot ${operation.name} ${object.label}: it was removed meanwhile`,
          {
            target: object.label,
          },
        );
      }
    }
  }

  /** Whether the slots in hand are the ones that the call needs, now that it has them. */
  #areStillMeant(
    call: TargetedCall,
    { claims, holds, killed }: {
      readonly claims: readonly Claim[];
      readonly holds: readonly SlotHold[];
      readonly killed: boolean;
    },
  ): boolean {
    try {
      // A transient object goes away with its kill.
      if (objectOf(claims, call).phase === "removed") return killed;
      return sameClaims(claims, this.#claims(call));
    } catch (error) {
      for (const hold of holds) hold.release();
      throw error;
    }
  }

  /**
   * After a kill, a job that sits in a hop of the dead object loses its slot when it does not notice. Whoever holds the
   * slot while it still waits for others gets its chance to notice later, so the look is repeated.
   */
  #evictStuck(claims: readonly Claim[], order: CallOrder): Disposable {
    const { alarms, clock } = this.#environment;
    const evict = (): void => {
      alarm = alarms.set(clock.now() + this.#settings.destroyGraceMs, evict);
      for (const { key, label, kind } of claims) {
        for (const holder of this.#slots.blockers({ ...order, key, label, kind })) {
          const job = this.#jobs.get(holder);
          if (job === undefined) continue;
          job.revoke(new VirtError("object-gone", `${label} was destroyed`, { target: label }));
          this.#slots.evict(key, holder);
        }
      }
    };
    let alarm = alarms.set(clock.now() + this.#settings.destroyGraceMs, evict);
    return { [Symbol.dispose]: () => alarm[Symbol.dispose]() };
  }

  #claims(call: TargetedCall): readonly Claim[] {
    const { peer, target } = call;
    if (peer === undefined || target === undefined) return claimsOf(call);
    const { host, driver } = peer.connection;
    const { objectClass, id, name } = target;
    const otherSide: Claim = {
      key: objectKey({ host, driver, objectClass, id }),
      label: `${target.label} on the other host`,
      kind: "async:migration-in",
      name,
      objectClass,
    };
    return claimsOf({ ...call, otherSide });
  }

  /**
   * The slot stays in hand, with nobody in between, until it is known what became of the operation. Whoever lost its
   * slot to a destroy queues for it again; a destroy that did not get it looks without.
   */
  async #findOut(
    call: TargetedCall,
    { object, holds, intended, error }: {
      readonly object: ManagedObject;
      readonly holds: readonly SlotHold[];
      readonly intended: Intended;
      readonly error: unknown;
    },
  ): Promise<CallResult> {
    const { clock } = this.#environment;
    const [own, ...others] = holds;
    const order: SlotOrder = {
      key: own?.key ?? object.key,
      label: object.label,
      kind: "reconcile",
      operation: `reconcile ${call.operation.name}`,
      caller: call.request.caller,
      group: call.group,
      holds: others.length > 0,
      deadline: clock.now() + this.#settings.reconcileMs,
    };
    let slot: SlotHold | undefined;
    try {
      slot = own === undefined ? undefined : await this.#slots.reconcile(own, order);
    } catch {
      // Somebody else is busy with the object for longer than a reconciliation may take, or waits for what this call
      // holds; looking harms nobody.
    }
    try {
      return await findOut(
        { call, object, keys: writtenKeys(object, holds), before: intended.before, error },
        {
          clock,
          settings: this.#settings,
          uncertain: this.#uncertain,
          nextJob: (deadline) =>
            this.#job({ ...call, deadline }, {
              object,
              holds: slot === undefined ? others : [slot, ...others],
              newId: intended.newId,
            }),
        },
      );
    } finally {
      slot?.release();
    }
  }

  #job(
    call: TargetedCall,
    { object, holds, newId }: {
      readonly object: ManagedObject;
      readonly holds: readonly SlotHold[];
      readonly newId: string;
    },
  ): KernelJob {
    const { request, operation, connection, peer, target } = call;
    const base = {
      environment: this.#environment,
      operation: operation.name as OperationName,
      writes: operation.effect === "write",
      token: this.#token(),
      deadline: call.deadline,
      newId,
      ...(request.onState === undefined ? {} : { onState: request.onState }),
    };
    const other = peer === undefined ? undefined : new KernelJob({
      ...base,
      object: peer.connection.find({ $ref: object.objectClass, id: object.id }) ?? peer.connection.self,
      connection: peer.connection,
      connectionName: peer.name,
      holds: [],
    });
    return new KernelJob({
      ...base,
      object,
      connection,
      connectionName: request.connection,
      holds,
      ...(target === undefined ? {} : { target }),
      ...(other === undefined ? {} : { peer: other }),
    });
  }

  /** Reads what permissions are decided by, where the connection does not keep it. */
  #describe(
    { connection, operation, request, deadline }: UnderstoodCall,
    objects: Iterable<ManagedObject | undefined>,
  ): Promise<void> | undefined {
    const { authority, signal = neverAborts } = request;
    const { clock } = this.#environment;
    return describeObjects(objects, { connection, authority, operation, clock, deadline, signal });
  }

  #newId({ request }: TargetedCall): string {
    return request.newId ?? this.#environment.clock.uuid();
  }

  #token(): FencingToken {
    return { epoch: this.#epoch, counter: ++this.#counter };
  }
}

/** The objects that an operation writes to, and not only uses. */
function writtenKeys(object: ManagedObject, holds: readonly SlotHold[]): ReadonlySet<string> {
  if (holds.length === 0) return new Set([object.key]);
  return new Set(holds.filter(({ holder }) => holder.request.kind !== "use").map(({ key }) => key));
}
