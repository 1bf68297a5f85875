// What libvirtd 9.0 was seen to answer, or does by its sources (src/rpc), to what no client should send.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { PacketHeader } from "../../../protocol/packet.ts";
import { packetStatus, packetType } from "../../../protocol/packet.ts";
import { procedureRow } from "../../../protocol/procedures/mod.ts";
import { errorIn, resultIn, type Seen, Stage } from "./stage.ts";

const version = { libVer: 11_003_000n };

/** The one answer to a packet, as an error. */
async function answerTo(header: Partial<PacketHeader>, payload?: Uint8Array): Promise<Seen> {
  await using stage = new Stage({ answer: () => version });
  await stage.send({ serial: 7, ...header }, payload);
  const [answer, ...more] = await stage.seen();
  assert.ok(answer !== undefined);
  assert.deepEqual(more, []);
  assert.equal(answer.type, packetType.reply);
  assert.equal(answer.status, packetStatus.error);
  assert.equal(answer.serial, 7);
  return answer;
}

const wrongPrograms: readonly (readonly [what: string, header: Partial<PacketHeader>, text: string])[] = [
  ["a program that there is not", { program: 0x12345678 }, "Cannot find program 305419896 version 1"],
  ["a program with a high number", { program: 0xffffffff }, "Cannot find program -1 version 1"],
  ["another version", { version: 2 }, "Cannot find program 536903814 version 2"],
  [
    "the program of keepalive in another version",
    { program: 0x6b656570, version: 9 },
    "Cannot find program 1801807216 version 9",
  ],
];

for (const [what, header, text] of wrongPrograms) {
  Deno.test(`a call of ${what} is answered with its own numbers`, async () => {
    const answer = await answerTo({ procedure: 1, ...header });
    assert.equal(answer.program, header.program ?? 0x20008086);
    assert.equal(answer.version, header.version ?? 1);
    const { code, domain, message, level } = errorIn(answer);
    assert.deepEqual({ code, domain, message, level }, { code: 39, domain: 7, message: text, level: 2 });
  });
}

for (const number of [0, 9999, 454, -1]) {
  Deno.test(`procedure ${number} is unknown, in the words that clients know`, async () => {
    const answer = await answerTo({ procedure: number >>> 0 });
    const { code, domain, message } = errorIn(answer);
    assert.deepEqual({ code, domain, message }, {
      code: 39,
      domain: 7,
      message: `unknown procedure: ${number}`,
    });
  });
}

Deno.test("an event is no procedure", async () => {
  assert.equal(errorIn(await answerTo({ procedure: 318 })).message, "unknown procedure: 318");
});

Deno.test("a procedure that the service does not have is unknown", async () => {
  await using stage = new Stage({ admits: () => false });
  await stage.call("connectGetLibVersion", undefined, 1);
  const [answer] = await stage.seen();
  assert.ok(answer !== undefined);
  assert.equal(errorIn(answer).message, "unknown procedure: 157");
});

Deno.test("a call with a status is refused", async () => {
  const answer = await answerTo({ procedure: 157, status: packetStatus.continue });
  assert.equal(errorIn(answer).message, "Unexpected message status 2");
});

Deno.test("arguments that cannot be read are refused", async () => {
  const answer = await answerTo({ procedure: 23 }, new Uint8Array([0xff, 0xff, 0xff, 0xff]));
  const { code, message } = errorIn(answer);
  assert.deepEqual({ code, message }, { code: 39, message: "Unable to decode message payload" });
});

Deno.test("what follows the arguments does not matter", async () => {
  await using stage = new Stage({ answer: () => version });
  await stage.send({ procedure: 157, serial: 3 }, new Uint8Array(12));
  const [answer] = await stage.seen();
  assert.ok(answer !== undefined);
  assert.deepEqual(resultIn("connectGetLibVersion", answer), version);
});

const unanswered: readonly (readonly [what: string, header: Partial<PacketHeader>])[] = [
  ["a reply", { type: packetType.reply }],
  ["a reply with files", { type: packetType.replyWithFds }],
  ["an event", { type: packetType.message, procedure: 318 }],
  ["a packet of a type that there is not", { type: 7 }],
  ["a packet of a negative type", { type: 0xffffffff }],
  ["a reply of a program that there is not", { type: packetType.reply, program: 1 }],
  ["data of a stream that there is not", {
    type: packetType.stream,
    status: packetStatus.continue,
    serial: 9,
  }],
  ["the end of a stream that there is not", { type: packetType.stream, status: packetStatus.ok, serial: 9 }],
  ["the abort of a stream that there is not", {
    type: packetType.stream,
    status: packetStatus.error,
    serial: 9,
  }],
  ["a hole in a stream that there is not", { type: packetType.streamHole, status: packetStatus.continue }],
  ["a pong", { program: 0x6b656570, type: packetType.message, procedure: 2 }],
  ["a keepalive packet that is none", { program: 0x6b656570, type: packetType.call, procedure: 1 }],
];

