/**
 * The steps of a run that are under way, whatever their kind: beginning them, cancelling them, and taking up those of a
 * kernel that died.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import { fromErrorData, toErrorData, VirtError } from "../../model/error.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { LeaseRecord, StepRecord } from "../journal/record.ts";
import type { Lease } from "../lease.ts";
import { RunCalls } from "./calls.ts";
import type { RunContext } from "./context.ts";
import { Generations } from "./generations.ts";
import { type LeaseFailure, RunLeases } from "./leases.ts";
import { recordedStepEvent } from "./step_event.ts";
import { describeStep, type StepMessage } from "./step_identity.ts";
import { RunSubscriptions } from "./subscriptions.ts";
import { RunTimers } from "./timers.ts";

/** A step that the recipe has issued. */
export interface IssuedStep {
  readonly message: StepMessage;
  readonly step: StepRecord;
  /** Its row from before a resume. */
  readonly recorded?: StepRecord;
  /** Whether the recipe has cancelled it before it began. */
  readonly cancelled?: boolean;
}

/** What a resume brings along. */
export interface ResumedSteps {
  readonly leases: readonly LeaseRecord[];
  /** What is already held in the run's name. */
  readonly held: readonly Lease[];
  /** Steps whose outcome a person knows, where nothing can find it out. */
  readonly assume: ReadonlyMap<number, "done" | "not-done">;
}

/** What steps are made with. */
export interface RunStepsOptions {
  /** The data files that the recipe has declared. */
  readonly files: readonly string[];
  readonly readFile: (name: string) => Promise<Uint8Array>;
  readonly resumed?: ResumedSteps;
}

/** The steps of one run. */
export class RunSteps {
  readonly #context: RunContext;
  readonly #options: RunStepsOptions;
  readonly #leases: RunLeases;
  readonly #calls: RunCalls;
  readonly #timers: RunTimers;
  readonly #subscriptions: RunSubscriptions;
  #cancelling = false;
  /** Files are read one after the other, each when the recipe has taken the one before: they are large. */
  #files: Promise<void> = Promise.resolve();
  #over = false;

