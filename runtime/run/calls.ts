/**
 * The calls of a run: on record before they act, answered when that is on record too.
 *
 * @module
 */
import type { FromRecipe, Moved } from "../../model/channel.ts";
import { fromErrorData, isVirtError, toErrorData, VirtError } from "../../model/error.ts";
import type { ObjectRef } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { CallIntent, CallRequest, CallState } from "../call.ts";
import { describeObjects } from "../describe.ts";
import type { StepRecord } from "../journal/record.ts";
import type { ManagedObject } from "../object.ts";
import { changingUses, sightUse } from "../permission/uses.ts";
import type { RunContext } from "./context.ts";
import type { Generations } from "./generations.ts";
import type { RunLeases } from "./leases.ts";
import { RunProgress } from "./progress.ts";
import { quietError, SecretFailure } from "../secret/failure.ts";
import { answersSecret, type Revealed, SecretValues } from "./secret_values.ts";
import { stepEndEvent, stepStateEvent } from "./step_event.ts";
import { asRef, type CallMessage, labelOf } from "./step_identity.ts";

/** How long definitions may take to be read that permissions depend on, in milliseconds. */
const describeMs = 60_000;

/** A recipe's wish to have objects for itself. */
export type AcquireMessage = Extract<FromRecipe, { readonly t: "acquire" }>;

/** A recipe's wish to end a lease. */
export type LeaseMessage = Extract<FromRecipe, { readonly t: "release" | "keep" }>;

/** What is known of a step that a resume takes up again. */
export interface TakenUp {
  /** Its row, where there is one from before. */
  readonly recorded?: StepRecord;
  /** What became of it, where that was found out. */
  readonly found?: Outcome;
}

interface Pending {
  readonly controller: AbortController;
  readonly settled: Promise<void>;
}

interface Finished {
  readonly outcome: Outcome;
  /** The generation of the call's target after it. */
  readonly generation?: number;
  /** Another object that it moved. */
  readonly moved?: Moved;
  /** Whether a secret was put in, or should have been: what went wrong is not the recipe's to know. */
  readonly isSecret?: boolean;
}

/** The calls of one run that are under way. */
export class RunCalls {
  readonly #context: RunContext;
  readonly #leases: RunLeases;
  readonly #generations: Generations | undefined;
  readonly #secrets: SecretValues;
  readonly #progress: RunProgress;
  readonly #pending = new Map<number, Pending>();
  #interrupted = false;

  /** @param generations of a resumed run: which of its references are up to date */
  constructor(
    context: RunContext,
    { leases, generations }: { readonly leases: RunLeases; readonly generations?: Generations },
  ) {
    this.#context = context;
    this.#leases = leases;
    this.#generations = generations;
    this.#secrets = new SecretValues(context.run, context.secrets);
    this.#progress = new RunProgress({ clock: context.kernel.clock, outbox: context.outbox });
  }

