import assert from "node:assert/strict";
import { Counter, expose, Gauge, Histogram } from "../../../daemon/http/metrics/exposition.ts";
import { DaemonMetrics } from "../../../daemon/http/metrics/daemon_metrics.ts";
import { Traffic } from "../../../daemon/transport/traffic.ts";
import { Api } from "./kit/api.ts";

/** A metric as it is read. */
interface ReadMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/**
 * Reads the text format by its published grammar (Prometheus, "Exposition formats", version 0.0.4), and fails where it is
 * not kept to: samples without a type, families in pieces, series that come twice, buckets that fall.
 */
function read(text: string): ReadonlyMap<string, ReadMetric> {
  assert.ok(text.endsWith("\n"));
  const metrics = new Map<string, ReadMetric>();
  const seen = new Set<string>();
  let help = "";
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const [, word, about = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ??
      [];
    if (word === "HELP") {
      help = rest;
    } else if (word === "TYPE") {
      assert.ok(!metrics.has(about), `${about} comes twice`);
      assert.match(rest, /^(counter|gauge|histogram)$/);
      metrics.set(family = about, { type: rest, help, samples: [] });
    } else {
      const [, name = "", labelText = "", value = ""] =
        /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/
          .exec(line) ?? assert.fail(`"${line}" is no sample`);
      const metric = metrics.get(family);
      const base = metric?.type === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name;
      assert.equal(base, family, `${name} stands in the family of another metric`);
      assert.ok(!seen.has(`${name}{${labelText}}`), `${name}{${labelText}} comes twice`);
      seen.add(`${name}{${labelText}}`);
      const labels = Object.fromEntries(
        [...labelText.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g)].map((
          [, key, each],
        ) => [key, each]),
      );
      const number = value === "+Inf" ? Infinity : Number(value);
      assert.ok(!Number.isNaN(number), line);
      metric?.samples.push({ name, labels, value: number });
    }
  }
  for (const [name, { type, samples }] of metrics) {
    assert.equal(/_total$/.test(name), type === "counter", `${name} is a ${type}`);
    assert.ok(
      !/_(ms|milliseconds|kib|mb|percent)(_|$)/.test(name),
      `${name} has a unit that is no base unit`,
    );
    if (type === "histogram") checkBuckets(name, samples);
  }
  return metrics;
}

function checkBuckets(name: string, samples: ReadMetric["samples"]): void {
  const series = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => JSON.stringify(labels));
  for (const each of series.values()) {
    const buckets = each.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => labels["le"] === "+Inf" ? Infinity : Number(labels["le"]));
    assert.deepEqual(bounds, bounds.toSorted((a, b) => a - b));
    assert.equal(bounds.at(-1), Infinity);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
    assert.equal(counts.at(-1), each.find((sample) => sample.name === `${name}_count`)?.value);
  }
}

function valueOf(
  metrics: ReadonlyMap<string, ReadMetric>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ""));
  return family?.samples.find((sample) =>
    sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  )?.value;
}

Deno.test("what is measured is what happened, in a text that Prometheus reads", async () => {
  using metrics = new DaemonMetrics();
  await using api = await Api.open({
    host: { watch: metrics.watchCall, watchCommit: metrics.watchCommit },
    watch: metrics.watchRequest,
    metrics: () => metrics.text(),
  });
  metrics.look({
    slots: () => api.host.kernel.slots(),
    clients: () => ({ http: api.server.clients }),
    streams: () => ({ http: api.server.streams }),
    queued: () => ({}),
    bytes: () => ({ http: api.server.traffic }),
    version: "0.0.0",
    since: api.host.since,
  });
  await api.ask("/v1/operations/domain.destroy", { body: { target: ["test"] } });
  await api.ask("/v1/operations/domain.destroy", { body: { target: ["test"] } });
  await api.ask("/v1/nothing");
  const { text, headers } = await api.ask("/metrics");
  assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const found = read(text);
  const calls = (outcome: string): number | undefined =>
    valueOf(found, "drover_calls_total", { operation: "domain.destroy", outcome });
  assert.equal(calls("done"), 1);
  assert.equal(calls("not-done"), 1);
  assert.equal(valueOf(found, "drover_call_duration_seconds_count", { job: "destroy" }), 2);
  assert.equal(
    valueOf(found, "drover_http_requests_total", { route: "/v1/operations/{operation}", status: "200" }),
    1,
  );
  assert.equal(valueOf(found, "drover_http_requests_total", { route: "other", status: "404" }), 1);
  assert.ok((valueOf(found, "drover_journal_commit_duration_seconds_count") ?? 0) > 2);
  assert.ok((valueOf(found, "drover_clients", { protocol: "http" }) ?? 0) >= 1);
  assert.ok((valueOf(found, "drover_received_bytes_total", { protocol: "http" }) ?? 0) > 500);
  assert.ok((valueOf(found, "drover_sent_bytes_total", { protocol: "http" }) ?? 0) > 500);
  assert.ok((valueOf(found, "process_resident_memory_bytes") ?? 0) > 1e7);
  assert.ok((valueOf(found, "process_cpu_seconds_total") ?? 0) > 0);
});

