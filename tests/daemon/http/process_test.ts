import assert from "node:assert/strict";
import { lives, readEffects } from "../../kill/effect_log.ts";
import { drover, RunningDaemon } from "../kit/running_daemon.ts";
import { MortalDaemon } from "./kit/mortal_daemon.ts";

const listen = ["--listen", "http:127.0.0.1:0"];

/** Where a daemon serves HTTP. */
async function baseOf(daemon: RunningDaemon): Promise<string> {
  const { listening } = await daemon.said("ready");
  return /http:\/\/\S+/.exec(String(listening))?.[0] ?? assert.fail("it does not serve HTTP");
}

/** A token made by the command. */
async function tokenFor(stateDirectory: string, ...flags: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await drover([
    ...["daemon", "token", "create", "test", "--state-dir", stateDirectory],
    ...flags,
  ]);
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

async function post(
  url: string,
  { token, body, key }: { readonly token: string; readonly body: unknown; readonly key: string },
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

Deno.test("a request that is sent again after its daemon was killed acts once", async () => {
  const directory = await Deno.makeTempDir({ prefix: "drover-http-" });
  const world = `${directory}/world`;
  const uri = `test:///default?state=${world}`;
  const settings = `allowed_uris = ["${uri}"]\n`;
  const made = (): number => lives(readEffects(world)).filter((life) => life === "write-definition").length;
  const define = "/v1/operations/domain.define";
  try {
    const token = await tokenFor(`${directory}/state`, "--allow", "all,host");
    for (const [count, ms] of [0, 3, 6, 12, 25, 50].entries()) {
      const xml =
        `<domain type='test'><name>once-${count}</name><memory>1024</memory><os><type>hvm</type></os></domain>`;
      const request = { token, key: `key-${count}`, body: { connection: uri, input: { xml } } };
      await using first = await MortalDaemon.start(directory, settings);
      const sent = post(`${first.base}${define}`, request).catch(() => undefined);
      // The moment of the kill is what this is about.
      await new Promise((resolve) => setTimeout(resolve, ms));
      await first.kill();
      await sent;
      await using second = await MortalDaemon.start(directory, settings);
      let again = await post(`${second.base}${define}`, request);
      if (again.body["code"] === "outcome-unknown") {
        // The daemon died in the middle of it. Whoever wants it to go on says so, and it does.
        const resume = `${second.base}/v1/runs/${again.body["run"]}/resume`;
        const resumed = await post(resume, { token, key: "resume", body: {} });
        assert.equal(resumed.status, 202, JSON.stringify(resumed.body));
        again = await post(`${second.base}${define}`, request);
      }
      assert.equal(again.status, 200, JSON.stringify(again.body));
      const more = await post(`${second.base}${define}`, request);
      assert.equal(more.body["run"], again.body["run"]);
      assert.equal(made(), count + 1, "what really happened, by the log of the hypervisor");
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("tokens are made, listed and revoked by commands", async () => {
  const directory = await Deno.makeTempDir({ prefix: "drover-tokens-" });
  const state = ["--state-dir", directory];
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  try {
    const token = await tokenFor(
      directory,
      "--allow",
      "domain:start@web-*",
      "--right",
      "observe",
      "--expires",
      "90d",
    );
    assert.match(token, /^drover_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    const listed = text((await drover(["daemon", "token", "list", ...state])).stdout);
    assert.match(listed, /test .*good .*observe .*domain:start@web-\*/);
    assert.ok(!listed.includes(token.slice(20)));
    const twice = await drover(["daemon", "token", "create", "test", ...state]);
    assert.equal(twice.code, 7);
    assert.equal((await drover(["daemon", "token", "revoke", "test", ...state])).code, 0);
    assert.match(text((await drover(["daemon", "token", "list", ...state])).stdout), /revoked/);
    assert.equal((await drover(["daemon", "token", "revoke", "test", ...state])).code, 6);
    for (const wrong of [["--allow", "domain:fly"], ["--right", "all"], ["--expires", "soon"]]) {
      assert.equal(
        (await drover(["daemon", "token", "create", "other", ...state, ...wrong])).code,
        64,
        wrong.join(" "),
      );
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a daemon that is told to leave ends its streams and leaves with 0", async () => {
  await using daemon = await RunningDaemon.start({ args: listen });
  const token = await tokenFor(`${daemon.directory}/state`, "--right", "observe");
  const stream = await fetch(`${await baseOf(daemon)}/v1/jobs/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const ended = stream.text();
  assert.equal(await daemon.stop(), 0);
  assert.match(await ended, /event: jobs/);
});

Deno.test("calls are traced to the collector that the settings name", async () => {
  const names = new Set<string>();
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  await using collector = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { resourceSpans: [{ scopeSpans: [{ spans }] }] } = await request.json();
      for (const { name, traceId } of spans) if (traceId === "a".repeat(32)) names.add(name);
      if (names.has("POST /v1/operations/{operation}") && names.has("domain.suspend")) resolve();
      return Response.json({});
    },
  );
  await using daemon = await RunningDaemon.start({
    settings: `otlp_endpoint = "http://127.0.0.1:${collector.addr.port}"\n`,
    args: listen,
  });
  const token = await tokenFor(`${daemon.directory}/state`, "--allow", "all");
  const response = await fetch(`${await baseOf(daemon)}/v1/operations/domain.suspend`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    },
    body: '{"target":["test"]}',
  });
  assert.equal(response.status, 200, await response.text());
  await complete;
  assert.ok(names.has("job"));
  assert.equal(await daemon.stop(), 0);
});

Deno.test("HTTP is not served on addresses that others reach", async () => {
  for (const place of ["http:0.0.0.0:0", "http:192.0.2.1:80", "http:example.org", "http:[::]:0"]) {
    const directory = await Deno.makeTempDir({ prefix: "drover-http-" });
    const { code, stderr } = await drover(["daemon", "--state-dir", directory, "--listen", place]);
    assert.equal(code, 64, place);
    assert.match(new TextDecoder().decode(stderr), /open to other machines|no place to listen/);
    await Deno.remove(directory, { recursive: true });
  }
});
