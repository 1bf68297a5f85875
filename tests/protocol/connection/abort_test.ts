import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { mayHaveActed, refusal, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("a call whose signal has aborted already is never made", async () => {
  await using it = stage();
  const error = await refusal(
    it.connection.call("domainSuspend", { dom }, { signal: AbortSignal.abort() }),
  );
  assert.equal(error.code, "cancelled");
  assert.equal(mayHaveActed(error), false);
  await settled();
  assert.deepEqual(it.server.writes, []);
});

Deno.test("a call that is aborted in the turn in which it was made is never sent", async () => {
  await using it = stage();
  const controller = new AbortController();
  const aborted = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  const other = it.connection.call("domainResume", { dom });
  controller.abort();
  assert.equal(mayHaveActed(await refusal(aborted)), false);
  const received = await it.server.next();
  assert.equal(received.name, "domainResume");
  received.reply("domainResume", undefined);
  await other;
});

Deno.test("a call that is aborted while it waits for its turn leaves the queue", async () => {
  await using it = stage({ maxOutstanding: 1 });
  const controller = new AbortController();
  const first = it.connection.call("domainResume", { dom });
  const aborted = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  const last = it.connection.call("domainResume", { dom });
  const received = await it.server.next();
  controller.abort();
  const error = await refusal(aborted);
  assert.equal(mayHaveActed(error), false);
  assert.match(error.message, /^Cannot call "domainSuspend" on "fake": /);
  received.reply("domainResume", undefined);
  await first;
  const next = await it.server.next();
  assert.equal(next.name, "domainResume");
  next.reply("domainResume", undefined);
  await last;
});

Deno.test("whoever waited behind an aborted call may go in its place", async () => {
  await using it = stage({ maxOutstanding: 2 });
  const controller = new AbortController();
  const slow = it.connection.call("domainResume", { dom });
  const aborted = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  const quick = it.connection.call("connectGetLibVersion", undefined);
  const received = await it.server.next();
  await settled();
  assert.equal(it.server.waiting.length, 0, "there is room for a quick call only, and it is not its turn");
  controller.abort();
  await refusal(aborted);
  (await it.server.next()).reply("connectGetLibVersion", { libVer: 1n });
  await quick;
  received.reply("domainResume", undefined);
  await slow;
});

Deno.test("a call that is aborted while the write before it is stuck has not been sent", async () => {
  await using it = stage();
  const letWrite = it.server.link.holdWrites();
  const first = it.connection.call("domainResume", { dom });
  await settled();
  const controller = new AbortController();
  const second = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  await settled();
  controller.abort();
  assert.equal(mayHaveActed(await refusal(second)), false);
  letWrite();
  (await it.server.next()).reply("domainResume", undefined);
  await first;
  await settled();
  assert.deepEqual(it.server.writes, [1]);
});

Deno.test("a call that is aborted while its write is stuck may have been done", async () => {
  await using it = stage();
  it.server.link.holdWrites();
  const controller = new AbortController();
  const call = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  await settled();
  controller.abort();
  assert.equal(mayHaveActed(await refusal(call)), true);
});

Deno.test("a call that is aborted after it was sent may have been done, and its late answer is dropped", async () => {
  await using it = stage();
  const controller = new AbortController();
  const call = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  const received = await it.server.next();
  controller.abort();
  const error = await refusal(call);
  assert.equal(error.code, "cancelled");
  assert.equal(mayHaveActed(error), true);
  received.reply("domainSuspend", undefined);
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  assert.deepEqual(await it.connection.call("connectGetLibVersion", undefined), { libVer: 1n });
});

Deno.test("the late answer of an aborted call may be an error, or make no sense", async () => {
  await using it = stage();
  for (const spoiled of [false, true]) {
    const controller = new AbortController();
    const call = it.connection.call("connectGetLibVersion", undefined, { signal: controller.signal });
    const received = await it.server.next();
    controller.abort();
    await refusal(call);
    if (spoiled) received.answer({}, new Uint8Array(3));
    else received.fail(new VirtError("internal", "too late"));
  }
  const call = it.connection.call("domainResume", { dom });
  (await it.server.next()).reply("domainResume", undefined);
  await call;
});

Deno.test("an aborted call keeps its place with the server until its answer comes", async () => {
  await using it = stage({ maxOutstanding: 1 });
  const controller = new AbortController();
  const aborted = it.connection.call("domainSuspend", { dom }, { signal: controller.signal });
  const waiting = it.connection.call("domainResume", { dom });
  const received = await it.server.next();
  controller.abort();
  await refusal(aborted);
  await settled();
  assert.equal(it.server.waiting.length, 0, "the server still works on the first");
  received.reply("domainSuspend", undefined);
  (await it.server.next()).reply("domainResume", undefined);
  await waiting;
});

Deno.test("an error after an abort has the code of the signal's reason", async () => {
  await using it = stage();
  const reasons: readonly [unknown, string][] = [
    [new VirtError("timed-out", "No answer in time"), "timed-out"],
    [new VirtError("revoked", "The right was lost"), "revoked"],
    [new DOMException("signal timed out", "TimeoutError"), "timed-out"],
    ["whatever", "cancelled"],
  ];
  for (const [reason, code] of reasons) {
    const error = await refusal(
      it.connection.call("domainSuspend", { dom }, { signal: AbortSignal.abort(reason) }),
    );
    assert.equal(error.code, code);
    assert.equal(error.cause, reason);
  }
});

Deno.test("no listener stays on a signal that many calls have used", async () => {
  await using it = stage();
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  for (let count = 0; count < 20; count++) {
    await it.connection.call("connectGetLibVersion", undefined, { signal });
  }
  assert.equal(listeners, 0);
});