  constructor(context: RunContext, options: RunStepsOptions) {
    const { resumed } = options;
    this.#context = context;
    this.#options = options;
    this.#leases = new RunLeases(
      context,
      resumed === undefined ? {} : { records: resumed.leases, held: resumed.held },
    );
    this.#calls = new RunCalls(context, {
      leases: this.#leases,
      ...(resumed === undefined ? {} : { generations: new Generations() }),
    });
    this.#timers = new RunTimers({ clock: context.kernel.clock, outbox: context.outbox });
    this.#subscriptions = new RunSubscriptions(context);
  }

  /** How many are under way. */
  get size(): number {
    return this.#calls.size + this.#timers.size + this.#subscriptions.size;
  }

  /** What the kernel holds in the run's name. */
  get held(): readonly Lease[] {
    return this.#leases.held;
  }

  /** Carries a step out; `found` is what became of it already. */
  begin({ message, step, recorded, cancelled = false }: IssuedStep, found?: Outcome): void {
    const refusal = found === undefined ? this.#refusal(step) : undefined;
    if (refusal !== undefined) return this.#calls.refuse(step.number, refusal);
    switch (message.t) {
      case "call":
        this.#calls.call(message, {
          ...(recorded === undefined ? {} : { recorded }),
          ...(found === undefined ? {} : { found }),
        });
        break;
      case "acquire":
        this.#calls.acquire(message);
        break;
      case "release":
      case "keep":
        this.#calls.endLease(message);
        break;
      case "timer":
        if (!cancelled) this.#timers.arm(step.number, recorded?.due ?? step.due ?? 0);
        return;
      case "subscribe":
        if (!cancelled) this.#subscribe(message, { resumed: recorded !== undefined });
        return;
      case "file":
        this.#files = this.#files.then(() => this.#readFile(message));
        return;
      case "begin":
        return;
    }
    if (cancelled) this.#calls.cancel(step.number, cancelledByRecipe());
  }

  /** The recipe does not want a step any more. */
  cancel(step: number): void {
    this.#timers.cancel(step);
    this.#subscriptions.close(step);
    this.#calls.cancel(step, cancelledByRecipe());
  }

  /** From now on only what gives back, and what only looks, is admitted. */
  cancelRun(reason: string): void {
    this.#cancelling = true;
    this.#calls.cancelAll(new VirtError("cancelled", `The run was cancelled: ${reason}`));
  }

  /** Tells of a step whose answer was taken from the record. */
  replayed({ message, step, recorded }: IssuedStep): void {
    if (message.t !== "call") return;
    const { feed, kernel } = this.#context;
    this.#calls.replayed(message);
    feed.publish(recordedStepEvent(recorded ?? step, { at: kernel.clock.now(), replayed: true }));
  }

  /** Takes again what the run held exclusively when its kernel died. */
  reacquire(signal: AbortSignal): Promise<void> {
    return this.#leases.reacquire(signal);
  }

  /**
   * What became of a step that may have acted before its kernel died; nothing where it is to be carried out now.
   *
   * @throws {VirtError} `outcome-unknown` where a person has to look.
   */
  async reconcile({ message, recorded }: IssuedStep, signal: AbortSignal): Promise<Outcome | undefined> {
    if (message.t !== "call" || recorded?.intent === undefined) return undefined;
    const { kernel, run } = this.#context;
    const { intent } = recorded;
    const assumed = this.#options.resumed?.assume.get(message.step);
    if (assumed !== undefined) {
      this.#noteAssumed(recorded, assumed);
      kernel.accept(intent.object);
      return assumed === "done" ? { kind: "done", value: null, reconciled: true } : undefined;
    }
    const { outcome } = await kernel.reconcile({
      ...await this.#calls.requestAgain(message, signal),
      intent,
    });
    if (outcome.kind === "unknown") throw unknownStep(recorded, { run, reason: outcome.error.message });
    kernel.accept(intent.object);
    return outcome.kind === "done" ? outcome : undefined;
  }

  /**
   * Ends everything: what waits is cancelled, what acts is finished and written down, and what the run holds is given
   * back, unless it is to be resumed.
   *
   * @returns the leases that could not be ended.
   */
  async end({ resumable }: { readonly resumable: boolean }): Promise<readonly LeaseFailure[]> {
    this.#over = true;
    this.#timers.cancelAll();
    this.#subscriptions.closeAll();
    const reason = new VirtError("cancelled", "The run has ended");
    if (resumable) this.#calls.interrupt(reason);
    else this.#calls.cancelAll(reason);
    await this.#calls.settled();
    return resumable ? [] : await this.#leases.endAll();
  }

  #refusal({ kind, operation, effect, label }: StepRecord): VirtError | undefined {
    if (!this.#cancelling) return undefined;
    if (kind !== "acquire" && !(kind === "call" && effect === "write")) return undefined;
    return new VirtError("cancelled", `Cannot ${operation ?? kind} ${label}: the run is being cancelled`);
  }

  #subscribe(
    message: Extract<FromRecipe, { readonly t: "subscribe" }>,
    options: { readonly resumed: boolean },
  ): void {
    try {
      this.#subscriptions.open(message, options);
    } catch (error) {
      this.#calls.refuse(message.step, fromErrorData(toErrorData(error)));
    }
  }

  async #readFile({ step, name }: Extract<FromRecipe, { readonly t: "file" }>): Promise<void> {
    const { files, readFile } = this.#options;
    try {
      if (!files.includes(name)) {
        throw new VirtError("permission-denied", `Cannot read "${name}": the recipe has not declared it`, {
          hint: `Name it in the recipe: files: ["${name}"]`,
        });
      }
      await this.#context.outbox.drained();
      if (this.#over) return;
      const value = await readFile(name);
      this.#context.outbox.deliver({ t: "answer", step, value }, { durable: false });
    } catch (error) {
      this.#calls.refuse(step, fromErrorData(toErrorData(error)));
    }
  }

  #noteAssumed(step: StepRecord, assumed: "done" | "not-done"): void {
    const { store, kernel, caller, run } = this.#context;
    store.addAudit({
      at: kernel.clock.now(),
      principal: caller.principal,
      run,
      step: step.number,
      decision: "assumed",
      operation: step.operation ?? step.kind,
      object: step.label,
      detail: assumed,
    });
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
