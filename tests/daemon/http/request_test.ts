import assert from "node:assert/strict";
import { routes } from "../../../daemon/http/routes.ts";
import { Api } from "./kit/api.ts";

Deno.test("a wrong method is refused with those that there are", async () => {
  await using api = await Api.open();
  for (
    const [method, path, allow] of [
      ["DELETE", "/v1/runs", "GET, HEAD, POST"],
      ["PUT", "/v1/jobs/cancel", "POST"],
      ["POST", "/metrics", "GET, HEAD"],
      ["OPTIONS", "/v1/runs", "GET, HEAD, POST"],
    ] as const
  ) {
    const { status, headers } = await api.ask(path, { method });
    assert.equal(status, 405, `${method} ${path}`);
    assert.equal(headers.get("allow"), allow);
  }
});

Deno.test("errors are problem details, with code, hint and the number of the request", async () => {
  await using api = await Api.open();
  const { status, body, headers } = await api.ask("/v1/operations/domain.start", {
    body: { target: ["nobody"] },
  });
  assert.equal(status, 404);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(body.type, "urn:drover:problem:not-found");
  assert.equal(body.code, "not-found");
  assert.equal(body.status, 404);
  assert.equal(body.instance, `urn:uuid:${headers.get("x-request-id")}`);
  assert.match(body.detail, /nobody/);
  assert.equal(body.retryable, false);
});

Deno.test("what cannot be understood is refused, and says what is wrong with it", async () => {
  await using api = await Api.open();
  const call = "/v1/operations/domain.list";
  for (
    const [body, status, detail] of [
      ["{", 400, /no JSON/],
      ['"text"', 400, /the body/],
      ["[]", 400, /the body/],
      ['{"tarjet":[]}', 400, /tarjet/],
      ['{"target":"web-1"}', 400, /target/],
      ['{"__proto__":{"x":1}}', 400, /the body/],
      ["[".repeat(200_000), 400, /no JSON/],
      ['{"input":{"state":"flying"}}', 400, /domain.list/],
    ] as const
  ) {
    const said = await api.ask(call, { body });
    assert.equal(said.status, status, body.slice(0, 40));
    assert.match(said.body.detail, detail);
  }
  const plain = await api.ask(call, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "text/plain" },
  });
  assert.equal(plain.status, 415);
  assert.equal((await api.ask("/v1/runs?limit=0")).status, 400);
  assert.equal((await api.ask("/v1/runs?limti=1")).status, 400);
  assert.equal((await api.ask("/v1/audit?cursor=%%%")).status, 400);
  assert.equal((await api.ask("/v1/operations/domain.fly", { body: {} })).status, 404);
  assert.equal((await api.ask("/v1/runs/%E0%A4%A")).status, 404);
});

Deno.test("a body that is too long is refused before it is read, said beforehand or not", async () => {
  await using api = await Api.open({ settings: "http_max_body = 1000" });
  const said = await api.ask("/v1/operations/domain.list", { body: JSON.stringify({ x: "x".repeat(2000) }) });
  assert.equal(said.status, 413);
  const head =
    `POST /v1/operations/domain.list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${api.token}\r\n` +
    "Content-Type: application/json\r\n";
  const declared = await api.raw(`${head}Content-Length: 99999999999\r\n\r\n`);
  assert.match(declared, /^HTTP\/1.1 413/);
  const chunked = await api.raw(`${head}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2000)}\r\n`);
  assert.match(chunked, /^HTTP\/1.1 413/);
});

Deno.test("a head that is too long, and what is no HTTP, end the connection", async () => {
  await using api = await Api.open({ settings: "http_max_head = 4096" });
  assert.match(
    await api.raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(10_000)}\r\n\r\n`),
    /^HTTP\/1.1 431/,
  );
  assert.match(await api.raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), /^HTTP\/1.1 400/);
  assert.match(
    await api.raw(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    /^HTTP\/1.1 400/,
  );
  assert.equal((await api.ask("/livez")).status, 200, "the others do not notice");
});

Deno.test("who takes too long to say what he wants is left", async () => {
  await using api = await Api.open({ settings: "http_timeout = 1" });
  const [head, body, nothing] = await Promise.all([
    api.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n"),
    api.raw(
      `POST /v1/operations/domain.list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${api.token}\r\n` +
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ),
    api.raw(""),
  ]);
  assert.match(head, /^HTTP\/1.1 408/);
  assert.match(body, /^HTTP\/1.1 408|^$/);
  assert.match(nothing, /^HTTP\/1.1 408|^$/);
});

Deno.test("no more connections are taken than the settings say, and a place that is free is taken again", async () => {
  await using api = await Api.open({ settings: "http_max_clients = 2\nhttp_timeout = 1" });
  const first = api.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n");
  const second = api.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n");
  while (api.server.clients < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await api.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), "");
  await Promise.all([first, second]);
  while (api.server.clients > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.match(
    await api.raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1.1 200/,
  );
});

Deno.test("every route is answered, and none with an error of the daemon's own", async () => {
  await using api = await Api.open();
  for (const route of routes) {
    if (route.answers.some(({ type }) => type === "text/event-stream")) continue;
    const path = route.path.replace("{run}", "none").replace("{operation}", "domain.list");
    const { status } = await api.ask(path, route.method === "POST" ? { body: {} } : {});
    assert.ok(status < 500, `${route.method} ${path}: ${status}`);
  }
});

Deno.test("HEAD is answered as GET is, without what it says", async () => {
  await using api = await Api.open();
  const { status, text } = await api.ask("/v1/daemon", { method: "HEAD" });
  assert.equal(status, 200);
  assert.equal(text, "");
});

Deno.test("one token has no more requests at a time than the settings say, and others do not notice", async () => {
  await using api = await Api.open({ settings: "http_max_requests = 1" });
  const token = await api.addToken({ name: "other" });
  const stream = await api.fetch("/v1/jobs/events");
  const { status, body, headers } = await api.ask("/v1/daemon");
  assert.equal(status, 429);
  assert.match(body.hint, /http_max_requests/);
  assert.equal(headers.get("retry-after"), "1");
  assert.equal((await api.ask("/v1/daemon", { token })).status, 200);
  await stream.body?.cancel();
  while (api.server.streams > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal((await api.ask("/v1/daemon")).status, 200, "the place is free again");
});
