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
import { toErrorData, VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { RecipeEndpoint } from "../endpoint.ts";
import type { RunRecord, RunState, StepRecord } from "../journal/record.ts";
import type { Store } from "../journal/store.ts";
import type { Kernel } from "../kernel.ts";
import type { Lease } from "../lease.ts";
import { concealedFeed, concealedStore } from "../secret/concealed_store.ts";
import { RunSecrets } from "../secret/run_secrets.ts";
import type { PreparedRun, RunContext } from "./context.ts";
import { type Ending, endingOf, exitOf, type LastMessage, type SessionEnd, sessionEnd } from "./ending.ts";
import type { RunFeed } from "./feed.ts";
import type { LeaseFailure } from "./leases.ts";
import { methodNames } from "./methods.ts";
import { Outbox } from "./outbox.ts";
import { OwnFiles } from "./own_files.ts";
import { Replay, type RunHistory } from "./replay.ts";
import { RunLog } from "./run_log.ts";
import { issuesStep, type StepMessage, stepRecord } from "./step_identity.ts";
import { type IssuedStep, type ResumedSteps, RunSteps } from "./steps.ts";

/** How long a cancelled recipe may take to give back what it holds, in milliseconds. */
const defaultGraceMs = 10_000;

/** How long a replay waits for a recipe that issues nothing, in milliseconds. */
const replayStallMs = 60_000;

/** What a resume starts from. */
export interface ResumedRun extends RunHistory, ResumedSteps {
  /** The sequence number of the first log line that is not on record. */
  readonly nextLog: number;
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
  /** The real path of the folder that its data files are in. */
  readonly folder: () => string;
  /** The secrets of the run. @default none */
  readonly secrets?: RunSecrets;
  readonly resumed?: ResumedRun;
  /** Hears that the run's state has changed. */
  readonly onState?: (state: RunState) => void;
  /** @default 10000 */
  readonly graceMs?: number;
}

/** Drives one run from its recipe's first word to its end. */
export class Session {
  readonly #options: Omit<SessionOptions, "feed" | "secrets"> & {
    readonly feed: RunContext["feed"];
    readonly secrets: RunSecrets;
  };
  readonly #outbox: Outbox;
  readonly #log: RunLog;
  readonly #replay: Replay;
  /** Steps that were issued while the record was being played, and whose answer is not on it. */
  readonly #inFlight = new Map<number, IssuedStep>();
  readonly #ended = new AbortController();
  #steps: RunSteps | undefined;
  #files: OwnFiles | undefined;
  #mode: "replay" | "joining" | "live" = "replay";
  #nextStep = 0;
  #ending: Ending | undefined;
  #cancelled: string | undefined;
  /** The recipe knows of its cancel from the record. */
  #cancelReplayed = false;
  #grace: Disposable | undefined;
  #stall: Disposable | undefined;

  constructor(options: SessionOptions) {
    const { secrets = RunSecrets.none() } = options;
    const store = concealedStore(options.store, secrets.concealer);
    const feed = concealedFeed(options.feed, secrets.concealer);
    this.#options = { ...options, store, feed, secrets };
    const { run, endpoint, kernel, resumed } = options;
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
    this.#replay = new Replay(run.id, resumed ?? { steps: [], deliveries: [] });
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
    const { store, run, kernel } = this.#options;
    const cancelPoint = { at: kernel.clock.now(), steps: this.#nextStep, logs: this.#log.next };
    store.changeRun(run.id, { cancelPoint });
    this.#beCancelled(reason);
    if (this.#mode === "live") this.#deliverCancel(reason);
  }

  #beCancelled(reason: string): void {
    const { store, run, kernel, endpoint, graceMs = defaultGraceMs } = this.#options;
    this.#cancelled = reason;
    store.changeRun(run.id, { state: "cancelling" });
    this.#options.onState?.("cancelling");
    if (this.#steps === undefined) {
      void endpoint.kill("it was cancelled before it started");
      return;
    }
    this.#grace = kernel.clock.after(graceMs, () => {
      void endpoint.kill(`it did not end within ${graceMs} ms of being cancelled`);
    });
  }

  /** Ends the session without giving anything back: the kernel is closing. */
  interrupt(reason: string): void {
    this.#stop({ kind: "interrupted", error: toErrorData(new VirtError("cancelled", reason)) });
  }

  /** What the kernel holds in the run's name, once it has ended for a resume. */
  get held(): readonly Lease[] {
    return this.#steps?.held ?? this.#options.resumed?.held ?? [];
  }

  async #take(message: FromRecipe): Promise<void> {
    this.#options.secrets.heard(message);
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
    if (this.#steps !== undefined) throw new VirtError("protocol", "The recipe declared itself twice");
    const { run, kernel, store, feed, secrets, resumed, readFile, folder, prepare, endpoint } = this.#options;
    // Whoever waits for a host that does not answer can still be ended.
    const prepared = await Promise.race([prepare(declaration), endpoint.exited.then(() => undefined)]);
    if (prepared === undefined) return;
    const { connections, authority } = prepared;
    const own = new OwnFiles(declaration.files, folder);
    this.#files = own;
    const context: RunContext = {
      run: run.id,
      caller: { principal: run.principal, run: run.id, title: run.title, since: run.createdAt },
      kernel,
      store,
      feed,
      outbox: this.#outbox,
      connections,
      authority: own.allowedBy(authority),
      secrets,
    };
    this.#steps = new RunSteps(context, {
      files: declaration.files,
      readFile,
      ...(resumed === undefined ? {} : { resumed }),
    });
    // Nobody else gets what the run holds, whatever comes of the replay.
    await Promise.race([this.#steps.reacquire(this.#ended.signal), endpoint.exited]);
    if (this.#replay.empty) {
      const { hosts, lost = [], input } = prepared;
      this.#outbox.deliver(
        { t: "start", hosts, ...(lost.length === 0 ? {} : { lost }), input, seed: run.seed },
        { durable: true },
      );
    }
    this.#pump();
  }

  #issue(issued: StepMessage): void {
    const message = issued.t === "call" ? this.#files?.resolved(issued) ?? issued : issued;
    const { run, kernel, store } = this.#options;
    const steps = this.#steps;
    if (steps === undefined) {
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
    const taken: IssuedStep = { message, step, ...(recorded === undefined ? {} : { recorded }) };
    if (message.t === "begin") this.#log.beginStep(message);
    else if (this.#mode === "live") steps.begin(taken);
    else this.#inFlight.set(step.number, taken);
    if (this.#inFlight.size + steps.size > channelLimits.pending) {
      throw new VirtError("budget-exceeded", `The recipe has more than ${channelLimits.pending} calls open`);
    }
    if (this.#mode === "replay") this.#pump();
  }

  /** Delivers from the record what the recipe may see by now; goes live when there is no more. */
  #pump(): void {
    this.#stall?.[Symbol.dispose]();
    for (let delivery = this.#replay.take(); delivery !== undefined; delivery = this.#replay.take()) {
      this.#outbox.replay(delivery);
      if (delivery.t === "cancel") {
        this.#cancelReplayed = true;
        if (this.#cancelled === undefined) this.#beCancelled(delivery.reason);
      }
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
    const issued = this.#inFlight.get(number);
    this.#inFlight.delete(number);
    if (issued !== undefined) this.#steps?.replayed(issued);
  }

  /** Takes up what was under way when the kernel died, then everything goes its normal way. */
  async #goLive(): Promise<void> {
    const steps = this.#steps;
    if (steps === undefined) return;
    try {
      const found = new Map<number, Outcome>();
      for (const [number, issued] of this.#inFlight) {
        const outcome = await steps.reconcile(issued, this.#ended.signal);
        if (outcome !== undefined) found.set(number, outcome);
      }
      if (this.#ending !== undefined) return;
      this.#mode = "live";
      if (this.#cancelled !== undefined) this.#deliverCancel(this.#cancelled);
      else this.#options.onState?.("running");
      for (const [number, issued] of [...this.#inFlight].sort(([a], [b]) => a - b)) {
        this.#inFlight.delete(number);
        steps.begin(issued, found.get(number));
      }
    } catch (error) {
      this.#stop({ kind: "interrupted", error: toErrorData(error) });
    }
  }

  #cancelStep(step: number): void {
    const issued = this.#inFlight.get(step);
    if (issued !== undefined) this.#inFlight.set(step, { ...issued, cancelled: true });
    this.#steps?.cancel(step);
  }

  #deliverCancel(reason: string): void {
    this.#steps?.cancelRun(reason);
    if (!this.#cancelReplayed) this.#outbox.deliver({ t: "cancel", reason }, { durable: true });
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
    this.#outbox.close();
    await this.#options.endpoint.kill("the run has ended");
    const failures = await this.#steps?.end({ resumable: ending.kind === "interrupted" }) ?? [];
    this.#grace?.[Symbol.dispose]();
    for (const { lease, error } of failures) {
      this.#log.note("error", `Cannot take back ${lease.label}: ${error.message}; it is tried again later`);
    }
    return await this.#record(ending, failures);
  }

  async #record(ending: Ending, failures: readonly LeaseFailure[]): Promise<SessionEnd> {
    const { store, run, kernel, endpoint } = this.#options;
    try {
      const unknown = (await store.run(run.id))?.unknownOutcome ?? false;
      const end = this.#concealed(
        sessionEnd({ ending, cancelled: this.#cancelled, unknown, failures }),
      );
      const { state, exit, result, error } = end;
      const now = kernel.clock.now();
      const since = this.#mode === "live" ? now : run.interruptedAt ?? now;
      const times = state === "interrupted"
        ? { interruptedAt: since }
        : { endedAt: now, interruptedAt: undefined };
      store.changeRun(run.id, { state, exit, result, error, ...times });
      await store.flush();
      return end;
    } catch (error) {
      const data = toErrorData(error);
      return { state: "interrupted", exit: exitOf(data), error: data };
    } finally {
      await endpoint[Symbol.asyncDispose]();
    }
  }

  #concealed({ result, error, ...end }: SessionEnd): SessionEnd {
    const { secrets: { concealer } } = this.#options;
    return {
      ...end,
      ...(result === undefined ? {} : { result: concealer.data(result) }),
      ...(error === undefined ? {} : { error: concealer.error(error) }),
    };
  }
}
