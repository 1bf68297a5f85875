/**
 * What happens in runs, for those who follow it over HTTP.
 *
 * @module
 */
import type { RunEvent } from "../../runtime/control/methods.ts";
import type { Store } from "../../runtime/journal/store.ts";
import type { Kernel } from "../../runtime/kernel.ts";
import type { RunManager } from "../../runtime/run/manager.ts";
import { recordedStepEvent } from "../../runtime/run/step_event.ts";
import { viewOf } from "../../runtime/run/view.ts";
import { EventLog } from "./event_log.ts";
import { type EventSource, resetEvent, type SentEvent } from "./event_source.ts";

/** How many logs of ended runs are remembered, so that who was cut off at the end can hear of it. */
const endedLimit = 64;

/** States in which a step does not stay. */
const passing: ReadonlySet<string> = new Set(["waiting", "running", "reconciling"]);

/** What run events come from. */
export interface RunEventsOptions {
  readonly kernel: Pick<Kernel, "epoch">;
  readonly runs: Pick<RunManager, "active">;
  readonly store: Pick<Store, "run" | "steps" | "logs">;
}

/** The events of all runs that somebody has followed. */
export class RunEvents {
  readonly #options: RunEventsOptions;
  readonly #logs = new Map<string, EventLog>();
  #made = 0;

  constructor(options: RunEventsOptions) {
    this.#options = options;
  }

  /**
   * The log of a run that is driven from here and not by its recipe: a single operation. Whoever begins it ends it.
   */
  begin(run: string): EventLog {
    const log = this.#newLog();
    this.#logs.set(run, log);
    return log;
  }

  /** What happens in a run: first what is on record, then what comes, until it ends. */
  source(run: string): EventSource {
    return {
      follow: (after, signal) => this.#follow(run, { after, signal }),
      ended: (after) => {
        const log = this.#logs.get(run);
        return log?.ended === true && log.head === after;
      },
    };
  }

  async *#follow(
    run: string,
    { after, signal }: { readonly after: string | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<SentEvent, void, undefined> {
    let from = after;
    while (!signal.aborted) {
      const log = this.#logOf(run);
      const settled = new Set<number>();
      if (from === undefined || !log.remembers(from)) {
        if (from !== undefined) yield resetEvent;
        from = log.head;
        // Both are taken in the same turn, so that nothing happens in between.
        const recorded = this.#recorded(run);
        for (const event of await recorded) {
          if (event.type === "operation" && !passing.has(event.state)) settled.add(event.step);
          yield { type: event.type, data: event };
        }
        yield { id: from, type: "recorded", data: {} };
      }
      const next = yield* this.#live(log, { from, signal, settled });
      if (next === undefined) return;
      from = next;
    }
  }

  /** Hands on what comes; the id of a place that is forgotten where the reader was too slow. */
  async *#live(
    log: EventLog,
    { from, signal, settled }: {
      readonly from: string;
      readonly signal: AbortSignal;
      readonly settled: ReadonlySet<number>;
    },
  ): AsyncGenerator<SentEvent, string | undefined, undefined> {
    for await (const event of log.follow(from, signal)) {
      if (event === undefined) return "";
      if (!isOnRecord(event.data, settled)) yield event;
    }
    return undefined;
  }

  /** What the journal has, read in one turn. */
  async #recorded(id: string): Promise<readonly RunEvent[]> {
    const { store } = this.#options;
    const [run, steps, logs] = await Promise.all([store.run(id), store.steps(id), store.logs(id)]);
    if (run === undefined) return [];
    return [
      { type: "run", at: run.createdAt, run: viewOf(run) },
      ...steps.filter(({ kind }) => kind === "call" || kind === "acquire").map((step) =>
        recordedStepEvent(step, { at: step.settledAt ?? step.issuedAt })
      ),
      ...logs.map(({ at, level, message, fields }): RunEvent => ({
        type: "log",
        at,
        level,
        message,
        ...(fields === undefined ? {} : { fields: { ...fields } }),
      })),
    ];
  }

  #logOf(run: string): EventLog {
    const known = this.#logs.get(run);
    const active = this.#options.runs.active(run);
    if (known !== undefined && (!known.ended || active === undefined)) return known;
    const log = this.begin(run);
    if (active === undefined) log.end();
    else {
      active.listen((event) => {
        if (event !== undefined) log.add(event.type, event);
        else log.end();
      });
    }
    this.#forget();
    return log;
  }

  #newLog(): EventLog {
    return new EventLog(`${this.#options.kernel.epoch}.${++this.#made}`);
  }

  #forget(): void {
    const ended = [...this.#logs].filter(([, log]) => log.ended && log.followers === 0);
    for (const [run] of ended.slice(0, Math.max(0, ended.length - endedLimit))) this.#logs.delete(run);
  }
}

/** Whether an event says of a step what the record said before. */
function isOnRecord(data: unknown, settled: ReadonlySet<number>): boolean {
  return typeof data === "object" && data !== null && "type" in data && data.type === "operation" &&
    "step" in data && typeof data.step === "number" && settled.has(data.step);
}
