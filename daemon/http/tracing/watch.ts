/**
 * Makes spans of requests, calls, waits, jobs and hops.
 *
 * @module
 */
import type { CallResult, CallState } from "../../../runtime/call.ts";
import type { CallWatch } from "../../../runtime/kernel.ts";
import type { Scheduler } from "../../../runtime/scheduler.ts";
import type { RequestWatch } from "../server.ts";
import { parseTraceContext } from "./trace_context.ts";
import { type Span, spanKind, type Tracer } from "./tracer.ts";

/** A span for every HTTP request; the trace of its caller is gone on with. */
export function traceRequests(tracer: Tracer): RequestWatch {
  return async ({ method, route, headers }, answer) => {
    const span = tracer.begin(route === undefined ? method : `${method} ${route}`, {
      parent: parseTraceContext(headers["traceparent"], headers["tracestate"]),
      kind: spanKind.server,
      attributes: {
        "http.request.method": method,
        ...(route === undefined ? {} : { "http.route": route }),
      },
    });
    try {
      const status = await tracer.within({ span }, answer);
      span.set("http.response.status_code", status);
      span.end(status >= 500 ? `status ${status}` : undefined);
    } catch (error) {
      span.end(String(error));
      throw error;
    }
  };
}

/** A span for every call, and in it one for each wait and each job. */
export function traceCalls(tracer: Tracer): CallWatch {
  return (request, carryOut) => {
    const { operation, caller, target, connections, connection, onState } = request;
    const span = tracer.begin(operation, {
      attributes: {
        "drover.operation": operation,
        "drover.principal": caller.principal,
        "drover.connection": connections.get(connection)?.uri.text ?? connection,
        ...(caller.run === undefined ? {} : { "drover.run": caller.run }),
        ...(target === undefined ? {} : { "drover.target": target.name }),
      },
    });
    const place = { span };
    let phase: Span | undefined;
    const turn = (name: string | undefined): void => {
      phase?.end();
      phase = name === undefined ? undefined : tracer.begin(name, { parent: span.context });
      // What leaves from now on, leaves from there.
      place.span = phase ?? span;
    };
    const heard = (state: CallState): void => {
      if (state.kind === "waiting") {
        turn("wait");
        phase?.set("drover.position", state.position);
      } else if (state.kind === "running") turn("job");
      else if (state.kind === "reconciling") turn("reconcile");
      onState?.(state);
    };
    return tracer.within(place, async (): Promise<CallResult> => {
      try {
        const result = await carryOut({ ...request, onState: heard });
        const { outcome } = result;
        turn(undefined);
        span.set("drover.outcome", outcome.kind);
        if (outcome.kind !== "done") span.set("error.type", outcome.error.code);
        span.end(outcome.kind === "done" ? undefined : outcome.error.message);
        return result;
      } finally {
        turn(undefined);
        span.end("it was not carried out");
      }
    });
  };
}

/** A span for every hop. */
export function traceHops(tracer: Tracer, scheduler: Scheduler): Scheduler {
  return {
    handOver: (grant) => scheduler.handOver(grant),
    hop: async (info, go) => {
      const span = tracer.begin(info.where, {
        kind: spanKind.client,
        attributes: {
          "drover.operation": info.operation,
          "drover.object": info.object,
          "drover.acts": info.acts,
        },
      });
      try {
        const value = await tracer.within({ span }, () => scheduler.hop(info, go));
        span.end();
        return value;
      } catch (error) {
        span.end(error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
  };
}