Deno.test("waits for slots are measured, and who waits and holds is counted", async () => {
  using metrics = new DaemonMetrics();
  metrics.look({
    slots: () => [{
      key: "k",
      label: "domain",
      holders: [{ operation: "o", job: "modify", caller: { principal: "a", since: 0 }, since: 0 }],
      waiters: [
        {
          operation: "o",
          job: "modify",
          caller: { principal: "a", since: 0 },
          since: 0,
          position: 1,
          priority: 0,
        },
        {
          operation: "o",
          job: "query",
          caller: { principal: "a", since: 0 },
          since: 0,
          position: 2,
          priority: 0,
        },
      ],
    }],
    clients: () => ({}),
    streams: () => ({}),
    queued: () => ({}),
    bytes: () => ({ rpc: new Traffic() }),
    version: "1",
    since: 0,
  });
  const request = {
    operation: "domain.suspend",
    connections: new Map(),
    connection: "host",
    input: {},
    caller: { principal: "a", since: 0 },
    authority: { check: (): void => {}, checkReach: (): void => {}, sees: (): boolean => true },
  };
  await metrics.watchCall(request, (watched) => {
    watched.onState?.({ kind: "waiting", position: 4 });
    watched.onState?.({ kind: "running", since: 0 });
    return Promise.resolve({ outcome: { kind: "done", value: {} } });
  });
  const found = read(metrics.text());
  assert.equal(valueOf(found, "drover_slot_wait_seconds_count", { job: "suspend" }), 1);
  assert.equal(valueOf(found, "drover_slot_queue_length_sum"), 4);
  assert.equal(valueOf(found, "drover_jobs_in_flight", { job: "modify" }), 1);
  assert.equal(valueOf(found, "drover_slot_waiters", { job: "query" }), 1);
  assert.equal(valueOf(found, "drover_calls_in_flight"), 0);
});

Deno.test("names that clients make up make no series of their own", async () => {
  using metrics = new DaemonMetrics();
  await using api = await Api.open({ watch: metrics.watchRequest, metrics: () => metrics.text() });
  for (let count = 0; count < 30; count++) {
    await api.ask(`/v1/made/up/${count}`, { method: count % 2 === 0 ? "GET" : "PROPFIND" });
    await api.ask(`/v1/operations/made.up${count}`, { body: {} });
    await api.ask(`/v1/runs/made-up-${count}`);
  }
  const requests = read((await api.ask("/metrics")).text).get("drover_http_requests_total")?.samples ?? [];
  assert.deepEqual(
    requests.map(({ labels }) => `${labels["method"]} ${labels["route"]} ${labels["status"]}`).toSorted(),
    [
      "GET /v1/runs/{run} 404",
      "GET other 404",
      "POST /v1/operations/{operation} 404",
      "other other 404",
    ],
  );
});

Deno.test("where there are too many series, further ones count as one", () => {
  const counter = new Counter({ name: "x_total", help: "X.", labels: ["a", "b"], maxSeries: 3 });
  for (let count = 0; count < 10; count++) counter.add([String(count), "b"]);
  const { samples } = read(expose([counter])).get("x_total") ?? assert.fail();
  assert.equal(samples.length, 4);
  assert.equal(samples.find(({ labels }) => labels["a"] === "other")?.value, 7);
});

Deno.test("labels and help may hold anything", () => {
  const gauge = new Gauge(
    { name: "g", help: "One\nline \\ more", labels: ["l"] },
    () => [[['a"b\\c\nd'], 1]],
  );
  const histogram = new Histogram({ name: "h_seconds", help: "H.", bounds: [0.1, 1] });
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  const found = read(expose([gauge, histogram]));
  assert.equal(found.get("g")?.samples[0]?.labels["l"], 'a\\"b\\\\c\\nd');
  assert.equal(valueOf(found, "h_seconds_bucket", { le: "0.1" }), 2);
  assert.equal(valueOf(found, "h_seconds_bucket", { le: "+Inf" }), 4);
});
