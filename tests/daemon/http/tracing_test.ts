import assert from "node:assert/strict";
import { parseTraceContext, traceparentOf } from "../../../daemon/http/tracing/trace_context.ts";
import { OtlpExporter, otlpOf } from "../../../daemon/http/tracing/otlp.ts";
import { currentTrace, type EndedSpan, Tracer } from "../../../daemon/http/tracing/tracer.ts";
import { traceCalls, traceHops, traceRequests } from "../../../daemon/http/tracing/watch.ts";
import { createTestDriver } from "../../../drivers/test/mod.ts";
import { directScheduler } from "../../../runtime/scheduler.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { Api } from "./kit/api.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${callerSpan}-01`;

/** An API whose spans are kept. */
async function traced(samplePercent = 100): Promise<{ readonly api: Api; readonly spans: EndedSpan[] }> {
  const spans: EndedSpan[] = [];
  const tracer = new Tracer({ sink: (span) => void spans.push(span), samplePercent });
  const api = await Api.open({
    watch: traceRequests(tracer),
    host: { watch: traceCalls(tracer), scheduler: traceHops(tracer, directScheduler) },
    drivers: [createTestDriver()],
  });
  return { api, spans };
}

/** A span's line of descent, from the outermost. */
function lineOf(span: EndedSpan, spans: readonly EndedSpan[]): readonly string[] {
  const parent = spans.find(({ context }) => context.spanId === span.parent);
  return parent === undefined ? [span.name] : [...lineOf(parent, spans), span.name];
}

Deno.test("a request, its call, its job and its hops are spans of the caller's trace, each within the other", async () => {
  const { api: made, spans } = await traced();
  await using api = made;
  const { status } = await api.ask("/v1/operations/domain.suspend", {
    body: { target: ["test"] },
    headers: { traceparent, tracestate: "vendor=1" },
  });
  assert.equal(status, 200);
  const mine = spans.filter(({ context }) => context.traceId === traceId);
  const request = mine.find(({ name }) => name === "POST /v1/operations/{operation}");
  assert.equal(request?.parent, callerSpan);
  assert.equal(request?.context.state, "vendor=1");
  assert.equal(request?.attributes["http.response.status_code"], 200);
  const call = mine.find(({ name }) => name === "domain.suspend") ?? assert.fail("no call");
  assert.equal(call.attributes["drover.outcome"], "done");
  assert.equal(call.attributes["drover.principal"], "token:root");
  const job = mine.find((span) => span.name === "job" && span.parent === call.context.spanId);
  assert.deepEqual(lineOf(job ?? assert.fail("no job"), mine), [
    "POST /v1/operations/{operation}",
    "domain.suspend",
    "job",
  ]);
  for (const span of mine) assert.ok(span.end >= span.start);
  assert.equal(new Set(mine.map(({ context }) => context.spanId)).size, mine.length);
});

Deno.test("hops are spans of the job that makes them", async () => {
  const spans: EndedSpan[] = [];
  const tracer = new Tracer({ sink: (span) => void spans.push(span) });
  const scheduler = traceHops(tracer, directScheduler);
  const watch = traceCalls(tracer);
  let within: string | undefined;
  const request = {
    operation: "domain.start",
    connections: new Map(),
    connection: "host",
    input: {},
    caller: { principal: "a", since: 0 },
    authority: { check: (): void => {}, checkReach: (): void => {}, sees: (): boolean => true },
  };
  await watch(request, async (watched) => {
    watched.onState?.({ kind: "waiting", position: 2 });
    await Promise.resolve();
    watched.onState?.({ kind: "running", since: 0 });
    await scheduler.hop({ operation: "domain.start", where: "spawn", object: "k", acts: true }, async () => {
      await Promise.resolve();
      within = currentTrace()?.spanId;
    });
    return { outcome: { kind: "not-done", error: { code: "timed-out", message: "Too late" } } };
  });
  const [wait, hop, job, call] = spans;
  assert.deepEqual(spans.map(({ name }) => name), ["wait", "spawn", "job", "domain.start"]);
  assert.equal(wait?.attributes["drover.position"], 2);
  assert.equal(hop?.parent, job?.context.spanId);
  assert.equal(within, hop?.context.spanId, "what leaves in a hop can pass its place on");
  assert.equal(job?.parent, call?.context.spanId);
  assert.equal(call?.error, "Too late");
  assert.equal(call?.attributes["error.type"], "timed-out");
});

Deno.test("calls at the same time are not taken for parts of each other", async () => {
  const { api: made, spans } = await traced();
  await using api = made;
  const ids = Array.from({ length: 8 }, (_, at) => String(at).repeat(32).replace(/^0+$/, "a".repeat(32)));
  await Promise.all(ids.map((id) =>
    api.ask("/v1/operations/domain.list", {
      body: {},
      headers: { traceparent: `00-${id}-${callerSpan}-01` },
    })
  ));
  for (const id of ids) {
    const mine = spans.filter(({ context }) => context.traceId === id);
    assert.equal(mine.filter(({ name }) => name === "domain.list").length, 1, id);
    assert.equal(mine.filter(({ name }) => name === "POST /v1/operations/{operation}").length, 1, id);
  }
});

Deno.test("what the caller does not keep is not kept here, and of what begins here as much as the settings say", async () => {
  const { api: made, spans } = await traced(0);
  await using api = made;
  await api.ask("/v1/operations/domain.list", {
    body: {},
    headers: { traceparent: traceparent.replace(/01$/, "00") },
  });
  await api.ask("/v1/operations/domain.list", { body: {} });
  assert.deepEqual(spans, []);
  await api.ask("/v1/operations/domain.list", { body: {}, headers: { traceparent } });
  assert.ok(spans.length > 0);
});

Deno.test("a traceparent is read by its specification, and what is none begins a trace of its own", () => {
  assert.deepEqual(parseTraceContext(traceparent, undefined), { traceId, spanId: callerSpan, sampled: true });
  assert.equal(traceparentOf({ traceId, spanId: callerSpan, sampled: true }), traceparent);
  assert.equal(parseTraceContext(`01-${traceId}-${callerSpan}-01-more`, undefined)?.traceId, traceId);
  for (
    const wrong of [
      "",
      "00",
      `ff-${traceId}-${callerSpan}-01`,
      `00-${traceId}-${callerSpan}-01-more`,
      `00-${"0".repeat(32)}-${callerSpan}-01`,
      `00-${traceId}-${"0".repeat(16)}-01`,
      `00-${traceId.toUpperCase()}-${callerSpan}-01`,
      `00-${traceId}-${callerSpan}`,
    ]
  ) assert.equal(parseTraceContext(wrong, undefined), undefined, wrong);
});

Deno.test("spans arrive at a collector, as OTLP has them in JSON", async () => {
  const arrived = Promise.withResolvers<
    { readonly path: string; readonly type: string | null; readonly body: string }
  >();
  await using collector = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const body = await request.text();
      arrived.resolve({
        path: new URL(request.url).pathname,
        type: request.headers.get("content-type"),
        body,
      });
      return Response.json({});
    },
  );
  const { port } = collector.addr;
  await using exporter = new OtlpExporter({
    endpoint: `http://127.0.0.1:${port}/`,
    clock: systemClock,
    version: "1",
  });
  const tracer = new Tracer({ sink: (span) => exporter.add(span), now: () => 1_700_000_000_000_000_001n });
  const span = tracer.begin("domain.start", {
    attributes: { "drover.run": "7f3a", "drover.acts": true, n: 3, x: 0.5 },
  });
  span.end("it failed");
  await exporter.flush();
  const { path, type, body } = await arrived.promise;
  assert.equal(path, "/v1/traces");
  assert.equal(type, "application/json");
  const [resource] = JSON.parse(body).resourceSpans;
  assert.deepEqual(resource.resource.attributes[0], {
    key: "service.name",
    value: { stringValue: "drover" },
  });
  const [sent] = resource.scopeSpans[0].spans;
  assert.match(sent.traceId, /^[0-9a-f]{32}$/);
  assert.match(sent.spanId, /^[0-9a-f]{16}$/);
  assert.equal(sent.startTimeUnixNano, "1700000000000000001");
  assert.deepEqual(sent.attributes, [
    { key: "drover.run", value: { stringValue: "7f3a" } },
    { key: "drover.acts", value: { boolValue: true } },
    { key: "n", value: { intValue: "3" } },
    { key: "x", value: { doubleValue: 0.5 } },
  ]);
  assert.deepEqual(sent.status, { code: 2, message: "it failed" });
});

Deno.test("a collector that is away is tried again, and then its spans are lost and counted", async () => {
  let tried = 0;
  const lost: number[] = [];
  const soon = (_ms: number, action: () => void): Disposable => {
    queueMicrotask(action);
    return { [Symbol.dispose]: (): void => {} };
  };
  const exporter = new OtlpExporter({
    endpoint: "http://127.0.0.1:1",
    clock: { ...systemClock, after: soon },
    version: "1",
    onLoss: (spans) => lost.push(spans),
    fetch: () => {
      tried++;
      return Promise.resolve(new Response(null, { status: tried === 4 ? 400 : 503 }));
    },
  });
  const tracer = new Tracer({ sink: (span) => exporter.add(span) });
  tracer.begin("a").end();
  await exporter.flush();
  assert.deepEqual([tried, lost], [3, [1]]);
  tracer.begin("b").end();
  await exporter.flush();
  assert.deepEqual([tried, lost], [4, [1, 1]], "what it does not understand is not sent again");
});

Deno.test("no spans are an empty list, and many go in pieces", () => {
  assert.ok(JSON.stringify(otlpOf([], "1")).includes('"spans":[]'));
});
