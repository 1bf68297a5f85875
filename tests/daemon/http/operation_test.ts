import assert from "node:assert/strict";
import { operations } from "../../../model/operations/mod.ts";
import { Api, eventsIn } from "./kit/api.ts";

const start = "/v1/operations/domain.start";
const stop = "/v1/operations/domain.destroy";
const test = { target: ["test"] };

Deno.test("every operation of the registry can be called: none is unknown", async () => {
  await using api = await Api.open();
  const { body: { items } } = await api.ask("/v1/operations");
  assert.equal(items.length, operations.size);
  const token = await api.addToken({ name: "nothing" });
  for (const { name } of items) {
    const { status } = await api.ask(`/v1/operations/${name}`, {
      token,
      body: { target: ["a", "b"].slice(0, 1) },
    });
    assert.ok(![200, 202, 404, 500].includes(status), `${name}: ${status}`);
  }
});

Deno.test("an operation that looks is answered, and is no run", async () => {
  await using api = await Api.open();
  const { status, body } = await api.ask("/v1/operations/domain.list", { body: {} });
  assert.equal(status, 200);
  assert.equal(body.outcome, "done");
  assert.equal(body.value[0].domain.name, "test");
  assert.deepEqual((await api.ask("/v1/runs")).body.items, []);
});

Deno.test("an operation that acts is a run of the token's, on record with its step and in the audit log", async () => {
  await using api = await Api.open();
  const { status, body, headers } = await api.ask(stop, { body: test });
  assert.equal(status, 200);
  assert.equal(headers.get("location"), `/v1/runs/${body.run}`);
  const { body: run } = await api.ask(`/v1/runs/${body.run}`);
  assert.equal(run.state, "done");
  assert.equal(run.principal, "token:root");
  const { body: steps } = await api.ask(`/v1/runs/${body.run}/steps`);
  assert.equal(steps.items[0].operation, "domain.destroy");
  assert.equal(steps.items[0].state, "done");
  const { body: audit } = await api.ask(`/v1/audit?run=${body.run}`);
  assert.equal(audit.items[0].decision, "done");
});

Deno.test("an object is meant by the reference that another answer had, too", async () => {
  await using api = await Api.open();
  const { body: { value: [{ domain }] } } = await api.ask("/v1/operations/domain.list", { body: {} });
  assert.equal((await api.ask(stop, { body: { object: domain } })).status, 200);
});

Deno.test("an operation that fails says why, with the run that says more", async () => {
  await using api = await Api.open();
  const { status, body } = await api.ask(start, { body: test });
  assert.equal(status, 409);
  assert.equal(body.code, "wrong-state");
  assert.equal((await api.ask(`/v1/runs/${body.run}`)).body.error.code, "wrong-state");
});

Deno.test("a token may do what it is granted and nothing else, and sees its own runs alone", async () => {
  await using api = await Api.open();
  const token = await api.addToken({
    name: "ci",
    grants: ["connect:getattr,search_domains domain:getattr,stop@test"],
  });
  const denied = await api.ask(start, { token, body: test });
  assert.equal(denied.status, 403);
  assert.match(denied.body.detail, /domain:start/);
  const allowed = await api.ask(stop, { token, body: test });
  assert.equal(allowed.status, 200, allowed.text);
  const other = await api.ask("/v1/operations/network.list", { body: {} });
  assert.equal(other.status, 200);
  const mine = await api.ask("/v1/runs", { token });
  assert.deepEqual(
    new Set(mine.body.items.map(({ principal }: { principal: string }) => principal)),
    new Set(["token:ci"]),
  );
  const rootRun = (await api.ask(start, { body: test })).body.run;
  assert.equal((await api.ask(`/v1/runs/${rootRun}`, { token })).status, 404);
  assert.equal((await api.ask(`/v1/runs/${rootRun}/cancel`, { token, body: {} })).status, 404);
});

Deno.test("lists show only what a token may see", async () => {
  await using api = await Api.open();
  const token = await api.addToken({
    name: "blind",
    grants: ["connect:search_domains domain:getattr@web-*"],
  });
  const { status, body } = await api.ask("/v1/operations/domain.list", { token, body: {} });
  assert.equal(status, 200);
  assert.deepEqual(body.value, []);
});

