/**
 * The way of one call through the kernel: operation, permission, slot, look, intent, driver, outcome.
 *
 * @module
 */
import { toErrorData, VirtError } from "../model/error.ts";
import { objectClasses, objectKey, type ObjectRef } from "../model/object.ts";
import type { Operation } from "../model/operation.ts";
import { type OperationName, operations } from "../model/operations/mod.ts";
import type { CallIntent, CallRequest, CallResult, PermissionUse } from "./call.ts";
import { type Claim, claimsOf, objectOf, sameClaims, takeAll } from "./claim.ts";
import type { DriverConnection, FencingToken, Implementation, Observation, Reconciled } from "./driver.ts";
import { type JobEnvironment, KernelJob } from "./job.ts";
import type { ManagedObject } from "./object.ts";
import { sleep } from "./clock.ts";
import type { KernelSettings } from "./settings.ts";
import type { SlotHold, SlotOrder, SlotTable } from "./slots.ts";
import type { UncertainObjects } from "./uncertain.ts";

/** What a runner is made with. */
export interface CallRunnerOptions {
  readonly environment: JobEnvironment;
  readonly epoch: number;
  readonly slots: SlotTable;
  readonly uncertain: UncertainObjects;
  readonly settings: KernelSettings;
  readonly nextGroup: () => number;
}

/** A call that has been understood. */
interface Prepared {
  readonly request: CallRequest;
  readonly operation: Operation;
  readonly implementation: Implementation<OperationName>;
  readonly connection: DriverConnection;
  /** Checked by the operation's schema; the registry's type for it is known only to driver and caller. */
  readonly input: never;
  readonly target: ManagedObject | undefined;
  readonly deadline: number;
  readonly group: number;
  readonly peer?: { readonly name: string; readonly connection: DriverConnection };
}

/** A call with its slots in hand. */
interface Held {
  readonly object: ManagedObject;
  readonly holds: readonly SlotHold[];
  readonly claims: readonly Claim[];
}

