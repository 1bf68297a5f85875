import assert from "node:assert/strict";
import { recipe } from "drover";
import { Api, eventsIn, type Said } from "./kit/api.ts";

const suspend = "/v1/operations/domain.suspend";
const test = { target: ["test"] };

function idsIn({ body: { items } }: Said): readonly string[] {
  return items.map(({ id }: { readonly id: string }) => id);
}

/** A recipe that says when it has begun, and goes on until it is told. */
function waiting(): { readonly recipe: unknown; readonly go: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    go: resolve,
    recipe: recipe({
      summary: "Hold a domain until somebody says so",
      needs: ["connect:search_domains", "domain:getattr,suspend"],
      run: async ({ host, log }) => {
        const vm = await host.domain("test");
        await using _alone = await vm.exclusive();
        log.info("holding");
        await promise;
      },
    }),
  };
}

async function recipes(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "drover-recipes-" });
  await Deno.mkdir(`${directory}/mine`);
  await Deno.writeTextFile(`${directory}/mine/one.ts`, "");
  await Deno.writeTextFile(`${directory}/secret.ts`, "");
  await Deno.symlink(`${directory}/secret.ts`, `${directory}/mine/link.ts`);
  return directory;
}

Deno.test("pages hold every run once, whatever begins meanwhile", async () => {
  await using api = await Api.open();
  for (let count = 0; count < 7; count++) await api.ask(suspend, { body: test });
  const all = idsIn(await api.ask("/v1/runs"));
  assert.equal(all.length, 7);
  const first = await api.ask("/v1/runs?limit=3");
  await api.ask(suspend, { body: test });
  const second = await api.ask(`/v1/runs?limit=3&cursor=${first.body.next}`);
  const third = await api.ask(`/v1/runs?limit=3&cursor=${second.body.next}`);
  assert.deepEqual([first, second, third].flatMap(idsIn), all);
  assert.equal(third.body.next, undefined);
  assert.deepEqual(idsIn(await api.ask("/v1/runs?state=failed")), []);
});

Deno.test("pages of who sees its own runs alone hold them all, with those of others in between", async () => {
  await using api = await Api.open();
  const token = await api.addToken({ name: "own", grants: ["all"] });
  for (let count = 0; count < 6; count++) {
    await api.ask(suspend, { body: test, token });
    for (let others = 0; others < 4; others++) await api.ask(suspend, { body: test });
  }
  const found: string[] = [];
  let cursor = "";
  do {
    const said = await api.ask(`/v1/runs?limit=2${cursor}`, { token });
    found.push(...idsIn(said));
    cursor = said.body.next === undefined ? "" : `&cursor=${said.body.next}`;
  } while (cursor !== "");
  assert.equal(found.length, 6);
  assert.equal(new Set(found).size, 6);
});

Deno.test("the audit log goes in pages by its numbers", async () => {
  await using api = await Api.open();
  for (let count = 0; count < 3; count++) await api.ask(suspend, { body: test });
  const { body: { items: all } } = await api.ask("/v1/audit?limit=500");
  const first = await api.ask("/v1/audit?limit=4");
  await api.ask(suspend, { body: test });
  const second = await api.ask(`/v1/audit?limit=4&cursor=${first.body.next}`);
  assert.deepEqual([...first.body.items, ...second.body.items], all.slice(0, 8));
});

