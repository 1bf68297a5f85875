import assert from "node:assert/strict";
import { cloudInit, ignition, OpaqueSecret, recipe, secret } from "../../dsl/mod.ts";
import { simulate } from "../../testing/mod.ts";

Deno.test("whatever is made of a secret, there is its name and nothing else", () => {
  const db = new OpaqueSecret("db");
  for (const text of [`${db}`, db + "", String(db), Deno.inspect(db), Deno.inspect({ db }).slice(6, -2)]) {
    assert.equal(text, "Secret(db)");
  }
  assert.equal(JSON.stringify({ db }), '{"db":"Secret(db)"}');
  assert.deepEqual(structuredClone(db), { name: "db", $secret: "name:db" });
  assert.deepEqual(Object.entries(db), [["$secret", "name:db"], ["name", "db"]]);
  assert.throws(() => Object.assign(db, { name: "other" }), TypeError);
});

Deno.test("a test of a recipe gives values, which arrive where they should and which the recipe does not get", async () => {
  const keep = recipe({
    summary: "Keep a secret",
    needs: ["connect:getattr,read,search_secrets", "secret:getattr,read,write,save,delete,read_secure"],
    secrets: { key: { description: "What is kept" } },
    async run({ host, secrets, log }): Promise<unknown> {
      const usage = { type: "volume", name: "/srv/vault.img" } as const;
      const { changed } = await host.ensure(secret({ usage, value: secrets.key }));
      const kept = await host.secret({ name: usage.name });
      const { value } = await kept.value();
      log.info("kept", { value });
      await kept.setValue({ value });
      return { changed, text: `${secrets.key}` };
    },
  });
  assert.deepEqual(keep.declaration.secrets, { key: { description: "What is kept" } });
  await using lab = await simulate();
  const { result, logs } = await lab.run(keep, { secrets: { key: "open sesame" } });
  assert.deepEqual(result, { changed: true, text: "Secret(key)" });
  assert.doesNotMatch(JSON.stringify([result, logs]), /sesame/);
  assert.match(Deno.inspect(lab.host.effects, { depth: 20 }), /setValue|secret/i);
  const other = await lab.run(keep, { secrets: { key: "open", kye: "sesame" } });
  assert.match(other.error?.message ?? "", /it has no secret "kye"/);
});

Deno.test("a secret is declared with a name that can be given on a command line, and with what it is for", () => {
  const declare = (secrets: unknown): unknown =>
    Reflect.apply(recipe, undefined, [{ summary: "a", needs: [], secrets, run: () => {} }]);
  for (const wrong of [{ "a-b": {} }, { a: "text" }, { a: { description: 7 } }, ["a"], "a", { "": {} }]) {
    assert.throws(() => declare(wrong), { code: "invalid-argument" }, JSON.stringify(wrong));
  }
  declare({ a: {}, B_2: { description: "b" } });
});

Deno.test("a seed of first boot takes no secret, in whatever depth", () => {
  const db = new OpaqueSecret("db");
  const refused = { code: "invalid-argument", message: 'Cannot use secret "db" there: no value is put in' };
  assert.throws(() => cloudInit({ hostname: "a", userData: { users: [{ passwd: db }] } }), refused);
  assert.throws(() => cloudInit({ hostname: "a", userData: `#!/bin/sh\necho ${db.placeholder}` }), refused);
  assert.throws(() => ignition({ passwd: { users: [{ passwordHash: db }] } }), refused);
});