/** Carries calls out. */
export class CallRunner {
  readonly #environment: JobEnvironment;
  readonly #epoch: number;
  readonly #slots: SlotTable;
  readonly #uncertain: UncertainObjects;
  readonly #settings: KernelSettings;
  readonly #nextGroup: () => number;
  readonly #jobsByHolder = new WeakMap<object, KernelJob>();
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
      const prepared = await this.#prepare(request);
      if (prepared.operation.job === "none") return await this.#runUnslotted(prepared);
      if (prepared.implementation.kill !== undefined) return await this.#runAfterKill(prepared);
      return await this.#runSlotted(prepared);
    } catch (error) {
      return notDone(error);
    }
  }

  /** Finds out what became of a call that another kernel began. */
  async reconcile(request: CallRequest & { readonly intent: CallIntent }): Promise<CallResult> {
    try {
      const prepared = await this.#prepare({ ...request, rebase: true, newId: request.intent.newId });
      const held = await this.#take(prepared);
      try {
        return await this.#findOut(prepared, {
          held,
          before: request.intent.before,
          newId: request.intent.newId,
          error: new VirtError(
            "outcome-unknown",
            `The outcome of ${request.operation} is unknown: its runtime ended`,
          ),
        });
      } finally {
        for (const hold of held.holds) hold.release();
      }
    } catch (error) {
      return { outcome: { kind: "unknown", error: toErrorData(error) } };
    }
  }

  /** The object that a reference means; see `Kernel.find`. */
  find(ref: ObjectRef, connections: ReadonlyMap<string, DriverConnection>): ManagedObject {
    const object = connectionNamed(ref.connection, connections).find(ref);
    if (object === undefined || object.phase === "removed") {
      const label = objectClasses[ref.$ref].label;
      throw new VirtError("not-found", `Cannot find ${label} "${ref.name}": it does not exist`, {
        target: `${label} "${ref.name}"`,
      });
    }
    return object;
  }

  async #prepare(request: CallRequest): Promise<Prepared> {
    const operation = operations.get(request.operation);
    if (operation === undefined) {
      throw new VirtError("unsupported", `Cannot call "${request.operation}": there is no such operation`);
    }
    const connection = connectionNamed(request.connection, request.connections);
    const implementation = Object.hasOwn(connection.implementations, operation.name)
      ? connection.implementations[operation.name as OperationName]
      : undefined;
    if (implementation === undefined) {
      throw new VirtError(
        "unsupported",
        `Cannot ${operation.name}: the ${connection.driver} driver does not support it`,
        {
          hint: `Ask first with can("${operation.name}")`,
        },
      );
    }
    const input = parseInput(operation, request.input);
    const deadline = request.deadline ?? this.#environment.clock.now() + operation.timeoutMs;
    const signal = request.signal ?? neverAborts;
    signal.throwIfAborted();
    if (!connection.ready.settled && waitsAtGate(operation)) {
      await connection.ready.wait({ clock: this.#environment.clock, deadline, signal });
    }
    const target = await this.#target(request, { operation, connection });
    const peerName = operation.peer === undefined ? undefined : fieldOf(input, operation.peer);
    return {
      request,
      operation,
      // A row of the registry and its driver function fit each other by construction of the driver's map.
      implementation: implementation as Implementation<OperationName>,
      connection,
      input,
      target,
      deadline,
      group: this.#nextGroup(),
      ...(typeof peerName === "string"
        ? { peer: { name: peerName, connection: connectionNamed(peerName, request.connections) } }
        : {}),
    };
  }

  /** Finds the target and asks for permission on it, by the name that it really has. */
  async #target(
    request: CallRequest,
    { operation, connection }: { operation: Operation; connection: DriverConnection },
  ): Promise<ManagedObject | undefined> {
    const { target: ref } = request;
    const use = {
      permission: operation.permission,
      operation: operation.name,
      connection: request.connection,
    };
    if (operation.on === "connection") {
      await request.authority.check({ ...use, when: "asked" });
      return undefined;
    }
    if (ref === undefined || ref.$ref !== operation.on || ref.connection !== request.connection) {
      throw new VirtError(
        "invalid-argument",
        `Cannot ${operation.name}: it needs a ${objectClasses[operation.on].label}`,
      );
    }
    const object = connection.find(ref);
    await request.authority.check({ ...use, when: "asked", name: object?.name ?? ref.name });
    return object ?? this.find(ref, request.connections);
  }

  /** Lists and other cached state take no slot. */
  async #runUnslotted(prepared: Prepared): Promise<CallResult> {
    const object = prepared.target ?? prepared.connection.self;
    const job = this.#job(prepared, { object, holds: [], newId: this.#newId(prepared) });
    const value = await this.#run(prepared, job);
    return { outcome: { kind: "done", value: filterList(prepared, value) }, object };
  }

  async #runSlotted(prepared: Prepared): Promise<CallResult> {
    const held = await this.#take(prepared);
    try {
      return await this.#runHeld(prepared, { held });
    } finally {
      for (const hold of held.holds) hold.release();
    }
  }

  /** Destroy: kill first, through nothing that a stuck monitor could block; then take the job. */
  async #runAfterKill(prepared: Prepared): Promise<CallResult> {
    const { implementation, operation, connection, target, request } = prepared;
    const object = target ?? connection.self;
    await this.#checkObtained(prepared, { object, holds: [], claims: [] });
    this.#uncertain.refuseWrite(object.key, operation.name);
    const newId = this.#newId(prepared);
    const killing = this.#job(prepared, { object, holds: [], newId });
    const before = implementation.observe?.(killing, prepared.input) ?? {};
    await request.journal?.intent(this.#intent(object, { token: killing.token, before, newId }));
    try {
      await implementation.kill?.(killing, prepared.input);
    } catch (error) {
      if (!killing.mayHaveActed) throw error;
    }
    const held = await this.#take(prepared);
    try {
      return await this.#runHeld(prepared, { held, intended: { before, newId } });
    } finally {
      for (const hold of held.holds) hold.release();
    }
  }

  async #runHeld(
    prepared: Prepared,
    { held, intended }: { held: Held; intended?: { readonly before: Observation; readonly newId: string } },
  ): Promise<CallResult> {
    const { request, operation, implementation, connection } = prepared;
    const { object } = held;
    const writes = operation.effect === "write";
    const signal = request.signal ?? neverAborts;
    if (intended === undefined) {
      await this.#checkObtained(prepared, held);
      if (writes) {
        for (const { key } of held.holds) this.#uncertain.refuseWrite(key, operation.name);
        await connection.look?.(object, signal);
        refuseMoved(prepared, object);
      }
    }
    const newId = intended?.newId ?? this.#newId(prepared);
    const job = this.#job(prepared, { object, holds: held.holds, newId });
    this.#jobsByHolder.set(held.holds[0]!.holder, job);
    let before = intended?.before;
    if (before === undefined) {
      before = writes ? implementation.observe?.(job, prepared.input) ?? {} : {};
      if (writes) await request.journal?.intent(this.#intent(object, { token: job.token, before, newId }));
    }
    request.onState?.({ kind: "running", since: this.#environment.clock.now() });
    const stop = this.#stopOnAbort(prepared, job);
    try {
      return { outcome: { kind: "done", value: await this.#run(prepared, job) }, object };
    } catch (error) {
      if (!writes || !job.mayHaveActed) throw error;
      return await this.#findOut(prepared, { held, before, newId, error });
    } finally {
      stop[Symbol.dispose]();
    }
  }

  /** A cancel reaches a running job only where the operation says that it can. */
  #stopOnAbort({ request, operation }: Prepared, job: KernelJob): Disposable {
    const { signal } = request;
    if (signal === undefined || operation.cancel === "while-queued") {
      return { [Symbol.dispose]: (): void => {} };
    }
    const onAbort = (): void => job.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    return { [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
  }

  /** Takes the call's slots, again where the world moved while it waited for them. */
  async #take(prepared: Prepared): Promise<Held> {
    const { request, operation } = prepared;
    const order: Omit<SlotOrder, "key" | "label" | "kind"> = {
      operation: operation.name,
      caller: request.caller,
      group: prepared.group,
      deadline: prepared.deadline,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(request.priority === undefined ? {} : { priority: request.priority }),
      ...(request.noWait === undefined ? {} : { noWait: request.noWait }),
      ...(request.onState === undefined ? {} : { onState: request.onState }),
    };
    while (true) {
      const claims = this.#claims(prepared);
      const eviction = operation.job === "destroy" ? this.#evictStuck(claims, order) : undefined;
      const taken = takeAll(this.#slots, { claims, order });
      const holds = taken instanceof Promise
        ? await taken.finally(() => eviction?.[Symbol.dispose]())
        : taken;
      eviction?.[Symbol.dispose]();
      const object = objectOf(claims, prepared);
      if (object.phase !== "removed" && sameClaims(claims, this.#claims(prepared))) {
        return { object, holds, claims };
      }
      for (const hold of holds) hold.release();
      if (object === prepared.target) {
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

  /** After a kill, a job that sits in a hop of the dead object loses its slot when it does not notice. */
  #evictStuck(claims: readonly Claim[], order: Omit<SlotOrder, "key" | "label" | "kind">): Disposable {
    return this.#environment.alarms.set(this.#environment.clock.now() + this.#settings.destroyGraceMs, () => {
      for (const { key, label, kind } of claims) {
        for (const holder of this.#slots.blockers({ ...order, key, label, kind })) {
          const job = this.#jobsByHolder.get(holder);
          if (job === undefined) continue;
          job.revoke(new VirtError("object-gone", `${label} was destroyed`, { target: label }));
          this.#slots.evict(key, holder);
        }
      }
    });
  }

  #claims(prepared: Prepared): readonly Claim[] {
    const { peer, target } = prepared;
    if (peer === undefined || target === undefined) return claimsOf(prepared);
    const { host, driver } = peer.connection;
    const otherSide: Claim = {
      key: objectKey({ host, driver, objectClass: target.objectClass, id: target.id }),
      label: `${target.label} on the other host`,
      kind: "async:migration-in",
      name: target.name,
      objectClass: target.objectClass,
    };
    return claimsOf({ ...prepared, otherSide });
  }

  /** The permission once more, with the slot in hand: names may have changed, and some are known only now. */
  async #checkObtained(prepared: Prepared, held: Held): Promise<void> {
    const { request, operation, connection, target } = prepared;
    const use: Omit<PermissionUse, "name"> = {
      permission: operation.permission,
      operation: operation.name,
      connection: request.connection,
      when: "obtained",
    };
    const names = target === undefined
      ? new Set(
        held.claims.filter(({ objectClass }) => objectClass === operation.objectClass).map(({ name }) =>
          name
        ),
      )
      : new Set([target.name]);
    for (const name of names) await request.authority.check({ ...use, name });
    if (names.size === 0) await request.authority.check(use);
    if (prepared.peer !== undefined) {
      for (const name of names) {
        await request.authority.check({ ...use, connection: prepared.peer.name, name });
      }
    }
    if (operation.reaches === undefined) return;
    const xml = fieldOf(prepared.input, operation.reaches.field);
    if (typeof xml !== "string") return;
    const existing = target ??
      held.claims.find(({ object }) => object?.objectClass === operation.objectClass)?.object;
    await request.authority.checkReach({
      operation: operation.name,
      connection: request.connection,
      document: operation.reaches.document,
      xml,
      grantedPaths: connection.grantedPaths(),
      ...(existing === undefined ? {} : { name: existing.name }),
    });
  }

  #job(
    prepared: Prepared,
    { object, holds, newId }: { object: ManagedObject; holds: readonly SlotHold[]; newId: string },
  ): KernelJob {
    const { request, operation, connection, peer } = prepared;
    const base = {
      environment: this.#environment,
      operation: operation.name as OperationName,
      writes: operation.effect === "write",
      token: this.#token(),
      deadline: prepared.deadline,
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
      ...(prepared.target === undefined ? {} : { target: prepared.target }),
      ...(other === undefined ? {} : { peer: other }),
    });
  }

  #run({ implementation, input }: Prepared, job: KernelJob): Promise<unknown> {
    return implementation.run(job, input);
  }

  /** Finds out whether an operation happened whose link broke; what stays unknown blocks the object. */
  async #findOut(
    prepared: Prepared,
    { held, before, newId, error }: { held: Held; before: Observation; newId: string; error: unknown },
  ): Promise<CallResult> {
    const { request, operation, implementation } = prepared;
    const { object } = held;
    request.onState?.({ kind: "reconciling" });
    const answer = implementation.reconcile === undefined
      ? { kind: "unknown" as const, reason: `nothing can tell whether ${operation.name} happened` }
      : await this.#lookUntilKnown(prepared, { held, before, newId });
    if (answer.kind === "done") {
      return { outcome: { kind: "done", value: answer.value, reconciled: true }, object };
    }
    if (answer.kind === "not-done") {
      return { outcome: { kind: "not-done", error: toErrorData(error), reconciled: true }, object };
    }
    this.#uncertain.add(object.key, {
      label: object.label,
      operation: operation.name,
      caller: request.caller,
      since: this.#environment.clock.now(),
      reason: answer.reason,
    });
    const unknown = new VirtError(
      "outcome-unknown",
      `Cannot tell whether ${operation.name} of ${object.label} happened: ${answer.reason}`,
      {
        target: object.label,
        hint: `Look at it, then: drover jobs accept ${object.key} --as done|not-done`,
        cause: error,
      },
    );
    return { outcome: { kind: "unknown", error: toErrorData(unknown) }, object };
  }

  async #lookUntilKnown(
    prepared: Prepared,
    { held, before, newId }: { held: Held; before: Observation; newId: string },
  ): Promise<Reconciled<unknown>> {
    const { clock } = this.#environment;
    const deadline = clock.now() + this.#settings.reconcileMs;
    const hold = held.holds[0]!;
    const reconciling = this.#slots.reconcile(hold, {
      key: hold.key,
      label: held.object.label,
      kind: "reconcile",
      operation: `reconcile ${prepared.operation.name}`,
      caller: prepared.request.caller,
      group: prepared.group,
      deadline,
    });
    try {
      while (true) {
        const holds = [reconciling, ...held.holds.slice(1)];
        const job = this.#job({ ...prepared, deadline }, { object: held.object, holds, newId });
        try {
          const answer = await prepared.implementation.reconcile!(job, prepared.input, before);
          if (answer.kind !== "unknown" || clock.now() >= deadline) return answer;
        } catch (error) {
          if (clock.now() >= deadline) {
            return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
          }
        }
        await sleep(clock, Math.min(this.#settings.reconcilePauseMs, Math.max(1, deadline - clock.now())));
      }
    } finally {
      reconciling.release();
    }
  }

  #intent(
    object: ManagedObject,
    { token, before, newId }: { token: FencingToken; before: Observation; newId: string },
  ): CallIntent {
    return { object: object.key, label: object.label, token, before, generation: object.generation, newId };
  }

  #newId({ request }: Prepared): string {
    return request.newId ?? this.#environment.clock.uuid();
  }

  #token(): FencingToken {
    return { epoch: this.#epoch, counter: ++this.#counter };
  }
}