Deno.test("a recipe is run from the directories that the settings name, and from nowhere else", async () => {
  const directory = await recipes();
  try {
    const { recipe, go } = waiting();
    go();
    await using api = await Api.open({ recipe, settings: `http_recipe_dirs = ["${directory}/mine"]` });
    for (
      const path of [
        "../secret.ts",
        `${directory}/secret.ts`,
        "link.ts",
        "none.ts",
        ".",
        "/etc/passwd",
        "one.ts/x",
      ]
    ) {
      const { status, body } = await api.ask("/v1/runs", { body: { recipe: path } });
      assert.equal(status, 404, path);
      assert.match(body.detail, /no such recipe/);
    }
    const headers = { "idempotency-key": "run" };
    const first = await api.ask("/v1/runs", { body: { recipe: "one.ts" }, headers });
    assert.equal(first.status, 201);
    const again = await api.ask("/v1/runs", { body: { recipe: "one.ts" }, headers });
    assert.equal(again.status, 200);
    assert.equal(again.body.id, first.body.id);
    await eventsIn(await api.fetch(`/v1/runs/${first.body.id}/events`));
    const { body: run } = await api.ask(`/v1/runs/${first.body.id}`);
    assert.equal(run.state, "done", JSON.stringify(run.error));
    const { body: logs } = await api.ask(`/v1/runs/${first.body.id}/logs`);
    assert.deepEqual(logs.items.map(({ message }: { readonly message: string }) => message), ["holding"]);
    assert.equal(
      (await api.ask("/v1/runs", { body: { recipe: "one.ts", hosts: { host: "qemu:///system" } } })).status,
      403,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a recipe has the grants of its token, and no others", async () => {
  const directory = await recipes();
  try {
    const { recipe, go } = waiting();
    go();
    await using api = await Api.open({ recipe, settings: `http_recipe_dirs = ["${directory}/mine"]` });
    const token = await api.addToken({ name: "poor", grants: ["connect:search_domains"], rights: ["run"] });
    const { body: { id } } = await api.ask("/v1/runs", { body: { recipe: "one.ts" }, token });
    await eventsIn(await api.fetch(`/v1/runs/${id}/events`, { token }));
    const { body: run } = await api.ask(`/v1/runs/${id}`, { token });
    assert.equal(run.state, "failed");
    assert.equal(run.error.code, "permission-denied");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("who holds what and who waits is seen, and the holder can be cancelled by who may manage", async () => {
  const directory = await recipes();
  try {
    const { recipe } = waiting();
    await using api = await Api.open({
      recipe,
      settings: `http_recipe_dirs = ["${directory}/mine"]`,
      host: { graceMs: 50 },
    });
    const { body: { id } } = await api.ask("/v1/runs", { body: { recipe: "one.ts" } });
    const holding = (events: readonly { readonly data: Readonly<Record<string, unknown>> }[]): boolean =>
      events.some(({ data }) => data["message"] === "holding");
    await eventsIn(await api.fetch(`/v1/runs/${id}/events`), holding);
    const waits = api.ask(suspend, { body: { ...test, withinMs: 60_000 } });
    const [seen] = (await eventsIn(
      await api.fetch("/v1/jobs/events"),
      (events) => events.at(-1)?.data.items[0]?.waiters.length === 1,
    )).toReversed();
    const [slot] = seen?.data.items ?? [];
    assert.equal(slot.holders[0].caller.run, id);
    assert.equal(slot.waiters[0].operation, "domain.suspend");
    const busy = await api.ask(suspend, { body: { ...test, noWait: true } });
    assert.equal(busy.status, 503);
    assert.equal(busy.body.code, "slot-timeout");
    assert.equal(busy.headers.get("retry-after"), "1");
    const token = await api.addToken({ name: "watcher", rights: ["observe"] });
    assert.equal((await api.ask("/v1/jobs/cancel", { body: { key: slot.key }, token })).status, 403);
    assert.equal((await api.ask(`/v1/runs/${id}/cancel`, { body: {}, token })).status, 403);
    const { status, body } = await api.ask("/v1/jobs/cancel", { body: { key: slot.key } });
    assert.deepEqual([status, body.cancelled], [202, 1]);
    assert.equal((await waits).status, 200, "who waited has it now");
    await eventsIn(await api.fetch(`/v1/runs/${id}/events`));
    assert.equal((await api.ask(`/v1/runs/${id}`)).body.state, "cancelled");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a single operation that waits can be cancelled, and has done nothing then", async () => {
  const directory = await recipes();
  try {
    const { recipe, go } = waiting();
    await using api = await Api.open({ recipe, settings: `http_recipe_dirs = ["${directory}/mine"]` });
    const { body: { id } } = await api.ask("/v1/runs", { body: { recipe: "one.ts" } });
    await eventsIn(
      await api.fetch(`/v1/runs/${id}/events`),
      (events) => events.some(({ data }) => data.message === "holding"),
    );
    const { body: { run } } = await api.ask(suspend, { body: test, headers: { prefer: "respond-async" } });
    assert.equal((await api.ask(`/v1/runs/${run}/cancel`, { body: {} })).status, 202);
    const events = await eventsIn(await api.fetch(`/v1/runs/${run}/events`));
    assert.equal(events.findLast(({ type }) => type === "run")?.data.run.error.code, "cancelled");
    const { body: steps } = await api.ask(`/v1/runs/${run}/steps`);
    assert.equal(steps.items[0].state, "not-done");
    go();
    await eventsIn(await api.fetch(`/v1/runs/${id}/events`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a client that leaves takes its operation with it only where it wanted that", async () => {
  const directory = await recipes();
  try {
    const { recipe, go } = waiting();
    await using api = await Api.open({ recipe, settings: `http_recipe_dirs = ["${directory}/mine"]` });
    const { body: { id } } = await api.ask("/v1/runs", { body: { recipe: "one.ts" } });
    await eventsIn(
      await api.fetch(`/v1/runs/${id}/events`),
      (events) => events.some(({ data }) => data.message === "holding"),
    );
    const aborter = new AbortController();
    const leaving = ["stays", "goes"].map((key) =>
      api.ask(suspend, {
        body: { ...test, cancelWithRequest: key === "goes" },
        headers: { "idempotency-key": key },
        signal: aborter.signal,
      }).catch(() => undefined)
    );
    await eventsIn(
      await api.fetch("/v1/jobs/events"),
      (events) => events.at(-1)?.data.items[0]?.waiters.length === 2,
    );
    aborter.abort();
    await Promise.all(leaving);
    await eventsIn(
      await api.fetch("/v1/jobs/events"),
      (events) => events.at(-1)?.data.items[0]?.waiters.length === 1,
    );
    go();
    const goes = await api.ask(suspend, {
      body: { ...test, cancelWithRequest: true },
      headers: { "idempotency-key": "goes" },
    });
    assert.equal(goes.body.code, "cancelled");
    const stays = await api.ask(suspend, {
      body: { ...test, cancelWithRequest: false },
      headers: { "idempotency-key": "stays" },
    });
    assert.equal(stays.status, 200);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("what cannot be ended, resumed, given up or accepted says so", async () => {
  await using api = await Api.open();
  const { body: { run } } = await api.ask(suspend, { body: test });
  for (const what of ["cancel", "resume", "abandon"]) {
    assert.equal((await api.ask(`/v1/runs/${run}/${what}`, { body: {} })).status, 409, what);
    assert.equal((await api.ask(`/v1/runs/none/${what}`, { body: {} })).status, 404, what);
  }
  assert.equal((await api.ask("/v1/jobs/accept", { body: { key: "x", as: "done" } })).status, 404);
  assert.equal((await api.ask("/v1/jobs/cancel", { body: { key: "x" } })).status, 404);
});
