/**
 * What measures and traces a daemon, put together: who stands around its calls, commits, hops and requests.
 *
 * @module
 */
import type { HostOptions } from "../../runtime/host.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { CallWatch } from "../../runtime/kernel.ts";
import { directScheduler } from "../../runtime/scheduler.ts";
import type { Log } from "../log.ts";
import type { DaemonSettings } from "../settings.ts";
import { DaemonMetrics } from "./metrics/daemon_metrics.ts";
import type { RequestWatch } from "./server.ts";
import { OtlpExporter } from "./tracing/otlp.ts";
import { Tracer } from "./tracing/tracer.ts";
import { traceCalls, traceHops, traceRequests } from "./tracing/watch.ts";

/** What is watched, and how it is seen. */
export interface Watching extends AsyncDisposable {
  readonly metrics: DaemonMetrics;
  /** For the kernel. */
  readonly host: Pick<HostOptions, "watch" | "watchCommit" | "scheduler">;
  /** For the HTTP server. */
  readonly request: RequestWatch;
}

/** What watching needs to know. */
export interface WatchingOptions {
  readonly settings: Pick<DaemonSettings, "otlp_endpoint" | "otlp_sample_percent">;
  readonly log: Log;
  /** The project's version. */
  readonly version: string;
}

/** Begins to watch. Nothing is traced where the settings name no collector. */
export function beginWatching({ settings, log, version }: WatchingOptions): Watching {
  const metrics = new DaemonMetrics();
  metrics.watchLag();
  const { otlp_endpoint: endpoint, otlp_sample_percent: samplePercent } = settings;
  if (endpoint === "") {
    return {
      metrics,
      host: { watch: metrics.watchCall, watchCommit: metrics.watchCommit },
      request: metrics.watchRequest,
      [Symbol.asyncDispose]: () => Promise.resolve(metrics[Symbol.dispose]()),
    };
  }
  const exporter = new OtlpExporter({
    endpoint,
    clock: systemClock,
    version,
    onLoss: (spans, why) => {
      metrics.lost(spans);
      log("warn", "spans were lost", { spans, why });
    },
  });
  const tracer = new Tracer({ sink: (span) => exporter.add(span), samplePercent });
  const traced = { call: traceCalls(tracer), request: traceRequests(tracer) };
  const watch: CallWatch = (request, carryOut) =>
    metrics.watchCall(request, (counted) => traced.call(counted, carryOut));
  return {
    metrics,
    host: { watch, watchCommit: metrics.watchCommit, scheduler: traceHops(tracer, directScheduler) },
    request: (request, answer) =>
      traced.request(request, async () => {
        let status = 0;
        await metrics.watchRequest(request, async () => status = await answer());
        return status;
      }),
    [Symbol.asyncDispose]: async () => {
      metrics[Symbol.dispose]();
      await exporter[Symbol.asyncDispose]();
    },
  };
}
