/**
 * Schedules over HTTP: making, steering, and what nobody may give away or see.
 */
import assert from "node:assert/strict";
import { Api, type Said } from "./kit/api.ts";

/** An API with a folder of recipes. */
interface Place extends AsyncDisposable {
  readonly api: Api;
  readonly folder: string;
}

async function open(): Promise<Place> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-schedules-" }));
  for (const name of ["nightly.ts", "site.yml", "key", "hosts.yml"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "[]\n");
  }
  const api = await Api.open({
    settings: `http_recipe_dirs = [ "${folder}" ]\nallowed_uris = [ "test:///default" ]\n`,
  });
  return {
    api,
    folder,
    async [Symbol.asyncDispose](): Promise<void> {
      await api[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const work = { kind: "recipe", file: "nightly.ts", hosts: { host: "test:///default" } };
const daily = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
const nightly = { work, triggers: [daily] };

function names(said: Said): readonly string[] {
  return said.body.items.map(({ name }: { readonly name: string }) => name);
}

Deno.test("a schedule is made, shown with its next times, paused, resumed and taken away", async () => {
  await using place = await open();
  const { api, folder } = place;
  const made = await api.ask("/v1/schedules", {
    body: { name: "nightly", ...nightly, grants: ["domain:start"] },
  });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get("location"), "/v1/schedules/nightly");
  assert.deepEqual([made.body.work.file, made.body.grants, made.body.principal], [
    `${folder}/nightly.ts`,
    ["domain:start"],
    "token:root",
  ]);
  const again = await api.ask("/v1/schedules", { body: { name: "nightly", ...nightly } });
  assert.equal(again.status, 409, again.text);
  const shown = await api.ask("/v1/schedules/nightly?times=3");
  assert.equal(shown.body.upcoming.length, 3);
  assert.equal((await api.ask("/v1/schedules/nightly/pause", { body: {} })).body.state, "paused");
  assert.deepEqual(names(await api.ask("/v1/schedules?state=active")), []);
  assert.equal((await api.ask("/v1/schedules/nightly/resume", { body: {} })).body.state, "active");
  assert.equal((await api.ask("/v1/schedules/nightly", { method: "DELETE" })).status, 200);
  assert.equal((await api.ask("/v1/schedules/nightly")).status, 404);
});

Deno.test("the same schedule put twice is made once, and another one takes its place", async () => {
  await using place = await open();
  const { api } = place;
  const body = { work, triggers: [{ every: "6h" }, daily] };
  const first = await api.ask("/v1/schedules/nightly", { method: "PUT", body });
  assert.equal(first.status, 201, first.text);
  const second = await api.ask("/v1/schedules/nightly", { method: "PUT", body });
  assert.equal(second.status, 200, second.text);
  assert.deepEqual(second.body, first.body, "nothing has changed, not even what the interval counts from");
  const third = await api.ask("/v1/schedules/nightly", { method: "PUT", body: { ...body, jitter: "10s" } });
  assert.equal(third.status, 200, third.text);
  assert.deepEqual([third.body.jitter, third.body.id], [10_000, first.body.id]);
});

Deno.test("pages hold every schedule once, by name", async () => {
  await using place = await open();
  const { api } = place;
  const all = ["a", "b", "c", "d", "e"];
  for (const name of all.toReversed()) await api.ask("/v1/schedules", { body: { name, ...nightly } });
  const first = await api.ask("/v1/schedules?limit=2");
  await api.ask("/v1/schedules", { body: { name: "aa", ...nightly } });
  const second = await api.ask(`/v1/schedules?limit=2&cursor=${first.body.next}`);
  const third = await api.ask(`/v1/schedules?limit=2&cursor=${second.body.next}`);
  assert.deepEqual([first, second, third].flatMap(names), all);
  assert.equal(third.body.next, undefined);
});

Deno.test("a schedule is granted what its token has, for no longer, and no more", async () => {
  await using place = await open();
  const { api } = place;
  const expires = Date.now() + 3_600_000;
  const token = await api.addToken({
    name: "ci",
    grants: ["domain:start,stop@web-*"],
    rights: ["run"],
    expires,
  });
  const until = `(until=${Temporal.Instant.fromEpochMilliseconds(expires).toString()})`;
  const whole = await api.ask("/v1/schedules", { token, body: { name: "whole", ...nightly } });
  assert.deepEqual(whole.body.grants, [`domain:start,stop@web-*${until}`], whole.text);
  const part = await api.ask("/v1/schedules", {
    token,
    body: { name: "part", ...nightly, grants: ["domain:start@web-1"] },
  });
  assert.deepEqual(part.body.grants, [`domain:start@web-1${until}`], part.text);
  for (const grant of ["all", "domain:start", "domain:delete@web-1", "domain:start@db-1", "host"]) {
    const more = await api.ask("/v1/schedules", {
      token,
      body: { name: "more", ...nightly, grants: [grant] },
    });
    assert.equal(more.status, 403, grant);
    assert.match(more.body.detail, /does not have as much itself/);
    assert.match(more.body.hint, /domain:start,stop@web-\*/);
  }
});

Deno.test("who has no right to run makes none; who only sees its own steers no other", async () => {
  await using place = await open();
  const { api } = place;
  const notify = [{ url: "https://hooks.example.com/services/secret" }];
  await api.ask("/v1/schedules", { body: { name: "root", ...nightly, notify } });
  const guest = await api.addToken({ name: "guest", grants: ["all"] });
  assert.equal(
    (await api.ask("/v1/schedules", { token: guest, body: { name: "x", ...nightly } })).status,
    403,
  );
  assert.deepEqual(names(await api.ask("/v1/schedules", { token: guest })), []);
  assert.equal((await api.ask("/v1/schedules/root", { token: guest })).status, 404);
  const runner = await api.addToken({ name: "runner", grants: ["all"], rights: ["run"] });
  assert.equal((await api.ask("/v1/schedules/root/pause", { token: runner, body: {} })).status, 404);
  const taken = await api.ask("/v1/schedules/root", { method: "PUT", token: runner, body: nightly });
  assert.equal(taken.status, 403);
  assert.match(taken.body.detail, /somebody else's/);
  const watcher = await api.addToken({ name: "watcher", rights: ["observe"] });
  const watched = await api.ask("/v1/schedules/root", { token: watcher });
  assert.deepEqual(watched.body.notify[0].url, "https://hooks.example.com/…", "the address may be a secret");
  for (const what of ["pause", "resume", "run"]) {
    const refused = await api.ask(`/v1/schedules/root/${what}`, { token: watcher, body: {} });
    assert.equal(refused.status, 403, what);
  }
  assert.equal((await api.ask("/v1/schedules/root", { method: "DELETE", token: watcher })).status, 403);
  const manager = await api.addToken({ name: "manager", rights: ["manage"] });
  assert.equal((await api.ask("/v1/schedules/root/pause", { token: manager, body: {} })).status, 200);
});

/** A schedule that may not be made, its status, and a word of what is told. */
const refused: readonly (readonly [Record<string, unknown>, number, RegExp])[] = [
  [{ work: { ...work, file: "/etc/passwd" } }, 404, /http_recipe_dirs/],
  [{ work: { ...work, file: "../nightly.ts" } }, 404, /http_recipe_dirs/],
  [{ work: { ...work, hosts: { host: "qemu:///system" } } }, 403, /qemu:\/\/\/system/],
  [{ work: { kind: "playbook", file: "site.yml", uri: "qemu:///system" } }, 403, /qemu/],
  [
    { work: { kind: "playbook", file: "site.yml", uri: "test:///default", inventory: ["/etc/hosts"] } },
    404,
    /hosts/,
  ],
  [
    { work: { kind: "playbook", file: "site.yml", uri: "test:///default", extraVars: ["@/etc/shadow"] } },
    404,
    /shadow/,
  ],
  [{ notify: [{ url: "http://a.example", secret: { file: "/etc/shadow" } }] }, 404, /shadow/],
  [{ notify: [{ url: "http://a.example", secret: { env: "HOME" } }] }, 403, /DROVER_WEBHOOK_/],
  [{ secrets: { password: "command:id" } }, 403, /only sources that the kernel's owner has named/],
  [{ secrets: { password: "file:/etc/shadow" } }, 403, /only sources that the kernel's owner has named/],
  [{ notify: [{ url: "file:///etc/passwd" }] }, 400, /http or https/],
  [{ triggers: [{ event: { uri: "qemu:///system" } }] }, 403, /qemu/],
  [{ triggers: [] }, 400, /triggers/],
  [{ triggers: [{ cron: "61 * * * *" }] }, 400, /"61" is no minute/],
  [{ triggers: [{ cron: "0 0 31 2 *" }] }, 400, /never comes|no day/],
  [{ triggers: [{ cron: "@daily", timeZone: "Berlin" }] }, 400, /Berlin/],
  [{ triggers: [{ cron: "@daily", timezone: "UTC" }] }, 400, /triggers\.0.*timezone/],
  [{ triggers: [{ each: "1h" }] }, 400, /triggers\.0: one of cron, calendar, every, at, event is needed/],
  [{ triggers: [{ every: "soon" }] }, 400, /a duration is a number/],
  [{ triggers: [{ at: 0 }] }, 400, /is over/],
  [{ grants: ["domain:fly"] }, 400, /fly/],
  [{ overlap: "maybe" }, 400, /overlap/],
  [{ name: "../x" }, 400, /up to 64 letters/],
];

for (const [wrong, status, told] of refused) {
  Deno.test(`${JSON.stringify(wrong).slice(0, 80)} is refused with what is wrong`, async () => {
    await using place = await open();
    const { api } = place;
    const said = await api.ask("/v1/schedules", { body: { name: "x", ...nightly, ...wrong } });
    assert.equal(said.status, status, said.text);
    assert.match(`${said.body.detail} ${said.body.hint ?? ""}`, told);
    assert.deepEqual(names(await api.ask("/v1/schedules")), []);
  });
}

Deno.test("a schedule is fired once for one key, its firings are listed for who may see them, and a wrong cursor is refused", async () => {
  await using place = await open();
  const { api } = place;
  await api.ask("/v1/schedules", { body: { name: "nightly", ...nightly } });
  const headers = { "idempotency-key": "k1" };
  const first = await api.ask("/v1/schedules/nightly/run", { body: {}, headers });
  assert.equal(first.status, 202, first.text);
  const second = await api.ask("/v1/schedules/nightly/run", { body: {}, headers });
  assert.equal(second.body.id, first.body.id);
  assert.equal(first.headers.get("location"), `/v1/firings/${first.body.id}`);
  const list = await api.ask("/v1/firings?schedule=nightly");
  assert.deepEqual(list.body.items.map(({ id }: { readonly id: string }) => id), [first.body.id]);
  assert.equal((await api.ask(`/v1/firings/${first.body.id}`)).body.cause, "by-hand");
  assert.deepEqual((await api.ask("/v1/firings?state=dead")).body.items, []);
  assert.equal(
    (await api.ask(`/v1/firings/${first.body.id}/drop`, { body: {} })).status,
    409,
    "it is no dead letter",
  );
  const guest = await api.addToken({ name: "guest" });
  assert.deepEqual((await api.ask("/v1/firings", { token: guest })).body.items, []);
  assert.equal((await api.ask("/v1/firings?schedule=nightly", { token: guest })).status, 404);
  assert.equal((await api.ask(`/v1/firings/${first.body.id}`, { token: guest })).status, 404);
  const watcher = await api.addToken({ name: "watcher", rights: ["observe"] });
  assert.equal((await api.ask(`/v1/firings/${first.body.id}`, { token: watcher })).status, 200);
  assert.equal(
    (await api.ask(`/v1/firings/${first.body.id}/retry`, { token: watcher, body: {} })).status,
    403,
  );
  assert.equal((await api.ask("/v1/firings?cursor=!")).status, 400);
  assert.equal((await api.ask("/v1/firings/none")).status, 404);
});