Deno.test("only what the settings allow is opened", async () => {
  await using api = await Api.open();
  for (
    const connection of ["qemu:///system", "test:///default?state=/tmp/x", "test+ssh://elsewhere/default"]
  ) {
    const { status, body } = await api.ask("/v1/operations/domain.list", { body: { connection } });
    assert.equal(status, 403, connection);
    assert.match(body.hint, /allowed_uris/);
  }
  assert.equal((await api.ask("/v1/operations/domain.list", { body: { connection: "no uri" } })).status, 400);
});

Deno.test("the same key is the same run, and its answer is told again", async () => {
  await using api = await Api.open();
  const headers = { "idempotency-key": "4711" };
  const first = await api.ask(stop, { body: test, headers });
  const again = await api.ask(stop, { body: test, headers });
  assert.equal(first.headers.get("idempotency-replayed"), null);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, first.body);
  assert.equal((await api.ask("/v1/runs")).body.items.length, 1);
  assert.equal((await api.ask(stop, { body: test })).status, 409, "without a key it is another one");
});

Deno.test("a failure is told again under its key, and a key that stands for something else is refused", async () => {
  await using api = await Api.open();
  const headers = { "idempotency-key": "x" };
  const first = await api.ask(start, { body: test, headers });
  assert.equal(first.status, 409);
  await api.ask(stop, { body: test });
  const again = await api.ask(start, { body: test, headers });
  assert.equal(again.status, 409);
  assert.equal(again.body.run, first.body.run);
  const other = await api.ask(stop, { body: test, headers });
  assert.equal(other.status, 422);
  assert.match(other.body.detail, /another request/);
  const bad = await api.ask(stop, { body: test, headers: { "idempotency-key": "x".repeat(256) } });
  assert.equal(bad.status, 400);
});

Deno.test("the same key is another run for another token", async () => {
  await using api = await Api.open();
  const token = await api.addToken({ name: "other", grants: ["all"] });
  const headers = { "idempotency-key": "x" };
  const first = await api.ask(stop, { body: test, headers });
  const second = await api.ask(stop, { body: test, headers, token });
  assert.equal(first.status, 200);
  assert.equal(second.status, 409);
  assert.notEqual(second.body.run, first.body.run);
});

Deno.test("of many requests with one key at a time one acts, and all get its answer", async () => {
  await using api = await Api.open();
  const headers = { "idempotency-key": "together" };
  const all = await Promise.all(Array.from({ length: 12 }, () => api.ask(stop, { body: test, headers })));
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(all.map(({ body }) => body.run)).size, 1);
  assert.equal(all.filter(({ headers }) => headers.get("idempotency-replayed") === null).length, 1);
});

Deno.test("a key is remembered when the daemon has been another one meanwhile", async () => {
  const headers = { "idempotency-key": "durable" };
  const first = await Api.open();
  const before = await first.ask(stop, { body: test, headers });
  await first.leave();
  await using second = await Api.open({ directory: first.directory });
  const { status, body, headers: told } = await second.ask(stop, {
    body: test,
    headers,
    token: first.token,
  });
  assert.equal(status, 200);
  assert.equal(body.run, before.body.run);
  assert.equal(told.get("idempotency-replayed"), "true");
});

Deno.test("who does not want to wait is told where to look, and can follow it to its end", async () => {
  await using api = await Api.open();
  const { status, body, headers } = await api.ask(stop, { body: test, headers: { prefer: "respond-async" } });
  assert.equal(status, 202);
  assert.equal(body.outcome, "pending");
  const location = headers.get("location") ?? "";
  const events = await eventsIn(await api.fetch(`${location}/events`));
  assert.equal(events.findLast(({ type }) => type === "run")?.data.run.state, "done");
  assert.equal((await api.ask(location)).body.state, "done");
});

Deno.test("bytes go to and fro as texts", async () => {
  await using api = await Api.open();
  const { status, body } = await api.ask("/v1/operations/domain.screenshot", { body: test });
  assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
  assert.match(JSON.stringify(body.value), /"\$bytes":"/);
});
