/**
 * Over HTTP: sources that the owner has named are taken and no others; answers, streams, spans and metrics are hunted
 * through.
 */
import assert from "node:assert/strict";
import { type EndedSpan, Tracer } from "../../daemon/http/tracing/tracer.ts";
import { traceCalls, traceRequests } from "../../daemon/http/tracing/watch.ts";
import { createTestDriver } from "../../drivers/test/mod.ts";
import { recipe } from "../../dsl/mod.ts";
import { Api } from "../daemon/http/kit/api.ts";
import { foundIn, foundInFolder, foundInText, quarry, randomValue } from "./kit/hunt.ts";

/** Sets a secret that is there, then one that is not there any more. */
const useIt = recipe({
  summary: "Use a secret",
  needs: ["connect:getattr,search_secrets", "secret:getattr,write,save,delete"],
  secrets: { db: {} },
  async run({ host, secrets, log }): Promise<unknown> {
    log.info(`canary-of-http ${secrets.db}`);
    const kept = await host.defineSecret({
      xml: "<secret><usage type='ceph'><name>client.http</name></usage></secret>",
    });
    await kept.setValue({ value: secrets.db });
    await kept.undefine();
    await kept.setValue({ value: secrets.db });
    return secrets;
  },
});

Deno.test("a run over HTTP takes what the owner has named, and no answer, stream, span or metric has the value", async () => {
  const spans: EndedSpan[] = [];
  const tracer = new Tracer({ sink: (span) => void spans.push(span) });
  const recipes = await Deno.makeTempDir({ prefix: "drover-recipes-" });
  await Deno.writeTextFile(`${recipes}/one.ts`, "");
  const value = randomValue();
  const secrets = [quarry(value, "db")];
  const bait = [quarry("canary-of-http", "canary")];
  try {
    await using api = await Api.open({
      recipe: useIt,
      settings: `http_recipe_dirs = ["${recipes}"]`,
      watch: traceRequests(tracer),
      host: { watch: traceCalls(tracer) },
      drivers: [createTestDriver()],
    });
    const begin = (db: string) => api.ask("/v1/runs", { body: { recipe: "one.ts", secrets: { db } } });
    for (const source of ["env:HOME", "file:/etc/passwd", "command:id", "prompt", "secret:a"]) {
      const { status, body } = await begin(source);
      assert.equal(status, 403, source);
      assert.match(body.detail, /only sources that the kernel's owner has named/);
    }
    assert.ok((await begin(value)).status >= 400);
    await Deno.writeTextFile(`${recipes}/db`, value, { mode: 0o600 });
    await Deno.writeTextFile(`${api.directory}/state/secrets.yaml`, `kept: file:${recipes}/db\n`, {
      mode: 0o600,
    });
    const { status, body: { id } } = await begin("named:kept");
    assert.equal(status, 201);
    const stream = new Uint8Array(await (await api.fetch(`/v1/runs/${id}/events`)).arrayBuffer());
    const answers = await Promise.all(
      [`/v1/runs/${id}`, `/v1/runs/${id}/logs`, "/v1/runs", "/v1/audit?limit=500"].map((path) =>
        api.ask(path)
      ),
    );
    const said = answers.map(({ text }) => text).join("\n");
    assert.match(said, /"state":"failed"/);
    for (const bytes of [stream, new TextEncoder().encode(said)]) {
      assert.deepEqual(foundIn(bytes, secrets), []);
      assert.deepEqual(foundIn(bytes, bait), ["canary"], "nobody looked");
    }
    assert.ok(spans.some(({ name }) => name === "secret.setValue"), "nobody traced");
    assert.deepEqual(
      foundInText(
        Deno.inspect([spans, api.log], { depth: 20, strAbbreviateSize: 1e6, iterableLimit: 1e6 }),
        secrets,
      ),
      [],
    );
    assert.deepEqual(foundInFolder(`${api.directory}/state`, secrets), []);
    assert.notDeepEqual(foundInFolder(`${api.directory}/state`, bait), []);
  } finally {
    await Deno.remove(recipes, { recursive: true });
  }
});
