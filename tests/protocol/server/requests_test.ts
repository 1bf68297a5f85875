import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import { packetStatus, packetType } from "../../../protocol/packet.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import { type Call, errorIn, resultIn, Stage } from "./stage.ts";

const version = { libVer: 1n };

function answerAll(calls: readonly Call[]): void {
  for (const call of calls) call.answer(version);
}

Deno.test("calls are answered in the order in which their answers are ready", async () => {
  await using stage = new Stage();
  for (const serial of [1, 2, 3]) await stage.call("connectGetLibVersion", undefined, serial);
  await stage.seen();
  const [first, second, third] = stage.calls;
  third?.answer({ libVer: 3n });
  await settled();
  first?.answer({ libVer: 1n });
  await settled();
  second?.fail(new VirtError("not-found", "there is none"));
  const seen = await stage.seen();
  assert.deepEqual(seen.map(({ serial, status }) => [serial, status]), [[3, 0], [1, 0], [2, 1]]);
});

Deno.test("no more requests than the limit are taken until one of them is answered", async () => {
  await using stage = new Stage({ maxRequests: 3 });
  for (let serial = 0; serial < 8; serial++) await stage.call("connectGetLibVersion", undefined, serial);
  await stage.seen();
  assert.equal(stage.calls.length, 3);
  stage.calls[1]?.answer(version);
  assert.deepEqual((await stage.seen()).map(({ serial }) => serial), [1]);
  assert.equal(stage.calls.length, 4);
  answerAll(stage.calls);
  await settled();
  answerAll(stage.calls);
  assert.equal((await stage.seen()).length, 6);
  assert.equal(stage.calls.length, 8);
});

Deno.test("a client at its limit is not read any more", async () => {
  await using stage = new Stage({ maxRequests: 1 });
  await stage.call("connectGetLibVersion", undefined, 1);
  await settled();
  // As much as there is room for on the way, and what a reader may hold.
  const sending = (async (): Promise<void> => {
    for (let sent = 0; sent < 50_000; sent++) await stage.call("connectGetLibVersion", undefined, sent);
  })();
  await settled();
  assert.ok(stage.link.unreadByServer() > 100_000, `${stage.link.unreadByServer()} bytes are on the way`);
  assert.equal(stage.calls.length, 1);
  await stage.link.client.close();
  await sending;
});

Deno.test("a client at its limit that leaves is seen to have left", async () => {
  await using stage = new Stage({ maxRequests: 1 });
  await stage.call("connectGetLibVersion", undefined, 1);
  await settled();
  await stage.link.client.close();
  assert.equal(await stage.server.closed, "the client has left");
});

Deno.test("a client that does not read its answers gets no more calls taken, and costs no more", async () => {
  const answer = { capabilities: "x".repeat(100_000) };
  let taken = 0;
  await using stage = new Stage({
    roomBytes: 1000,
    answer: () => {
      taken++;
      return answer;
    },
  });
  stage.hold();
  for (let serial = 0; serial < 200; serial++) {
    void stage.call("connectGetCapabilities", undefined, serial);
    await settled();
  }
  // One write is on its way, with what fits into it; behind it there are as many as the limit says.
  assert.ok(taken <= 2 * 5 + 1, `${taken} calls were taken`);
  stage.read();
  const seen = await stage.seen();
  assert.equal(seen.length, 200);
});

Deno.test("keepalive requests are answered while calls are, and count as none", async () => {
  await using stage = new Stage({ maxRequests: 2 });
  await stage.call("connectGetLibVersion", undefined, 1);
  for (let count = 0; count < 5; count++) {
    await stage.send({ program: 0x6b656570, type: packetType.message, procedure: 1 });
  }
  const seen = await stage.seen();
  assert.ok(seen.length >= 1);
  for (const { program, procedure, type } of seen) {
    assert.deepEqual({ program, procedure, type }, { program: 0x6b656570, procedure: 2, type: 2 });
  }
  await stage.call("connectGetLibVersion", undefined, 2);
  await settled();
  assert.equal(stage.calls.length, 2);
});

Deno.test("an answer that is too large for any packet becomes an error", async () => {
  await using stage = new Stage({ answer: () => ({ names: Array.from({ length: 16_385 }, () => "x") }) });
  await stage.call("connectListDefinedDomains", { maxnames: 1 }, 1);
  const [answer] = await stage.seen();
  assert.ok(answer !== undefined);
  assert.equal(errorIn(answer).message, "Unable to encode message payload");
});

Deno.test("an answer that fits no description becomes an error, and the next one is whole", async () => {
  await using stage = new Stage({
    answer: (procedure) => procedure === "connectGetHostname" ? { hostname: 7 } : version,
  });
  await stage.call("connectGetHostname", undefined, 1);
  await stage.call("connectGetLibVersion", undefined, 2);
  const [bad, good] = await stage.seen();
  assert.equal(bad?.status, packetStatus.error);
  assert.ok(good !== undefined);
  assert.deepEqual(resultIn("connectGetLibVersion", good), version);
});

Deno.test("who takes leave gets the answers that are owed, and then the connection ends", async () => {
  await using stage = new Stage();
  await stage.call("connectGetLibVersion", undefined, 1);
  await settled();
  stage.server.part();
  await stage.call("connectGetLibVersion", undefined, 2);
  await settled();
  assert.equal(stage.calls.length, 1);
  stage.calls[0]?.answer(version);
  assert.deepEqual((await stage.seen()).map(({ serial }) => serial), [1]);
  assert.equal(await stage.server.closed, "all has been said");
});

Deno.test("calls go on after their client has left, and that is known", async () => {
  await using stage = new Stage();
  await stage.call("connectGetLibVersion", undefined, 1);
  await settled();
  await stage.link.client.close();
  await stage.server.closed;
  let isSettled = false;
  const settling = stage.server.settled().then(() => isSettled = true);
  await settled();
  assert.equal(isSettled, false);
  stage.calls[0]?.answer(version);
  await settling;
});

Deno.test("packets are understood however they are cut and joined", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(40), { minLength: 1, maxLength: 30 }), async (cuts) => {
      let turn = 0;
      await using stage = new Stage({
        answer: (_procedure, args) => ({
          dom: { name: nameIn(args), uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 },
        }),
        cut: (available) => Math.min(available, 1 + (cuts[turn++ % cuts.length] ?? 0)),
      });
      const names = Array.from({ length: 12 }, (_, index) => `domain-${index}`.repeat(index + 1));
      for (const [serial, name] of names.entries()) await stage.call("domainLookupByName", { name }, serial);
      const seen = await stage.seen();
      const answered = seen.map((each) => resultIn("domainLookupByName", each).dom.name);
      assert.deepEqual(answered, names);
    }),
    { numRuns: 60 },
  );
});

function nameIn(args: unknown): string {
  return typeof args === "object" && args !== null && "name" in args ? String(args.name) : "";
}
