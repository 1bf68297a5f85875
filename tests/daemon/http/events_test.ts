import assert from "node:assert/strict";
import { connect } from "node:net";
import { recipe } from "drover";
import { EventLog } from "../../../daemon/http/event_log.ts";
import type { EventSource } from "../../../daemon/http/event_source.ts";
import { changeTokens } from "../../../daemon/http/token_file.ts";
import { RunEvents } from "../../../daemon/http/run_events.ts";
import type { ActiveRun } from "../../../runtime/run/manager.ts";
import type { RunEvent } from "../../../runtime/control/methods.ts";
import { RunFeed } from "../../../runtime/run/feed.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { Api, eventsIn, type HeardEvent } from "./kit/api.ts";

/** Takes events from a source until `count` have come. */
async function take(source: EventSource, count: number, after?: string): Promise<HeardEvent[]> {
  const events: HeardEvent[] = [];
  const aborter = new AbortController();
  for await (const event of source.follow(after, aborter.signal)) {
    events.push(event);
    if (events.length >= count) aborter.abort();
  }
  return events;
}

function logEvent(message: string): RunEvent {
  return { type: "log", at: 0, level: "info", message };
}

/** A run that goes on, with a feed of the test's own. */
function goingOn(): { readonly feed: RunFeed; readonly events: RunEvents } {
  const feed = new RunFeed();
  const active: ActiveRun = {
    id: "1",
    watch: (signal) => feed.watch(signal),
    listen: (listener) => feed.listen(listener),
    ended: new Promise(() => {}),
  };
  const events = new RunEvents({
    kernel: { epoch: 7 },
    runs: { active: () => active },
    store: {
      run: () => Promise.resolve(undefined),
      steps: () => Promise.resolve([]),
      logs: () => Promise.resolve([]),
    },
  });
  return { feed, events };
}

Deno.test("whoever was cut off goes on where he was, without loss or doubles, wherever that was", async () => {
  const { feed, events } = goingOn();
  const source = events.source("1");
  const [recorded] = await take(source, 1);
  assert.equal(recorded?.type, "recorded");
  for (let count = 0; count < 20; count++) feed.publish(logEvent(`line ${count}`));
  const all = await take(source, 20, recorded?.id);
  assert.deepEqual(all.map(({ data }) => data.message), Array.from({ length: 20 }, (_, at) => `line ${at}`));
  for (const [at, { id }] of all.entries()) {
    if (at === 19) break;
    const rest = await take(source, 19 - at, id);
    assert.deepEqual(rest, all.slice(at + 1), `behind event ${at}`);
  }
});

Deno.test("what is not remembered any more is told anew, and the client hears so first", async () => {
  const { feed, events } = goingOn();
  const source = events.source("1");
  const [recorded] = await take(source, 1);
  for (let count = 0; count < 5000; count++) feed.publish(logEvent(`line ${count}`));
  const told = await take(source, 2, recorded?.id);
  assert.deepEqual(told.map(({ type }) => type), ["reset", "recorded"]);
  for (const id of ["6.1.3", "nonsense", "7.1.99999", ""]) {
    assert.equal((await take(source, 1, id))[0]?.type, "reset", id);
  }
});

Deno.test("a log forgets by how much it holds, too, and says to whom it cannot tell everything", async () => {
  const log = new EventLog("a", { maxEvents: 10, maxText: 100 });
  const start = log.head;
  for (let count = 0; count < 5; count++) log.add("x", "y".repeat(48));
  assert.equal(log.remembers(start), false);
  assert.equal(log.remembers("a.3"), true);
  assert.equal(log.remembers("b.3"), false);
  const heard: unknown[] = [];
  for await (const event of log.follow(start, new AbortController().signal)) heard.push(event);
  assert.deepEqual(heard, [undefined]);
});

Deno.test("a run is followed from what is on record to its end, and who comes again is sent away", async () => {
  const gate = Promise.withResolvers<void>();
  await using api = await Api.open({
    settings: `http_recipe_dirs = ["${Deno.cwd()}/recipes"]`,
    recipe: recipe({
      summary: "Say three things",
      needs: [],
      run: async ({ log }) => {
        log.info("one");
        await gate.promise;
        log.info("two");
        log.info("three");
      },
    }),
  });
  const { status, body: { id } } = await api.ask("/v1/runs", { body: { recipe: "quickstart.ts" } });
  assert.equal(status, 201);
  const path = `/v1/runs/${id}/events`;
  // Before the end of what is on record nobody can go on; who is cut off there is told all of it again.
  const first = await eventsIn(
    await api.fetch(path),
    (events) => events.some(({ data }) => data.message === "one") && events.at(-1)?.id !== undefined,
  );
  const seen = first.findLast((event) => event.id !== undefined)?.id ?? "";
  gate.resolve();
  const rest = await eventsIn(await api.fetch(path, { headers: { "last-event-id": seen } }));
  const messages = [...first, ...rest].filter(({ type }) => type === "log").map(({ data }) => data.message);
  assert.deepEqual(messages, ["one", "two", "three"]);
  assert.equal(rest.at(-1)?.data.run.state, "done");
  const last = rest.at(-1)?.id ?? "";
  assert.equal((await api.ask(path, { headers: { "last-event-id": last } })).status, 204);
  const anew = await eventsIn(await api.fetch(path));
  assert.deepEqual(anew.filter(({ type }) => type === "log").map(({ data }) => data.message), messages);
});

