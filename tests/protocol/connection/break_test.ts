import assert from "node:assert/strict";
import { settled } from "../../../testing/virtual_clock.ts";
import { mayHaveActed, refusal, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("a broken link fails every call, and says which of them may have been done", async () => {
  await using it = stage({ maxOutstanding: 2 });
  const names = ["domainSuspend", "domainResume", "domainDestroy"] as const;
  const sent = it.connection.call(names[0], { dom });
  await it.server.next();
  const queued = [it.connection.call(names[1], { dom }), it.connection.call(names[2], { dom })];
  await settled();
  it.server.link.break(new Error("connection reset"));
  const errors = await Promise.all([sent, ...queued].map(refusal));
  assert.deepEqual(errors.map(({ code }) => code), ["unreachable", "unreachable", "unreachable"]);
  assert.deepEqual(errors.map(mayHaveActed), [true, false, false]);
  for (const { message } of errors) assert.match(message, /"fake".*connection reset/);
  const why = await it.connection.closed;
  assert.equal(why.code, "unreachable");
  assert.match(why.message, /Connection to "fake" has ended: cannot read from it: connection reset/);
});

Deno.test("a call that is made after the end is refused without having acted", async () => {
  await using it = stage();
  it.server.link.end();
  await it.connection.closed;
  const error = await refusal(it.connection.call("domainSuspend", { dom }));
  assert.equal(error.code, "unreachable");
  assert.equal(mayHaveActed(error), false);
  assert.match(error.message, /the far side closed the connection/);
});

Deno.test("a write that fails ends the connection, and what it held may have been done", async () => {
  await using it = stage();
  const letWrite = it.server.link.holdWrites();
  const call = it.connection.call("domainSuspend", { dom });
  await settled();
  const behind = it.connection.call("domainResume", { dom });
  await settled();
  it.server.link.break(new Error("broken pipe"));
  letWrite();
  assert.equal(mayHaveActed(await refusal(call)), true);
  assert.equal(mayHaveActed(await refusal(behind)), false);
});

Deno.test("a link that ends in the middle of a packet is said to have done so", async () => {
  await using it = stage();
  it.server.link.push(new Uint8Array([0, 0, 0, 28, 0x20]));
  it.server.link.end();
  assert.match((await it.connection.closed).message, /in the middle of a packet/);
});

Deno.test("to close a connection twice is to close it once", async () => {
  await using it = stage();
  const call = it.connection.call("domainSuspend", { dom });
  await it.server.next();
  const first = it.connection.close();
  const error = await refusal(call);
  assert.equal(error.code, "unreachable");
  assert.equal(mayHaveActed(error), true);
  await Promise.all([first, it.connection.close()]);
  await it.connection.close();
  assert.match((await it.connection.closed).message, /closed on this side/);
  assert.equal(it.server.link.closed, true);
});

Deno.test("a connection can be closed by what it calls back", async () => {
  await using it = stage();
  const closing = Promise.withResolvers<void>();
  using _listening = it.connection.on("connectEventConnectionClosed", () => {
    it.connection.close().then(closing.resolve);
  });
  it.server.event("connectEventConnectionClosed", { reason: 1 });
  it.server.event("connectEventConnectionClosed", { reason: 2 });
  await closing.promise;
});

Deno.test("whatever a transport throws ends the connection and nothing else", async () => {
  for (const thrown of ["text", undefined, new TypeError("bad resource"), null]) {
    await using it = stage();
    const call = it.connection.call("domainSuspend", { dom });
    it.server.link.break(thrown);
    assert.equal((await refusal(call)).code, "unreachable");
  }
});
