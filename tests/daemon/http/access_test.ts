import assert from "node:assert/strict";
import { routes } from "../../../daemon/http/routes.ts";
import { changeTokens } from "../../../daemon/http/token_file.ts";
import { Api } from "./kit/api.ts";

/** A path of a route, with something in the place of its names. */
function pathOf({ path }: { readonly path: string }): string {
  return path.replace("{run}", "none").replace("{operation}", "domain.list");
}

Deno.test("nothing is answered without a token but whether the daemon lives and can work", async () => {
  await using api = await Api.open();
  const open: string[] = [];
  for (const route of routes) {
    const { status } = await api.ask(pathOf(route), { method: route.method, token: null });
    if (status !== 401) open.push(`${route.path} ${status}`);
  }
  assert.deepEqual(open, ["/livez 200", "/readyz 200"]);
  assert.equal((await api.ask("/nothing/here", { token: null })).status, 401, "nor which paths there are");
});

Deno.test("a token that is wrong, revoked, expired or none at all is refused, all in the same words", async () => {
  await using api = await Api.open();
  const good = await api.addToken({ name: "good" });
  const expired = await api.addToken({ name: "expired", now: 0, expires: 1000 });
  const revoked = await api.addToken({ name: "revoked" });
  await changeTokens(
    api.tokenFile,
    (tokens) =>
      tokens.map((token) =>
        token.name === "revoked" ? { ...token, revoked: new Date().toISOString() } : token
      ),
  );
  assert.equal((await api.ask("/v1/daemon", { token: good })).status, 200);
  const otherSecret = `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`;
  const details = new Set<string>();
  for (const token of [expired, revoked, otherSecret, `${good}x`, "", "drover_", "x".repeat(4000)]) {
    const { status, body, headers } = await api.ask("/v1/daemon", { token });
    assert.equal(status, 401, token);
    assert.match(headers.get("www-authenticate") ?? "", /^Bearer/);
    details.add(body.detail);
  }
  assert.equal(details.size, 1);
});

Deno.test("what is refused to whom is in the audit log, and where they were", async () => {
  await using api = await Api.open();
  const token = await api.addToken({ name: "looker", rights: [] });
  await api.ask("/v1/daemon", { token: "drover_nothing" });
  await api.ask("/v1/daemon", { token: null });
  const right = routes.find(({ for: needed }) => needed !== "anybody" && needed !== "token");
  assert.ok(right !== undefined);
  assert.equal((await api.ask(pathOf(right), { method: right.method, token })).status, 403);
  const denied = (await api.host.store.audit()).filter(({ decision }) => decision === "denied");
  assert.deepEqual(denied.map(({ principal, operation }) => [principal, operation]), [
    ["token:looker", `${right.method} ${right.path}`],
    ["http", "authenticate"],
  ]);
  for (const { from } of denied) assert.match(from ?? "", /^127\.0\.0\.1:\d+$/);
});

Deno.test("settings that are read again count from the next request on", async () => {
  await using api = await Api.open();
  const list = (): Promise<{ readonly status: number }> =>
    api.ask("/v1/operations/domain.list", { method: "POST", body: { connection: "test:///default" } });
  assert.equal((await list()).status, 200);
  api.reread('allowed_uris = ["qemu:///*"]');
  assert.equal((await list()).status, 403, "a host that is open already may not be asked either");
  api.reread("http_max_body = 4");
  assert.equal((await list()).status, 413);
  api.reread("");
  assert.equal((await list()).status, 200);
});

Deno.test("a token that is revoked is of no use from the next request on", async () => {
  await using api = await Api.open();
  const token = await api.addToken({ name: "short" });
  assert.equal((await api.ask("/v1/daemon", { token })).status, 200);
  await changeTokens(api.tokenFile, (tokens) => tokens.filter(({ name }) => name !== "short"));
  assert.equal((await api.ask("/v1/daemon", { token })).status, 401);
});

Deno.test("a file of tokens that others may write lets nobody in, and the log says why", async () => {
  await using api = await Api.open();
  await Deno.chmod(api.tokenFile, 0o666);
  assert.equal((await api.ask("/v1/daemon")).status, 401);
  assert.ok(api.log.some(({ fields }) => /others may write/.test(String(fields?.["why"]))));
});

