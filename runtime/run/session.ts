/**
 * One run: what its recipe asks for, what it is told, and how it ends.
 *
 * A recipe's only inputs are what is delivered to it. Every delivery is on record in its order, so that a resume plays
 * them again and the recipe arrives where it was.
 *
 * @module
 */
import {
  channelLimits,
  channelVersion,
  type FromRecipe,
  type RecipeDeclaration,
} from "../../model/channel.ts";
import { fromErrorData, toErrorData, VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { RecipeEndpoint } from "../endpoint.ts";
import type { LeaseRecord, RunRecord, RunState, StepRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";
import type { Lease } from "../lease.ts";
import { RunCalls } from "./calls.ts";
import type { PreparedRun, RunContext } from "./context.ts";
import { type Ending, endingOf, exitOf, type LastMessage, type SessionEnd, sessionEnd } from "./ending.ts";
import type { RunFeed } from "./feed.ts";
import { Generations } from "./generations.ts";
import { type LeaseFailure, RunLeases } from "./leases.ts";
import { methodNames } from "./methods.ts";
import { Outbox } from "./outbox.ts";
import { Replay, type RunHistory } from "./replay.ts";
import { RunLog } from "./run_log.ts";
import { recordedStepEvent } from "./step_event.ts";
import { describeStep, issuesStep, type StepMessage, stepRecord } from "./step_identity.ts";
import { RunSubscriptions } from "./subscriptions.ts";
import { RunTimers } from "./timers.ts";

/** How long a cancelled recipe may take to give back what it holds, in milliseconds. */
const defaultGraceMs = 10_000;

/** How long a replay waits for a recipe that issues nothing, in milliseconds. */
const replayStallMs = 60_000;

/** What a resume starts from. */
export interface ResumedRun extends RunHistory {
  readonly leases: readonly LeaseRecord[];
  /** What is already held in the run's name. */
  readonly held: readonly Lease[];
  /** The sequence number of the first log line that is not on record. */
  readonly nextLog: number;
  /** Steps whose outcome a person knows, where nothing can find it out. */
  readonly assume: ReadonlyMap<number, "done" | "not-done">;
}

/** What a session is made with. */
export interface SessionOptions {
  readonly run: RunRecord;
  readonly kernel: Kernel;
  readonly store: Store;
  readonly endpoint: RecipeEndpoint;
  readonly feed: RunFeed;
  /** The recipe's file, as the sandbox sees it. */
  readonly recipe: string;
  /** Connects and decides on permissions, once the recipe has declared itself. */
  readonly prepare: (declaration: RecipeDeclaration) => Promise<PreparedRun>;
  /** Reads a data file that the recipe has declared. */
  readonly readFile: (name: string) => Promise<Uint8Array>;
  readonly resumed?: ResumedRun;
  /** Hears that the run's state has changed. */
  readonly onState?: (state: RunState) => void;
  /** @default 10000 */
  readonly graceMs?: number;
}

/** What is there once the recipe has been told to start. */
interface Parts {
  readonly context: RunContext;
  readonly leases: RunLeases;
  readonly calls: RunCalls;
  readonly timers: RunTimers;
  readonly subscriptions: RunSubscriptions;
}

/** A step that was issued while the record was being played, and whose answer is not on record. */
interface InFlight {
  readonly message: StepMessage;
  readonly step: StepRecord;
  readonly recorded: StepRecord | undefined;
  /** The recipe has cancelled it meanwhile. */
  cancelled: boolean;
}

/** Drives one run from its recipe's first word to its end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #log: RunLog;
  readonly #replay: Replay;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #files: Set<string> = new Set();
  readonly #ended = new AbortController();
  #parts: Parts | undefined;
  #mode: "replay" | "joining" | "live" = "replay";
  #nextStep = 0;
  #ending: Ending | undefined;
  #cancelled: string | undefined;
  #grace: Disposable | undefined;
  #stall: Disposable | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { run, endpoint, store, kernel, resumed, feed } = options;
    this.#outbox = new Outbox({
      run: run.id,
      endpoint,
      store,
      clock: kernel.clock,
      onFailure: (error) => this.#stop({ kind: "interrupted", error: toErrorData(error) }),
    });
    this.#log = new RunLog({
      run: run.id,
      store,
      feed,
      clock: kernel.clock,
      recorded: resumed?.nextLog ?? 0,
    });
    this.#replay = new Replay(resumed ?? { steps: [], deliveries: [] });
  }

  /** Runs to the end, with everything given back and on record. Does not reject. */
  async run(): Promise<SessionEnd> {
    try {
      for await (const message of this.#options.endpoint.messages) {
        await this.#take(message);
        if (this.#ending !== undefined) break;
      }
      return await this.#finish(this.#ending ?? await this.#crashed());
    } catch (error) {
      return await this.#finish(this.#ending ?? this.#failed(error));
    }
  }

  /** Asks the recipe to end: its signal aborts, and only what gives back is admitted from now on. */
  cancel(reason: string): void {
    if (this.#cancelled !== undefined || this.#ending !== undefined) return;
    this.#cancelled = reason;
    const { store, run, kernel, endpoint, graceMs = defaultGraceMs } = this.#options;
    const cancelPoint = { at: kernel.clock.now(), steps: this.#nextStep, logs: this.#log.next };
    store.changeRun(run.id, { state: "cancelling", cancelPoint });
    this.#options.onState?.("cancelling");
    this.#grace = kernel.clock.after(graceMs, () => {
      void endpoint.kill(`it did not end within ${graceMs} ms of being cancelled`);
    });
    if (this.#mode === "live") this.#deliverCancel(reason);
  }

  /** Ends the session without giving anything back: the kernel is closing. */
  interrupt(reason: string): void {
    this.#stop({ kind: "interrupted", error: toErrorData(new VirtError("cancelled", reason)) });
  }

  async #take(message: FromRecipe): Promise<void> {
    if (issuesStep(message)) return this.#issue(message);
    switch (message.t) {
      case "ready":
        return await this.#greet(message.version);
      case "recipe":
        return await this.#start(message.declaration);
      case "cancel":
        return this.#cancelStep(message.step);
      case "log":
        return this.#log.line(message);
      case "progress":
        return this.#log.progress(message);
      case "end":
        return this.#log.endStep(message);
      case "credit":
        return;
      case "done":
      case "failed":
        this.#ending = this.#endWith(message);
        return;
    }
  }

  /** An end that the record does not know is a mismatch, not an end. */
  #endWith(message: LastMessage): Ending {
    try {
      this.#replay.refuseMissing(
        message.t === "done" ? "has ended" : `has failed (${message.error.message})`,
      );
      return endingOf(message);
    } catch (error) {
      return { kind: "interrupted", error: toErrorData(error) };
    }
  }

  async #greet(version: number): Promise<void> {
    if (version !== channelVersion) {
      throw new VirtError(
        "protocol",
        `Cannot run the recipe: its side speaks version ${version} of the channel`,
      );
    }
    const { endpoint, run, recipe } = this.#options;
    await endpoint.send({ t: "hello", version, run: run.id, recipe, methods: methodNames() });
  }

  /** The recipe has said what it needs: connects, and delivers the start or what is on record. */
  async #start(declaration: RecipeDeclaration): Promise<void> {
    if (this.#parts !== undefined) throw new VirtError("protocol", "The recipe declared itself twice");
    const { run, kernel, store, feed, resumed } = this.#options;
    const prepared = await this.#options.prepare(declaration);
    for (const name of declaration.files) this.#files.add(name);
    const caller = { principal: run.principal, run: run.id, title: run.title, since: run.createdAt };
    const { connections, authority } = prepared;
    const context: RunContext = {
      run: run.id,
      caller,
      kernel,
      store,
      feed,
      outbox: this.#outbox,
      connections,
      authority,
    };
    const leases = new RunLeases(
      context,
      resumed === undefined ? {} : { records: resumed.leases, held: resumed.held },
    );
    this.#parts = {
      context,
      leases,
      calls: new RunCalls(context, {
        leases,
        ...(resumed === undefined ? {} : { generations: new Generations() }),
      }),
      timers: new RunTimers({ clock: kernel.clock, outbox: this.#outbox }),
      subscriptions: new RunSubscriptions(context),
    };
    if (this.#replay.empty) {
      const { hosts, input } = prepared;
      this.#outbox.deliver({ t: "start", hosts, input, seed: run.seed }, { durable: true });
    }
    this.#pump();
  }

  #issue(message: StepMessage): void {
    const { run, kernel, store } = this.#options;
    if (this.#parts === undefined) {
      throw new VirtError("protocol", "The recipe issued a step before it was started");
    }
    if (message.step !== this.#nextStep) {
      throw new VirtError(
        "protocol",
        `The recipe issued step ${message.step} in the place of ${this.#nextStep}`,
      );
    }
    this.#nextStep++;
    const step = stepRecord(message, { run: run.id, issuedAt: kernel.clock.now() });
    let recorded: StepRecord | undefined;
    try {
      recorded = this.#replay.issue(step);
    } catch (error) {
      this.#ending = { kind: "interrupted", error: toErrorData(error) };
      return;
    }
    if (recorded === undefined) store.addStep(step);
    if (message.t === "begin") this.#log.beginStep(message);
    else if (this.#mode === "live") this.#begin({ message, step, recorded, cancelled: false });
    else this.#inFlight.set(step.number, { message, step, recorded, cancelled: false });
    const { calls, timers, subscriptions } = this.#parts;
    if (this.#inFlight.size + calls.size + timers.size + subscriptions.size > channelLimits.pending) {
      throw new VirtError("budget-exceeded", `The recipe has more than ${channelLimits.pending} calls open`);
    }
    if (this.#mode === "replay") this.#pump();
  }

  /** Delivers from the record what the recipe may see by now; goes live when there is no more. */
  #pump(): void {
    this.#stall?.[Symbol.dispose]();
    for (let delivery = this.#replay.take(); delivery !== undefined; delivery = this.#replay.take()) {
      this.#outbox.replay(delivery);
      if (delivery.t === "answer" || delivery.t === "refused" || delivery.t === "fired") {
        this.#replayed(delivery.step);
      }
    }
    if (this.#replay.ended) {
      this.#mode = "joining";
      void this.#goLive();
      return;
    }
    this.#stall = this.#options.kernel.clock.after(replayStallMs, () => {
      try {
        this.#replay.refuseMissing("waits");
      } catch (error) {
        this.#stop({ kind: "interrupted", error: toErrorData(error) });
      }
    });
  }

  #replayed(number: number): void {
    const inFlight = this.#inFlight.get(number);
    this.#inFlight.delete(number);
    if (inFlight?.message.t !== "call") return;
    this.#parts?.calls.replayed(inFlight.message);
    const at = this.#options.kernel.clock.now();
    this.#options.feed.publish(recordedStepEvent(inFlight.recorded ?? inFlight.step, { at, replayed: true }));
  }

  /** Takes up what was under way when the kernel died, then everything goes its normal way. */
  async #goLive(): Promise<void> {
    try {
      await this.#parts?.leases.reacquire(this.#ended.signal);
      const found = new Map<number, Outcome>();
      for (const [number, inFlight] of this.#inFlight) {
        const outcome = await this.#reconcile(inFlight);
        if (outcome !== undefined) found.set(number, outcome);
      }
      if (this.#ending !== undefined) return;
      this.#mode = "live";
      for (const [number, inFlight] of [...this.#inFlight].sort(([a], [b]) => a - b)) {
        this.#inFlight.delete(number);
        this.#begin(inFlight, found.get(number));
      }
      if (this.#cancelled === undefined) this.#options.onState?.("running");
      else this.#deliverCancel(this.#cancelled);
    } catch (error) {
      this.#stop({ kind: "interrupted", error: toErrorData(error) });
    }
  }

  /** What became of a step that may have acted; nothing where it is to be carried out now. */
  async #reconcile({ message, recorded }: InFlight): Promise<Outcome | undefined> {
    if (message.t !== "call" || recorded?.intent === undefined || this.#parts === undefined) return undefined;
    const { intent } = recorded;
    const { kernel, store, run, resumed } = this.#options;
    const assumed = resumed?.assume.get(message.step);
    if (assumed !== undefined) {
      kernel.accept(intent.object);
      const { principal } = run;
      const { operation } = message;
      const base = { at: kernel.clock.now(), principal, run: run.id, step: message.step, operation };
      store.addAudit({ ...base, decision: "assumed", object: intent.label, detail: assumed });
      return assumed === "done" ? { kind: "done", value: null, reconciled: true } : undefined;
    }
    const { outcome } = await kernel.reconcile({
      ...this.#parts.calls.request(message, this.#ended.signal),
      intent,
    });
    if (outcome.kind === "unknown") {
      throw unknownStep(recorded, { run: run.id, reason: outcome.error.message });
    }
    kernel.accept(intent.object);
    return outcome.kind === "done" ? outcome : undefined;
  }

  /** Carries a step out. */
  #begin({ message, step, recorded, cancelled }: InFlight, found?: Outcome): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    const refusal = found === undefined ? this.#refusal(step) : undefined;
    if (refusal !== undefined) return parts.calls.refuse(step.number, refusal);
    const resumed = recorded !== undefined;
    switch (message.t) {
      case "call":
        parts.calls.call(message, {
          ...(recorded === undefined ? {} : { recorded }),
          ...(found === undefined ? {} : { found }),
        });
        break;
      case "acquire":
        parts.calls.acquire(message);
        break;
      case "release":
      case "keep":
        parts.calls.endLease(message);
        break;
      case "timer":
        if (!cancelled) parts.timers.arm(step.number, recorded?.due ?? step.due ?? 0);
        return;
      case "subscribe":
        if (cancelled) return;
        try {
          parts.subscriptions.open(message, { resumed });
        } catch (error) {
          parts.calls.refuse(step.number, fromErrorData(toErrorData(error)));
        }
        return;
      case "file":
        void this.#readFile(message);
        return;
      case "begin":
        return;
    }
    if (cancelled) parts.calls.cancel(step.number, cancelledByRecipe());
  }

  /** After a cancel only what gives back, and what only looks, is admitted. */
  #refusal({ kind, operation, effect, label }: StepRecord): VirtError | undefined {
    if (this.#cancelled === undefined) return undefined;
    if (kind !== "acquire" && !(kind === "call" && effect === "write")) return undefined;
    return new VirtError("cancelled", `Cannot ${operation ?? kind} ${label}: the run is being cancelled`);
  }

  async #readFile({ step, name }: Extract<FromRecipe, { readonly t: "file" }>): Promise<void> {
    try {
      if (!this.#files.has(name)) {
        throw new VirtError("permission-denied", `Cannot read "${name}": the recipe has not declared it`, {
          hint: `Name it in the recipe: files: ["${name}"]`,
        });
      }
      const value = await this.#options.readFile(name);
      this.#outbox.deliver({ t: "answer", step, value }, { durable: false });
    } catch (error) {
      this.#parts?.calls.refuse(step, fromErrorData(toErrorData(error)));
    }
  }

  #cancelStep(step: number): void {
    const inFlight = this.#inFlight.get(step);
    if (inFlight !== undefined) inFlight.cancelled = true;
    this.#parts?.timers.cancel(step);
    this.#parts?.subscriptions.close(step);
    this.#parts?.calls.cancel(step, cancelledByRecipe());
  }

  #deliverCancel(reason: string): void {
    this.#outbox.deliver({ t: "cancel", reason }, { durable: true });
    this.#parts?.calls.cancelAll(new VirtError("cancelled", `The run was cancelled: ${reason}`));
  }

  /** Ends the recipe from our side. */
  #stop(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    void this.#options.endpoint.kill(ending.kind === "done" ? "the run has ended" : ending.error.message);
  }

  async #crashed(): Promise<Ending> {
    const { kind, reason } = await this.#options.endpoint.exited;
    if (this.#ending !== undefined) return this.#ending;
    const message = `The recipe ended before it was done: ${reason ?? kind}`;
    return this.#failed(new VirtError(kind === "broke-rules" ? "protocol" : "recipe-failed", message));
  }

  /** A resume that does not get going leaves the run as it was. */
  #failed(error: unknown): Ending {
    const resuming = this.#options.resumed !== undefined && this.#mode !== "live";
    return { kind: resuming ? "interrupted" : "failed", error: toErrorData(error) };
  }

  async #finish(ending: Ending): Promise<SessionEnd> {
    this.#ending = ending;
    this.#stall?.[Symbol.dispose]();
    this.#ended.abort(new VirtError("cancelled", "The run has ended"));
    const parts = this.#parts;
    parts?.timers.cancelAll();
    parts?.subscriptions.closeAll();
    this.#outbox.close();
    const { endpoint } = this.#options;
    await endpoint.kill("the run has ended");
    const reason = new VirtError("cancelled", "The run has ended");
    if (ending.kind === "interrupted") parts?.calls.interrupt(reason);
    else parts?.calls.cancelAll(reason);
    await parts?.calls.settled();
    this.#grace?.[Symbol.dispose]();
    const failures = ending.kind === "interrupted" ? [] : await parts?.leases.endAll() ?? [];
    for (const { lease, error } of failures) {
      this.#log.note("error", `Cannot take back ${lease.label}: ${error.message}; it is tried again later`);
    }
    return await this.#record(ending, failures);
  }

  async #record(ending: Ending, failures: readonly LeaseFailure[]): Promise<SessionEnd> {
    const { store, run, kernel, endpoint } = this.#options;
    try {
      const unknown = (await store.run(run.id))?.unknownOutcome ?? false;
      const end = sessionEnd({ ending, cancelled: this.#cancelled, unknown, failures });
      const now = kernel.clock.now();
      store.changeRun(run.id, {
        state: end.state,
        exit: end.exit,
        ...(end.result === undefined ? {} : { result: end.result }),
        ...(end.error === undefined ? {} : { error: end.error }),
        ...(end.state === "interrupted" ? { interruptedAt: run.interruptedAt ?? now } : { endedAt: now }),
      });
      await store.flush();
      return end;
    } catch (error) {
      const data = toErrorData(error);
      return { state: "interrupted", exit: exitOf(data), error: data };
    } finally {
      await endpoint[Symbol.asyncDispose]();
    }
  }
}

function cancelledByRecipe(): VirtError {
  return new VirtError("cancelled", "The recipe cancelled the call");
}

/** A step that may have acted, and nothing can tell: a person has to look. */
function unknownStep(
  step: StepRecord,
  { run, reason }: { readonly run: string; readonly reason: string },
): VirtError {
  return new VirtError(
    "outcome-unknown",
    `Cannot resume the run: nobody can tell whether step ${step.number} (${
      describeStep(step)
    }) happened: ${reason}`,
    {
      target: step.label,
      hint: `Look at it, then: drover runs resume ${run} --assume ${step.number}=done|not-done`,
      ...(step.at === undefined ? {} : { at: step.at }),
    },
  );
}