  /** How many are under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** Carries an operation out and answers. */
  call(message: CallMessage, taken: TakenUp = {}): void {
    this.#track(message.step, async (signal) => {
      this.#answer(message, await this.#finish(message, { signal, taken }));
    });
  }

  /** Takes objects for the run alone and answers. */
  acquire(message: AcquireMessage): void {
    this.#track(message.step, async (signal) => {
      const { step } = message;
      try {
        const lease = await this.#acquire(message, signal);
        this.#settled(step, { kind: "done", value: null });
        this.#context.outbox.deliver({ t: "answer", step, value: null, lease: lease.id }, { durable: true });
      } catch (error) {
        this.#refuse(step, error);
      }
    });
  }

  /** Ends a lease and answers. A cancel does not reach it. */
  endLease({ t, step, lease }: LeaseMessage): void {
    this.#track(step, async () => {
      try {
        if (t === "release") await this.#leases.release(lease);
        else await this.#leases.keep(lease);
        this.#settled(step, { kind: "done", value: null });
        this.#context.outbox.deliver({ t: "answer", step, value: null }, { durable: true });
      } catch (error) {
        this.#refuse(step, error);
      }
    });
  }

  /** Refuses a step that may not be carried out. */
  refuse(step: number, error: VirtError): void {
    this.#refuse(step, error);
  }

  /** Remembers a call whose answer is on record, in case its secret value is needed again. */
  replayed(message: CallMessage): void {
    if (answersSecret(operations.get(message.operation), message.input)) this.#secrets.forgotten(message);
  }

  /** Asks a call to end early. */
  cancel(step: number, reason: VirtError): void {
    this.#pending.get(step)?.controller.abort(reason);
  }

  /** Asks all to end early. */
  cancelAll(reason: VirtError): void {
    for (const { controller } of this.#pending.values()) controller.abort(reason);
  }

  /**
   * Ends all as early as possible, for a resume: what was done is still written down, what was not is as if it had never
   * been asked for.
   */
  interrupt(reason: VirtError): void {
    this.#interrupted = true;
    this.#progress.stop();
    this.cancelAll(reason);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all([...this.#pending.values()].map(({ settled }) => settled));
    }
  }

  /** What a call asks of the kernel. */
  request(message: CallMessage, signal: AbortSignal): CallRequest {
    const { caller, authority, connections, kernel } = this.#context;
    const { operation, connection, target, options } = message;
    return {
      operation,
      connections,
      connection,
      ...(target === undefined ? {} : { target: this.#current(asRef(target)) }),
      input: message.input,
      caller,
      authority,
      signal,
      ...(options.withinMs === undefined ? {} : { deadline: kernel.clock.now() + options.withinMs }),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
      ...(options.rebase === undefined ? {} : { rebase: options.rebase }),
      ...(options.noWait === undefined ? {} : { noWait: options.noWait }),
      conceal: this.#context.secrets.forCalls,
      onState: (state) => this.#tell(message, state),
    };
  }

  /** What finding out about a call asks of the kernel: its input with the values that it was made with. */
  async requestAgain(message: CallMessage, signal: AbortSignal): Promise<CallRequest> {
    const { input } = await this.#revealed(message, signal);
    return { ...this.request(message, signal), input };
  }

  async #finish(
    message: CallMessage,
    { signal, taken }: { readonly signal: AbortSignal; readonly taken: TakenUp },
  ): Promise<Finished> {
    if (taken.found !== undefined) return { outcome: taken.found };
    let isSecret = false;
    try {
      const operation = operations.get(message.operation);
      if (message.options.temporary === true && operation !== undefined) {
        this.#leases.check(operation);
        // What only looks leaves nothing behind when its kernel dies, and has no intent.
        if (operation.effect === "read") this.#expect(message, { operation, label: labelOf(message) });
      }
      const request = this.request(message, signal);
      const newId = taken.recorded?.intent?.newId;
      let before: number | undefined;
      const revealed = await this.#revealed(message, signal);
      isSecret = revealed.isSecret;
      const { outcome, object } = await this.#context.kernel.call({
        ...request,
        input: revealed.input,
        journal: {
          intent: (intent) => {
            before = intent.generation;
            return this.#intent(message, intent);
          },
        },
        ...(newId === undefined ? {} : { newId }),
      });
      if (object === undefined) return { outcome, isSecret };
      if (object.id === message.target?.id) return { outcome, isSecret, generation: object.generation };
      return { outcome, isSecret, ...(before === undefined ? {} : movedFrom(before, object)) };
    } catch (error) {
      return {
        outcome: { kind: "not-done", error: this.#context.secrets.forCalls.error(toErrorData(error)) },
        isSecret: isSecret || error instanceof SecretFailure,
      };
    }
  }

  #revealed(message: CallMessage, signal: AbortSignal): Promise<Revealed> {
    return this.#secrets.reveal(message.input, {
      operation: operations.get(message.operation),
      readAgain: (secret) => this.#readAgain(secret, signal),
      nonce: this.#context.kernel.clock.uuid(),
    });
  }

  /** Makes durable that the call is about to act, together with what takes its result back. */
  async #intent(message: CallMessage, intent: CallIntent): Promise<void> {
    const { store, run } = this.#context;
    const { step, options } = message;
    const operation = operations.get(message.operation);
    if (options.temporary === true && operation !== undefined) {
      this.#refuseExisting(message, intent);
      this.#expect(message, { operation, label: intent.label });
    }
    store.changeStep(run, step, { intent });
    await store.flush();
  }

  #expect(
    { step, connection, target }: CallMessage,
    { operation, label }: { readonly operation: Operation; readonly label: string },
  ): void {
    this.#leases.expect({
      step,
      operation,
      connection,
      label,
      ...(target === undefined ? {} : { target: asRef(target) }),
    });
  }

  /** What was there before is not ours to take away again. */
  #refuseExisting({ operation: name, connection }: CallMessage, { object, label }: CallIntent): void {
    if (operations.get(name)?.on !== "connection") return;
    if (object === this.#context.connections.get(connection)?.self.key) return;
    throw new VirtError("already-exists", `Cannot ${name} temporarily: ${label} exists already`, {
      target: label,
      hint: "Use another name, or leave out temporary",
    });
  }

  #answer(message: CallMessage, { outcome, generation, moved, isSecret = false }: Finished): void {
    const { outbox, store, run } = this.#context;
    const { step, options } = message;
    const operation = operations.get(message.operation);
    const writes = operation?.effect === "write";
    const temporary = options.temporary === true;
    if (this.#interrupted && outcome.kind !== "done") return;
    this.#settled(step, outcome);
    this.#progress.end(step);
    if (outcome.kind !== "done") {
      if (temporary && outcome.kind === "not-done") this.#leases.notMade(step);
      if (outcome.kind === "unknown") store.changeRun(run, { unknownOutcome: true });
      const error = isSecret
        ? quietError(outcome.error, { operation: message.operation, run })
        : outcome.error;
      if (error.message !== outcome.error.message) this.#tellWhy(message, outcome.error.message);
      outbox.deliver({ t: "refused", step, error }, { durable: writes });
    } else {
      const lease = temporary ? this.#leases.made(step, outcome.value) : undefined;
      const secret = answersSecret(operation, message.input);
      const shown = secret ? this.#secrets.hide(message, outcome.value) : outcome.value;
      this.#generations?.note(
        shown,
        message.target === undefined ? undefined : asRef(message.target),
        generation,
      );
      if (moved !== undefined) {
        this.#generations?.note(null, { connection: message.connection, name: "", ...moved }, moved.to);
      }
      outbox.deliver({
        t: "answer",
        step,
        value: shown ?? null,
        ...(lease === undefined ? {} : { lease }),
        ...(generation === undefined ? {} : { generation }),
        ...(moved === undefined ? {} : { moved }),
      }, { durable: writes });
    }
    this.#context.feed.publish(stepEndEvent(message, outcome, this.#context.kernel.clock.now()));
    if (writes) this.#audit(message, outcome);
  }

  /** Whoever watches is told what the recipe is not. */
  #tellWhy({ operation }: CallMessage, why: string): void {
    const { feed, kernel } = this.#context;
    feed.publish({
      type: "log",
      at: kernel.clock.now(),
      level: "error",
      message: `${operation} (kept from the recipe): ${why}`,
    });
  }

  async #acquire(message: AcquireMessage, signal: AbortSignal): ReturnType<RunLeases["acquire"]> {
    const { kernel } = this.#context;
    const { step, options } = message;
    const objects = message.objects.map((ref) => this.#current(asRef(ref)));
    for (const ref of objects) await this.#checkExclusive(ref, { when: "asked", signal });
    const withinMs = options.noWait === true ? 0 : options.withinMs;
    const lease = await this.#leases.acquire({
      step,
      objects,
      signal,
      ...(withinMs === undefined ? {} : { deadline: kernel.clock.now() + withinMs }),
      onState: (state) => this.#tell(message, state),
    });
    try {
      // While it waited, names may have changed.
      for (const ref of objects) await this.#checkExclusive(ref, { when: "obtained", signal });
    } catch (error) {
      await this.#leases.release(lease.id);
      throw error;
    }
    return lease;
  }

  /** Who may see an object and change nothing of it would only keep others from it. */
  async #checkExclusive(
    ref: ObjectRef,
    { when, signal }: { readonly when: "asked" | "obtained"; readonly signal: AbortSignal },
  ): Promise<void> {
    const { authority, kernel, connections } = this.#context;
    const name = ref.connection;
    const object = kernel.find(ref, connections);
    const connection = connections.get(name)!;
    const options = { operation: "exclusive", when, name, connection };
    const { clock } = kernel;
    await describeObjects([object], {
      connection,
      authority,
      clock,
      deadline: clock.now() + describeMs,
      signal,
    });
    await authority.check(sightUse(object, options));
    const changing = changingUses(object, options);
    if (changing.some((use) => authority.sees(use))) return;
    for (const use of changing.slice(0, 1)) await authority.check(use);
  }

  /** Reads a secret once more whose value was lost with the kernel that had it. */
  async #readAgain(message: CallMessage, signal: AbortSignal): Promise<unknown> {
    const { outcome } = await this.#context.kernel.call(this.request(message, signal));
    if (outcome.kind === "done") return outcome.value;
    throw fromErrorData(outcome.error);
  }

  #current(ref: ObjectRef): ObjectRef {
    return this.#generations?.current(ref) ?? ref;
  }

  #track(step: number, work: (signal: AbortSignal) => Promise<void>): void {
    const controller = new AbortController();
    const settled = work(controller.signal).finally(() => this.#pending.delete(step));
    this.#pending.set(step, { controller, settled });
  }

  #settled(step: number, outcome: Outcome): void {
    const { store, run, kernel } = this.#context;
    store.changeStep(run, step, {
      outcome: outcome.kind,
      settledAt: kernel.clock.now(),
      ...(outcome.kind === "done" ? {} : { error: outcome.error }),
    });
  }

  #refuse(step: number, error: unknown): void {
    if (this.#interrupted) return;
    const data = toErrorData(isVirtError(error) ? error : new VirtError("internal", String(error)));
    this.#settled(step, { kind: "not-done", error: data });
    this.#context.outbox.deliver({ t: "refused", step, error: data }, { durable: false });
  }

  #tell(message: CallMessage | AcquireMessage, state: CallState): void {
    const { feed, kernel } = this.#context;
    feed.publish(stepStateEvent(message, state, kernel.clock.now()));
    if (state.kind !== "progress" || this.#interrupted || message.options.progress !== true) return;
    const { fraction, detail } = state;
    this.#progress.report(message.step, { fraction, ...(detail === undefined ? {} : { detail }) });
  }

  #audit(message: CallMessage, outcome: Outcome): void {
    const { store, run, caller, kernel } = this.#context;
    store.addAudit({
      at: kernel.clock.now(),
      principal: caller.principal,
      run,
      step: message.step,
      decision: outcome.kind,
      operation: message.operation,
      connection: message.connection,
      ...(message.target === undefined ? {} : { object: message.target.name }),
      ...(outcome.kind === "done" ? {} : { detail: outcome.error.message }),
    });
  }
}

/** Where an object moved, how. */
function movedFrom(from: number, object: ManagedObject): Pick<Finished, "moved"> {
  const { objectClass, id, parent, generation: to } = object;
  if (to <= from) return {};
  return { moved: { $ref: objectClass, id, ...(parent === undefined ? {} : { parent }), from, to } };
}