const neverAborts = new AbortController().signal;

function connectionNamed(name: string, connections: ReadonlyMap<string, DriverConnection>): DriverConnection {
  const connection = connections.get(name);
  if (connection === undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use connection "${name}": the run has no such connection`,
    );
  }
  return connection;
}

function parseInput(operation: Operation, input: unknown): never {
  const parsed = operation.input.safeParse(input ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") ?? "";
    throw new VirtError(
      "invalid-argument",
      `Cannot ${operation.name}: ${path === "" ? "the input" : `"${path}"`} is wrong: ${
        issue?.message ?? "not accepted"
      }`,
      { detail: { issues: parsed.error.issues } },
    );
  }
  return parsed.data as never;
}

function fieldOf(input: unknown, field: string): unknown {
  return typeof input === "object" && input !== null && field in input
    ? (input as Record<string, unknown>)[field]
    : undefined;
}

/** Lists, look-ups by name and everything else on a connection would be partial before the first enumeration ended. */
function waitsAtGate({ on }: Operation): boolean {
  return on === "connection";
}

/** A live write through a handle whose object moved since is refused, unless the caller says that it does not matter. */
function refuseMoved({ request, operation }: Prepared, object: ManagedObject): void {
  const expected = request.target?.generation;
  if (request.rebase === true || expected === undefined || object.phase !== "active") return;
  if (operation.job === "destroy" || expected === object.generation) return;
  throw new VirtError(
    "object-changed",
    `Cannot ${operation.name} ${object.label}: it was changed or restarted since this recipe looked at it`,
    { target: object.label, hint: "Look it up again, or pass { rebase: true } where that does not matter" },
  );
}

/** Lists show only what the caller may see. */
function filterList({ request, operation }: Prepared, value: unknown): unknown {
  const { filter } = operation;
  if (filter === undefined || !Array.isArray(value)) return value;
  const { authority, connection } = request;
  return value.filter((item: unknown) => {
    const name = refIn(item)?.name;
    return name === undefined ||
      authority.sees({ permission: filter, operation: operation.name, connection, name, when: "listed" });
  });
}

function refIn(item: unknown): ObjectRef | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  if ("$ref" in item) return item as ObjectRef;
  for (const value of Object.values(item)) {
    if (typeof value === "object" && value !== null && "$ref" in value) return value as ObjectRef;
  }
  return undefined;
}

function notDone(error: unknown): CallResult {
  return { outcome: { kind: "not-done", error: toErrorData(error) } };
}
