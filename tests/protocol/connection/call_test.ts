import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import { packetStatus, packetType } from "../../../protocol/packet.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { mayHaveActed, refusal, stage } from "./stage.ts";

const test = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

Deno.test("a call goes out with the protocol's numbers, and its answer comes back", async () => {
  await using it = stage();
  const call = it.connection.call("domainLookupByName", { name: "test" });
  const received = await it.server.next();
  assert.deepEqual(received.header, {
    program: 0x20008086,
    version: 1,
    procedure: 23,
    type: packetType.call,
    serial: 1,
    status: packetStatus.ok,
  });
  assert.deepEqual(received.args("domainLookupByName"), { name: "test" });
  received.reply("domainLookupByName", { dom: test });
  assert.deepEqual(await call, { dom: test });
});

Deno.test("calls of other programs carry their program's number", async () => {
  await using it = stage();
  it.server.answer("qemuDomainMonitorCommand", ({ cmd }) => ({ result: `did ${cmd}` }));
  const answer = await it.connection.call("qemuDomainMonitorCommand", { dom: test, cmd: "stop", flags: 0 });
  assert.deepEqual(answer, { result: "did stop" });
});

Deno.test("replies may come in any order", async () => {
  await using it = stage();
  const calls = [1, 2, 3].map((id) => it.connection.call("domainLookupById", { id }));
  const received = [await it.server.next(), await it.server.next(), await it.server.next()];
  for (const each of received.reverse()) {
    const { id } = each.args("domainLookupById");
    each.reply("domainLookupById", { dom: { ...test, id } });
  }
  assert.deepEqual((await Promise.all(calls)).map(({ dom }) => dom.id), [1, 2, 3]);
});

Deno.test("an error of the server's has our code, its text and its own name", async () => {
  await using it = stage();
  const call = it.connection.call("domainLookupByName", { name: "web" });
  (await it.server.next()).fail(
    new VirtError("not-found", "Domain not found: no domain with matching name 'web'", {
      remoteCode: "VIR_ERR_NO_DOMAIN",
    }),
  );
  const error = await refusal(call);
  assert.equal(error.code, "not-found");
  assert.equal(error.remoteCode, "VIR_ERR_NO_DOMAIN");
  assert.match(error.message, /no domain with matching name 'web'/);
  assert.equal(mayHaveActed(error), undefined);
});

Deno.test("a procedure that the server lacks is unsupported", async () => {
  await using it = stage();
  const call = it.connection.call("domainGetAutostart", { dom: test });
  (await it.server.next()).fail(
    new VirtError("protocol", "unknown procedure: 15", { remoteCode: "VIR_ERR_RPC" }),
  );
  assert.equal((await refusal(call)).code, "unsupported");
});

Deno.test("everything that is called in one turn goes out in one write", async () => {
  await using it = stage({ maxOutstanding: 40 });
  it.server.answer("connectGetLibVersion", () => ({ libVer: 1n }));
  await Promise.all(Array.from({ length: 32 }, () => it.connection.call("connectGetLibVersion", undefined)));
  assert.deepEqual(it.server.writes, [32]);
});

Deno.test("at most five calls are with the server, and further ones follow in their order", async () => {
  await using it = stage();
  const calls = Array.from({ length: 8 }, (_, id) => it.connection.call("domainLookupById", { id }));
  await settled();
  assert.deepEqual(it.server.waiting.map((each) => each.args("domainLookupById").id), [0, 1, 2, 3, 4]);
  for (let id = 0; id < 8; id++) (await it.server.next()).reply("domainLookupById", { dom: { ...test, id } });
  assert.deepEqual((await Promise.all(calls)).map(({ dom }) => dom.id), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("the last place with the server is left to calls that are over at once", async () => {
  await using it = stage();
  const slow = Array.from({ length: 5 }, () => it.connection.call("domainSuspend", { dom: test }));
  await settled();
  assert.equal(it.server.waiting.length, 4);
  const quick = it.connection.call("connectGetLibVersion", undefined);
  await settled();
  assert.equal(it.server.waiting.length, 4, "nobody overtakes");
  (await it.server.next()).reply("domainSuspend", undefined);
  await slow[0];
  await settled();
  assert.deepEqual(it.server.waiting.map(({ name }) => name), [
    ...Array(4).fill("domainSuspend"),
    "connectGetLibVersion",
  ]);
  for (let rest = it.server.waiting.length; rest > 0; rest--) {
    const each = await it.server.next();
    if (each.name === "domainSuspend") each.reply("domainSuspend", undefined);
    else each.reply("connectGetLibVersion", { libVer: 1n });
  }
  await Promise.all([...slow, quick]);
});

Deno.test("arguments that a procedure cannot take are refused, and nothing is sent", async () => {
  await using it = stage();
  const wrong = it.connection.call("domainLookupById", { id: 2 ** 40 });
  const right = it.connection.call("domainLookupById", { id: 7 });
  const error = await refusal(wrong);
  assert.equal(error.code, "invalid-argument");
  assert.match(error.message, /"id".*1099511627776/);
  assert.equal(mayHaveActed(error), false);
  const received = await it.server.next();
  assert.deepEqual(received.args("domainLookupById"), { id: 7 });
  received.reply("domainLookupById", { dom: test });
  await right;
});

Deno.test("a procedure that passes open files is unsupported", async () => {
  await using it = stage();
  const error = await refusal(it.connection.call("domainOpenGraphics", { dom: test, idx: 0, flags: 0 }));
  assert.equal(error.code, "unsupported");
  assert.match(error.message, /domainOpenGraphics/);
});

Deno.test("an answer that cannot be read is the fault of that call alone", async () => {
  await using it = stage();
  const spoiled = it.connection.call("domainLookupById", { id: 1 });
  const whole = it.connection.call("domainLookupById", { id: 2 });
  (await it.server.next()).answer({}, new Uint8Array(7));
  const error = await refusal(spoiled);
  assert.equal(error.code, "protocol");
  assert.match(error.message, /domainLookupById/);
  assert.equal(mayHaveActed(error), true);
  (await it.server.next()).reply("domainLookupById", { dom: test });
  assert.deepEqual(await whole, { dom: test });
});

Deno.test("an answer with more behind it than belongs to it is not taken for one", async () => {
  await using it = stage();
  const call = it.connection.call("connectGetLibVersion", undefined);
  (await it.server.next()).answer({}, new Uint8Array(12));
  const error = await refusal(call);
  assert.equal(error.code, "protocol");
  assert.match(error.message, /4 bytes too many/);
});

Deno.test("large calls do not wait for each other to be written", async () => {
  await using it = stage({ maxOutstanding: 20 });
  const xml = "x".repeat(200_000);
  it.server.answer("domainDefineXml", () => ({ dom: test }));
  await Promise.all(Array.from({ length: 12 }, () => it.connection.call("domainDefineXml", { xml })));
  assert.deepEqual(it.server.writes, [3, 3, 3, 3]);
});

Deno.test("serial numbers begin anew after 32 bits, without 0 and without those that are in use", async () => {
  await using it = stage({ firstSerial: 2 ** 32 - 2 });
  const held = it.connection.call("domainLookupById", { id: 0 });
  const first = await it.server.next();
  const calls = [1, 2, 3].map((id) => it.connection.call("domainLookupById", { id }));
  const received = [first, await it.server.next(), await it.server.next(), await it.server.next()];
  assert.deepEqual(received.map(({ header }) => header.serial), [2 ** 32 - 2, 2 ** 32 - 1, 1, 2]);
  for (const each of received) each.reply("domainLookupById", { dom: test });
  await Promise.all([held, ...calls]);
});