Deno.test("what happens on a host is told to who may see it", async () => {
  await using api = await Api.open();
  const token = await api.addToken({
    name: "blind",
    grants: ["connect:search_domains,getattr domain:getattr@web-*"],
  });
  const heard = eventsIn(await api.fetch("/v1/events"), (events) => events.length === 3);
  const blind = await api.fetch("/v1/events", { token });
  await api.ask("/v1/operations/domain.suspend", { body: { target: ["test"] } });
  await api.ask("/v1/operations/domain.resume", { body: { target: ["test"] } });
  const events = await heard;
  assert.deepEqual(events.map(({ data }) => data.type ?? data.kind), ["listening", "suspended", "resumed"]);
  await changeTokens(api.tokenFile, (tokens) => tokens);
  const seen = eventsIn(blind, (events) => events.length === 2);
  await api.ask("/v1/operations/domain.define", {
    body: {
      input: {
        xml: "<domain type='test'><name>web-9</name><memory>1024</memory><os><type>hvm</type></os></domain>",
      },
    },
  });
  assert.deepEqual((await seen).map(({ data }) => data.object?.name ?? data.kind), ["listening", "web-9"]);
});

Deno.test("who holds what is told as a whole, when it has changed", async () => {
  await using api = await Api.open();
  const [first] = await eventsIn(await api.fetch("/v1/jobs/events"), ({ length }) => length === 1);
  assert.deepEqual(first?.data, { items: [] });
});

Deno.test("the audit log is followed by its own numbers, behind any of them", async () => {
  await using api = await Api.open();
  await api.ask("/v1/operations/domain.suspend", { body: { target: ["test"] } });
  const { body: { items } } = await api.ask("/v1/audit?limit=500");
  const numbers = items.map(({ number }: { readonly number: number }) => number).toReversed();
  assert.ok(numbers.length > 2);
  const events = await eventsIn(
    await api.fetch("/v1/audit/events", { headers: { "last-event-id": String(numbers[0]) } }),
    ({ length }) => length === numbers.length - 1,
  );
  assert.deepEqual(events.map(({ data }) => data.number), numbers.slice(1));
});

Deno.test("no more streams go on than the settings say", async () => {
  await using api = await Api.open({ settings: "http_max_streams = 1" });
  const stream = await api.fetch("/v1/jobs/events");
  const { status, body } = await api.ask("/v1/jobs/events");
  assert.equal(status, 503);
  assert.match(body.hint, /http_max_streams/);
  await stream.body?.cancel();
});

Deno.test("a stream ends when its token is revoked, though nothing happens", async () => {
  const clock = new VirtualClock({ start: Date.now() });
  await using api = await Api.open({ host: { clock } });
  const token = await api.addToken({ name: "short", rights: ["observe"] });
  const ended = eventsIn(await api.fetch("/v1/jobs/events", { token }));
  const stays = await api.fetch("/v1/jobs/events");
  await changeTokens(api.tokenFile, (tokens) => tokens.filter(({ name }) => name !== "short"));
  await clock.advance(15_000);
  assert.equal((await ended).length, 1);
  assert.equal(api.server.streams, 1);
  await stays.body?.cancel();
});

Deno.test("a stream ends with the daemon", async () => {
  const api = await Api.open();
  const stream = await api.fetch("/v1/jobs/events");
  const ended = eventsIn(stream);
  await api[Symbol.asyncDispose]();
  assert.equal((await ended).length, 1);
});

Deno.test("a client that leaves a call does not cancel it, unless it wants that", async () => {
  await using api = await Api.open();
  const aborter = new AbortController();
  const headers = { "idempotency-key": "left" };
  const left = api.ask("/v1/operations/domain.destroy", {
    body: { target: ["test"] },
    headers,
    signal: aborter.signal,
  });
  aborter.abort();
  await left.catch(() => {});
  const again = await api.ask("/v1/operations/domain.destroy", { body: { target: ["test"] }, headers });
  assert.equal(again.status, 200, "it was done, or is done now, once");
  assert.equal((await api.ask("/v1/runs")).body.items.length, 1);
});

Deno.test("a client that never reads holds nobody up", async () => {
  await using api = await Api.open({ settings: "http_timeout = 1" });
  const socket = connect(api.port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  socket.pause();
  const request =
    `GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${api.token}\r\n\r\n`;
  // More than fits into the buffers on the way.
  socket.write(request.repeat(40));
  assert.equal((await api.ask("/livez")).status, 200);
  while (api.server.clients > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.resume();
  await closed;
});
