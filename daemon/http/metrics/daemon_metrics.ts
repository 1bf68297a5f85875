/**
 * What is measured of a daemon.
 *
 * Names and units follow Prometheus's conventions. Labels have few values: operations of the registry, kinds of jobs,
 * routes and statuses, never names of objects or people.
 *
 * @module
 */
import type { Outcome } from "../../../model/outcome.ts";
import { operations } from "../../../model/operations/mod.ts";
import type { CallState } from "../../../runtime/call.ts";
import { type Clock, systemClock } from "../../../runtime/clock.ts";
import type { CallWatch } from "../../../runtime/kernel.ts";
import type { RequestWatch } from "../server.ts";
import { gauges, type Looks, nobody } from "./gauges.ts";
import { Counter, expose, Histogram, type HistogramSeries, type Metric } from "./exposition.ts";

/** Upper ends of ranges, in seconds. */
const fast = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const slow = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];

/** Upper ends of ranges, in waiters. */
const lengths = [1, 2, 3, 5, 10, 20, 50, 100, 500];

/** What is counted of one operation. */
interface OperationSeries extends Readonly<Record<Outcome["kind"], { value: number }>> {
  readonly job: string;
  readonly seconds: HistogramSeries;
}

/** The metrics of a daemon. They count from the beginning; what they look at is told when it is there. */
export class DaemonMetrics implements Disposable {
  readonly #calls = new Counter({
    name: "drover_calls_total",
    help: "Calls of operations that have ended, by how they did.",
    labels: ["operation", "outcome"],
    maxSeries: 2000,
  });
  readonly #callSeconds = new Histogram({
    name: "drover_call_duration_seconds",
    help: "How long calls took, waiting included.",
    labels: ["job", "effect"],
    bounds: slow,
  });
  readonly #waitSeconds = new Histogram({
    name: "drover_slot_wait_seconds",
    help: "How long calls waited for their slots.",
    labels: ["job"],
    bounds: slow,
  });
  readonly #queueLength = new Histogram({
    name: "drover_slot_queue_length",
    help: "Places in the queue that callers got who had to wait.",
    bounds: lengths,
  });
  readonly #commitSeconds = new Histogram({
    name: "drover_journal_commit_duration_seconds",
    help: "How long commits of the journal took.",
    bounds: fast,
  });
  readonly #lagSeconds = new Histogram({
    name: "drover_event_loop_lag_seconds",
    help: "How much later than it was due a timer went off.",
    bounds: fast,
  });
  readonly #requests = new Counter({
    name: "drover_http_requests_total",
    help: "HTTP requests that were answered.",
    labels: ["method", "route", "status"],
    maxSeries: 500,
  });
  readonly #requestSeconds = new Histogram({
    name: "drover_http_request_duration_seconds",
    help: "How long HTTP requests took; event streams count with all of their time.",
    labels: ["route"],
    bounds: slow,
    maxSeries: 100,
  });
  readonly #lostSpans = new Counter({
    name: "drover_trace_spans_lost_total",
    help: "Spans that could not be sent to the collector.",
  });
  readonly #operations = new Map<string, OperationSeries>();
  readonly #metrics: readonly Metric[];
  #looks: Looks = nobody;
  #inFlight = 0;
  #lag: Disposable | undefined;

  constructor() {
    this.#metrics = [
      this.#calls,
      this.#callSeconds,
      this.#waitSeconds,
      this.#queueLength,
      this.#commitSeconds,
      this.#lagSeconds,
      this.#requests,
      this.#requestSeconds,
      this.#lostSpans,
      ...gauges({ looks: () => this.#looks, inFlight: () => this.#inFlight }),
    ];
  }

  /** What is looked at from now on. */
  look(looks: Looks): void {
    this.#looks = looks;
  }

  /** Everything as Prometheus reads it. */
  text(): string {
    return expose(this.#metrics);
  }

  /** Stands around every call. */
  readonly watchCall: CallWatch = async (request, carryOut) => {
    const kept = this.#seriesOf(request.operation);
    const { job } = kept;
    const began = performance.now();
    let waiting: number | undefined;
    const heard = (state: CallState): void => {
      if (state.kind === "waiting") {
        waiting ??= performance.now();
        this.#queueLength.observe(state.position);
      } else if (waiting !== undefined) {
        this.#waitSeconds.observe((performance.now() - waiting) / 1000, [job]);
        waiting = undefined;
      }
      request.onState?.(state);
    };
    this.#inFlight++;
    try {
      // What takes no slot says nothing.
      const result = await carryOut(job === "none" ? request : { ...request, onState: heard });
      kept[result.outcome.kind].value++;
      return result;
    } finally {
      this.#inFlight--;
      const now = performance.now();
      if (waiting !== undefined) this.#waitSeconds.observe((now - waiting) / 1000, [job]);
      this.#callSeconds.observeIn(kept.seconds, (now - began) / 1000);
    }
  };

  /** What is counted of an operation, looked up once. What is none counts as `other`. */
  #seriesOf(operation: string): OperationSeries {
    const known = this.#operations.get(operation);
    if (known !== undefined) return known;
    const found = operations.get(operation);
    const { name = "other", job = "none", effect = "read" } = found ?? {};
    const series: OperationSeries = {
      job,
      "done": this.#calls.series([name, "done"]),
      "not-done": this.#calls.series([name, "not-done"]),
      "unknown": this.#calls.series([name, "unknown"]),
      seconds: this.#callSeconds.series([job, effect]),
    };
    // Names that somebody makes up are not kept.
    if (found !== undefined) this.#operations.set(operation, series);
    return series;
  }

  /** Stands around every commit of the journal. */
  readonly watchCommit = (commit: () => void): void => {
    const began = performance.now();
    commit();
    this.#commitSeconds.observe((performance.now() - began) / 1000);
  };

  /** Stands around every HTTP request. */
  readonly watchRequest: RequestWatch = async ({ method, route = "other" }, answer) => {
    const began = performance.now();
    const status = await answer();
    this.#requests.add([knownMethods.has(method) ? method : "other", route, String(status)]);
    this.#requestSeconds.observe((performance.now() - began) / 1000, [route]);
  };

  /** Hears of spans that are lost. */
  lost(spans: number): void {
    this.#lostSpans.add([], spans);
  }

  /** Looks from time to time how late a timer is. It does not keep the process alive. */
  watchLag(clock: Clock = systemClock, everyMs = 500): void {
    const due = performance.now() + everyMs;
    const timer = clock.after(everyMs, () => {
      this.#lagSeconds.observe(Math.max(0, performance.now() - due) / 1000);
      this.watchLag(clock, everyMs);
    });
    timer.wanted?.(false);
    this.#lag = timer;
  }

  [Symbol.dispose](): void {
    this.#lag?.[Symbol.dispose]();
  }
}

const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);