for (const [what, header] of unanswered) {
  Deno.test(`${what} gets no answer, and the connection stays`, async () => {
    await using stage = new Stage({ answer: () => version });
    // More often than there may be requests: none of them counts as one.
    for (let count = 0; count < 7; count++) await stage.send({ procedure: 157, ...header });
    assert.deepEqual(await stage.seen(), []);
    await stage.call("connectGetLibVersion", undefined, 1);
    const [answer] = await stage.seen();
    assert.equal(answer?.serial, 1);
  });
}

for (const length of [0, 3, 4, 27, 33_554_437, 0x7fffffff, 0xffffffff]) {
  Deno.test(`a packet of ${length} bytes ends the connection without an answer`, async () => {
    await using stage = new Stage({ answer: () => version });
    const bytes = new Uint8Array(32);
    new DataView(bytes.buffer).setUint32(0, length);
    await stage.raw(bytes);
    assert.match(await stage.server.closed, new RegExp(`packet of ${length} bytes`));
    assert.deepEqual(await stage.seen(), []);
  });
}

Deno.test("a call that passes files ends the connection: nobody knows where the next packet begins", async () => {
  await using stage = new Stage({ answer: () => version });
  await stage.send({ type: packetType.callWithFds, procedure: 310 }, new Uint8Array(4));
  assert.match(await stage.server.closed, /files/);
});

Deno.test("what came before a packet without sense is answered", async () => {
  await using stage = new Stage({ answer: () => version });
  await stage.call("connectGetLibVersion", undefined, 1);
  assert.equal((await stage.seen()).length, 1);
  await stage.raw(new Uint8Array(28));
  assert.match(await stage.server.closed, /does not keep to the protocol/);
});

Deno.test("a client that leaves in the middle of a packet is gone", async () => {
  await using stage = new Stage({ answer: () => version });
  await stage.raw(new Uint8Array([0, 0, 0, 40, 0x20, 0]));
  await stage.link.client.close();
  assert.equal(await stage.server.closed, "the client has left");
});

Deno.test("whatever bytes come, only the one connection suffers", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 64 }), headerLike()), { maxLength: 12 }),
      async (pieces) => {
        await using stage = new Stage({ answer: () => version });
        for (const piece of pieces) await stage.raw(piece);
        // Every answer can be read, and is an answer.
        for (const { type } of await stage.seen()) {
          assert.ok(type === packetType.reply || type === packetType.message);
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** Packets with headers that are nearly right. */
function headerLike(): fc.Arbitrary<Uint8Array> {
  return fc.record({
    length: fc.oneof(fc.constant(28), fc.integer({ min: 28, max: 60 }), fc.nat(0xffffffff)),
    words: fc.tuple(
      fc.constantFrom(0x20008086, 0x20008087, 0x6b656570, 7),
      fc.constantFrom(1, 1, 1, 2),
      fc.oneof(fc.integer({ min: 1, max: 460 }), fc.nat(0xffffffff)),
      fc.integer({ min: 0, max: 7 }),
      fc.nat(5),
      fc.integer({ min: 0, max: 3 }),
    ),
    payload: fc.uint8Array({ maxLength: 40 }),
  }).map(({ length, words, payload }) => {
    const bytes = new Uint8Array(28 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length);
    words.forEach((word, index) => view.setUint32(4 + 4 * index, word));
    bytes.set(payload, 28);
    return bytes;
  });
}

Deno.test("what says whether a value follows may be any number but 0, as go-libvirt sends it", async () => {
  const seen: unknown[] = [];
  await using stage = new Stage({ answer: (_procedure, args) => void seen.push(args) });
  const name = "0100000000000001" + "61000000" + "00000000";
  await stage.send({ procedure: procedureRow("connectOpen").number, serial: 7 }, Uint8Array.fromHex(name));
  assert.equal((await stage.seen())[0]?.status, packetStatus.ok);
  assert.deepEqual(seen, [{ name: "a", flags: 0 }]);
});
