/**
 * One run in a lab: how it goes, and what is to be said of it afterwards.
 *
 * @module
 */
import { type ErrorData, fromErrorData, VirtError } from "../model/error.ts";
import type { ExitCode } from "../model/exit_code.ts";
import type { ObjectRef } from "../model/object.ts";
import type { RunEvent } from "../runtime/control/methods.ts";
import type { RunRecord, RunState, StepOutcome } from "../runtime/journal/record.ts";
import type { Store } from "../runtime/journal/store.ts";
import type { AuditEntry, AuditMemory } from "../runtime/permission/mod.ts";
import type { SessionEnd } from "../runtime/run/ending.ts";
import type { RunFeed } from "../runtime/run/feed.ts";
import type { Session } from "../runtime/run/session.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** How a recipe is run in a lab. */
export interface LabRunOptions<Input> {
  /** The recipe's input; what has a default may be left out. */
  readonly input?: Input;
  /**
   * What the person who runs it grants: `["domain:start@web-*"]`.
   * @default everything that does not reach outside the hypervisor
   */
  readonly grants?: readonly string[];
  /** The recipe's data files, by the names that it has declared. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /**
   * The values of the secrets that the recipe has declared; it does not get to see them.
   * @default a value made up for each
   */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A line of the log. */
export interface LogLine {
  /** How important it is. */
  readonly level: "debug" | "info" | "warn" | "error";
  /** What was logged. */
  readonly message: string;
  /** What was logged beside the message. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A call that the recipe made. */
export interface CallView {
  /** The number of its step. */
  readonly step: number;
  /** The operation's name: `domain.start`. */
  readonly operation: string;
  /** The name of the object, or of the connection. */
  readonly target: string;
  /** What was given to it. */
  readonly input: unknown;
  /** What became of it; absent while it goes on. */
  readonly outcome?: StepOutcome;
  /** Why it was not done, or is unknown. */
  readonly error?: ErrorData;
  /** How long it took in virtual time. */
  readonly durationMs: number;
}

/** A named step. */
export interface StepView {
  /** The step's name. */
  readonly name: string;
  /** How far it is. */
  readonly state: "running" | "done" | "failed";
  /** Why it failed. */
  readonly message?: string;
}

/** A result as it is on record: what recipes return, with references in the place of handles. */
export type Recorded<T> = T extends ObjectRef<infer C> ? ObjectRef<C>
  : T extends { toJSON(): infer J } ? Recorded<J>
  : T extends void ? null
  : T extends object ? { [K in keyof T]: Recorded<T[K]> }
  : T;

/** What is to be said of a run that has ended. */
export interface RunStory<Result> {
  /** How the run ended. */
  readonly state: RunState;
  /** How `drover run` would leave. */
  readonly exit: ExitCode;
  /**
   * What the recipe returned.
   *
   * @throws {VirtError} the run's error, where it has failed.
   */
  readonly result: Recorded<Result>;
  /** Why it failed, where it did. */
  readonly error?: VirtError;
  /** What it logged, in order. */
  readonly logs: readonly LogLine[];
  /** The recipe's named steps, in the order in which they began. */
  readonly steps: readonly StepView[];
  /** The calls that it made, in order. */
  readonly calls: readonly CallView[];
  /** What it said of its progress. */
  readonly progress: readonly { readonly fraction: number; readonly text?: string }[];
  /** Every decision about permissions. */
  readonly audit: readonly AuditEntry[];
  /** How long it took in virtual time. */
  readonly durationMs: number;
}

/** What a run in a lab is made with. */
export interface LabRunParts {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly audit: AuditMemory;
  readonly record: RunRecord;
  readonly store: Store;
  readonly clock: VirtualClock;
}

/** A run that is under way. */
export class LabRun<Result> {
  /** Its id. */
  readonly id: string;
  /** Resolves with its story when it has ended. Time has to go on for that: `await lab.clock.until(run.ended)`. */
  readonly ended: Promise<RunStory<Result>>;
  readonly #session: Session;
  readonly #events: RunEvent[] = [];
  #over = false;

  /** @ignore */
  constructor(parts: LabRunParts) {
    const { session, feed, record } = parts;
    this.id = record.id;
    this.#session = session;
    const watched = this.#watch(feed);
    const end = session.run().finally(() => feed.close());
    this.ended = end.then(async (end) => {
      const endedAt = parts.clock.now();
      this.#over = true;
      await watched;
      return await this.#story(parts, { end, endedAt });
    });
  }

  /** Cancels it, as Ctrl-C does. */
  cancel(reason = "the test wants it"): void {
    this.#session.cancel(reason);
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** What it waits for: `domain.start of web-1`. */
  get open(): string[] {
    const open = new Map<number, string>();
    for (const event of this.#events) {
      if (event.type !== "operation") continue;
      if (["waiting", "running", "reconciling"].includes(event.state)) {
        open.set(event.step, `${event.operation} of ${event.target ?? "the host"} (${event.state})`);
      } else open.delete(event.step);
    }
    return [...open.values()];
  }

  /** Ends it as the death of its kernel would: nothing is given back. */
  interrupt(): void {
    this.#session.interrupt("The lab is closed");
  }

  async #watch(feed: RunFeed): Promise<void> {
    for await (const event of feed.watch()) this.#events.push(event);
  }

  async #story(
    { record, store, audit }: LabRunParts,
    { end, endedAt }: { readonly end: SessionEnd; readonly endedAt: number },
  ): Promise<RunStory<Result>> {
    const steps = new Map<number, StepView>();
    const progress: { fraction: number; text?: string }[] = [];
    for (const event of this.#events) {
      if (event.type === "step") {
        const { name, state, message } = event;
        steps.set(event.step, { name, state, ...(message === undefined ? {} : { message }) });
      } else if (event.type === "progress") {
        progress.push({
          fraction: event.fraction,
          ...(event.text === undefined ? {} : { text: event.text }),
        });
      }
    }
    const logs = await store.logs(record.id);
    const calls = await store.steps(record.id);
    const error = end.error === undefined ? undefined : fromErrorData(end.error);
    return {
      state: end.state,
      exit: end.exit,
      get result(): Recorded<Result> {
        if (error !== undefined) throw error;
        // The recipe's type says what it returns; the channel has made plain data of it.
        return end.result as Recorded<Result>;
      },
      ...(error === undefined ? {} : { error }),
      logs: logs.map(({ level, message, fields = {} }) => ({ level, message, fields })),
      steps: [...steps.values()],
      calls: calls.filter(({ kind }) => kind === "call").map((step) => ({
        step: step.number,
        operation: step.operation ?? "",
        target: step.ref?.name ?? step.connection ?? "",
        input: step.input,
        ...(step.outcome === undefined ? {} : { outcome: step.outcome }),
        ...(step.error === undefined ? {} : { error: step.error }),
        durationMs: (step.settledAt ?? endedAt) - step.issuedAt,
      })),
      progress,
      audit: [...audit.entries],
      durationMs: endedAt - record.createdAt,
    };
  }
}