Deno.test("the file of tokens holds no token, and is its owner's alone", async () => {
  await using api = await Api.open();
  const text = await Deno.readTextFile(api.tokenFile);
  assert.ok(!text.includes(api.token.split("_")[2] ?? "?"));
  assert.equal(((await Deno.stat(api.tokenFile)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("what needs a right is refused to a token without it, naming the right", async () => {
  await using api = await Api.open();
  const token = await api.addToken({ name: "plain" });
  const refused: string[] = [];
  for (const route of routes) {
    const response = await api.fetch(pathOf(route), { method: route.method, token });
    if (response.status !== 403) {
      await response.body?.cancel();
      continue;
    }
    const { detail } = await response.json();
    const right = /right to (\w+)/.exec(detail)?.[1];
    if (right !== undefined) refused.push(`${route.path} ${right}`);
  }
  const expected = routes.flatMap((route) =>
    route.for === "anybody" || route.for === "token" ? [] : [`${route.path} ${route.for}`]
  );
  assert.deepEqual(refused, expected);
  assert.ok(refused.length > 4);
});

Deno.test("web pages of others are kept out, by their origin and by the name they call this machine", async () => {
  await using api = await Api.open({
    settings:
      'http_allowed_hosts = ["drover.example.org"]\nhttp_allowed_origins = ["https://ui.example.org"]',
  });
  const statusOf = async (headers: string): Promise<string | undefined> =>
    /^HTTP\/1.1 (\d+)/.exec(
      await api.raw(
        `GET /v1/daemon HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer ${api.token}\r\n${headers}\r\n\r\n`,
      ),
    )?.[1];
  const { port } = api;
  assert.equal(await statusOf(`Host: 127.0.0.1:${port}`), "200");
  assert.equal(await statusOf(`Host: localhost:${port}`), "200");
  assert.equal(await statusOf(`Host: [::1]:${port}`), "200");
  assert.equal(await statusOf("Host: drover.example.org"), "200");
  assert.equal(await statusOf(`Host: evil.example:${port}`), "421");
  assert.equal(await statusOf("Host: 127.0.0.1.evil.example"), "421");
  assert.equal(await statusOf("Host: localhost@evil"), "421");
  assert.equal(await statusOf("Host: "), "421");
  // A request for a proxy says the host in its first line (RFC 9112, 3.2.2), and means that one.
  const whole = `Host: localhost\r\nConnection: close\r\nAuthorization: Bearer ${api.token}\r\n\r\n`;
  assert.match(
    await api.raw(`GET http://localhost:${port}/v1/daemon HTTP/1.1\r\n${whole}`),
    /^HTTP\/1.1 200/,
  );
  assert.match(await api.raw(`GET http://evil.example/v1/daemon HTTP/1.1\r\n${whole}`), /^HTTP\/1.1 421/);
  assert.equal(await statusOf(`Host: localhost\r\nOrigin: http://localhost`), "200");
  assert.equal(await statusOf(`Host: localhost\r\nOrigin: https://ui.example.org`), "200");
  assert.equal(await statusOf(`Host: localhost\r\nOrigin: http://evil.example`), "403");
  assert.equal(await statusOf(`Host: localhost\r\nOrigin: null`), "403");
  assert.equal(await statusOf(`Host: localhost\r\nSec-Fetch-Site: cross-site`), "403");
});

Deno.test("health is not answered to pages of others either", async () => {
  await using api = await Api.open();
  const { status } = await api.ask("/livez", { token: null, headers: { origin: "http://evil.example" } });
  assert.equal(status, 403);
});

Deno.test("a socket of this machine is served as well", async () => {
  await using api = await Api.open();
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: `${api.directory}/http` } });
  const response = await fetch("http://localhost/v1/daemon", {
    client,
    headers: { authorization: `Bearer ${api.token}` },
  });
  assert.equal(response.status, 200);
  await response.body?.cancel();
  assert.equal(((await Deno.stat(`${api.directory}/http`)).mode ?? 0) & 0o777, 0o700);
});
