import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { NoticeRecord } from "../../../runtime/journal/schedule_record.ts";
import { scheduleSpec } from "../../../automation/schedule/schedule.ts";
import { readSecret, sendNotice, sign } from "../../../automation/schedule/webhook.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { ScheduleWorld } from "./world.ts";

/** A webhook on this machine. */
class Listener implements AsyncDisposable {
  readonly heard: { readonly path: string; readonly headers: Headers; readonly body: string }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answer: (path: string, count: number) => Response | Promise<Response>) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const path = new URL(request.url).pathname;
      this.heard.push({ path, headers: request.headers, body: await request.text() });
      return await answer(path, this.heard.length);
    });
  }

  url(path = "/hook"): string {
    return `http://127.0.0.1:${this.#server.addr.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function notice(url: string, hook: Partial<NoticeRecord["hook"]> = {}): NoticeRecord {
  return {
    id: "n1",
    firing: "f1",
    kind: "failure",
    hook: { url, on: ["failure"], timeout: 5000, ...hook },
    body: '{"version":1}',
    state: "open",
    attempts: 0,
    notBefore: 0,
    createdAt: 0,
  };
}

const never = new AbortController().signal;

Deno.test("a webhook is told by a signed POST, whose signature can be checked", async () => {
  await using listener = new Listener(() => new Response("thanks"));
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "s3cret\n");
  try {
    await sendNotice(notice(listener.url(), { secret: { file } }), { clock: systemClock, signal: never });
  } finally {
    await Deno.remove(file);
  }
  const [heard] = listener.heard;
  assert.equal(heard?.body, '{"version":1}');
  assert.equal(heard?.headers.get("content-type"), "application/json");
  assert.equal(heard?.headers.get("drover-delivery"), "n1");
  const [, seconds, made] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(heard?.headers.get("drover-signature") ?? "") ?? [];
  assert.equal(made, createHmac("sha256", "s3cret").update(`${seconds}.{"version":1}`).digest("hex"));
});

Deno.test("a redirect is not followed, and is a failure", async () => {
  await using listener = new Listener((path) =>
    path === "/hook"
      ? new Response(null, { status: 307, headers: { location: "/elsewhere" } })
      : new Response()
  );
  await assert.rejects(
    sendNotice(notice(listener.url()), { clock: systemClock, signal: never }),
    { message: "The webhook answered 307", hint: "Redirects are not followed: name the address itself" },
  );
  assert.deepEqual(listener.heard.map(({ path }) => path), ["/hook"]);
});

Deno.test("a webhook that cannot be reached is called by its host only, for the rest of its address may be a secret", async () => {
  const port = await freePort();
  const error = await sendNotice(notice(`http://127.0.0.1:${port}/T0KEN`), {
    clock: systemClock,
    signal: never,
  })
    .then(() => undefined, (error: Error) => error);
  assert.equal(error?.message, `The webhook at "127.0.0.1:${port}" cannot be reached`);
});

async function freePort(): Promise<number> {
  await using listener = new Listener(() => new Response());
  return Number(new URL(listener.url()).port);
}

Deno.test("a webhook that does not answer in time has not heard", async () => {
  const open = Promise.withResolvers<Response>();
  const rang: (() => void)[] = [];
  await using _listener = new Listener(() => {
    // Time is over as soon as it has been asked.
    for (const ring of rang) ring();
    return open.promise;
  });
  const clock = {
    now: () => 0,
    after: (_ms: number, action: () => void) => {
      rang.push(action);
      return { [Symbol.dispose]: () => {} };
    },
  };
  await assert.rejects(sendNotice(notice(_listener.url()), { clock, signal: never }), { code: "timed-out" });
  open.resolve(new Response());
});

Deno.test("a secret that is not there is said with its place, and nothing is sent", async () => {
  await using listener = new Listener(() => new Response());
  await assert.rejects(
    sendNotice(notice(listener.url(), { secret: { env: "DROVER_NO_SUCH_SECRET" } }), {
      clock: systemClock,
      signal: never,
      env: () => undefined,
    }),
    { code: "not-found", message: /environment variable "DROVER_NO_SUCH_SECRET"/ },
  );
  assert.equal(listener.heard.length, 0);
  await assert.rejects(readSecret({ env: "X" }, () => "\n"), { code: "operation-failed" });
});

Deno.test("signatures of different times differ", async () => {
  const secret = new TextEncoder().encode("x");
  assert.notEqual(await sign("{}", { secret, at: 1000 }), await sign("{}", { secret, at: 2000 }));
});

Deno.test("webhooks are http or https, without user and password", () => {
  const base = {
    name: "a",
    work: { kind: "recipe" as const, file: "/r.ts", hosts: {} },
    triggers: [{ every: "1h" }],
    grants: [],
  };
  for (const url of ["ftp://host/", "file:///etc/passwd", "https://user:pw@host/", "javascript:1", "x"]) {
    assert.equal(scheduleSpec.safeParse({ ...base, notify: [{ url }] }).success, false, url);
  }
  assert.ok(scheduleSpec.safeParse({ ...base, notify: [{ url: "https://host/a?b" }] }).success);
});

const playbook = { kind: "playbook" as const, file: "/play.yml", uri: "test:///default" };

Deno.test("a message waits in the journal until it is delivered, over the death of the daemon, and fails no run", async () => {
  let up = false;
  let tried = 0;
  const delivered: string[] = [];
  await using world = await ScheduleWorld.make({
    fate: () => ({ ms: 10, end: "failed" }),
    send: ({ id, body }) => {
      tried++;
      if (!up) return Promise.reject(new Error("It is down"));
      delivered.push(id);
      assert.doesNotMatch(body, /TOPSECRET/);
      return Promise.resolve();
    },
  });
  await world.schedules.schedules.add({
    name: "s",
    work: playbook,
    triggers: [{ at: world.clock.now() + 1000 }],
    notify: [{ url: "http://127.0.0.1:1/", secret: { env: "TOPSECRET" } }],
    grants: ["all"],
  }, world.maker);
  await world.pass(60_000);
  const [failed] = await world.schedules.schedules.history();
  assert.equal(failed?.state, "failed");
  assert.ok(tried > 1, "it is tried again");
  await world.reboot();
  await world.pass(3_600_000);
  assert.deepEqual(delivered, []);
  up = true;
  await world.pass(3_600_000);
  assert.equal(delivered.length, 1);
  await world.pass(3_600_000);
  assert.equal(delivered.length, 1, "and told once");
});

Deno.test("a message that nobody takes for days is given up", async () => {
  let tried = 0;
  await using world = await ScheduleWorld.make({
    send: () => {
      tried++;
      return Promise.reject(new Error("It is down"));
    },
  });
  await world.schedules.schedules.add({
    name: "s",
    work: playbook,
    triggers: [{ at: world.clock.now() + 1000 }],
    notify: [{ url: "http://127.0.0.1:1/", on: ["success"] }],
    grants: ["all"],
  }, world.maker);
  await world.pass(10_000);
  const [firing] = await world.store.firings();
  for (let hours = 0; hours < 60; hours++) await world.pass(3_600_000);
  const [told] = await world.store.notices(firing?.id ?? "");
  assert.equal(told?.state, "given-up");
  assert.equal(told?.attempts, tried);
  assert.equal(firing?.state, "done");
  assert.deepEqual(await world.store.openNotices(10), []);
});
