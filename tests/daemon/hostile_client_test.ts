import assert from "node:assert/strict";
import fc from "fast-check";
import { beginPacket, endPacket, packetStatus, packetType } from "../../protocol/packet.ts";
import { programs } from "../../protocol/procedures/mod.ts";
import type { Transport } from "../../protocol/transport.ts";
import { XdrWriter } from "../../protocol/xdr/mod.ts";
import type { ClientConnection } from "../../protocol/client_connection.ts";
import { strikeInMemory } from "./fuzz/memory_strike.ts";
import { Strike } from "./fuzz/strike.ts";
import { errorOf, MemoryDaemon } from "./kit/memory_daemon.ts";

const test = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

/** Goes on asking, so often, and is answered each time. */
async function roundTrips(client: ClientConnection, count: number): Promise<number> {
  let answered = 0;
  for (; answered < count; answered++) await client.call("connectGetLibVersion", undefined);
  return answered;
}

/** A call as it is on the wire, without arguments. */
function call(procedure: number, { serial = 1, payload = new Uint8Array() } = {}): Uint8Array {
  const writer = new XdrWriter();
  const start = beginPacket(writer, {
    program: programs.remote,
    version: 1,
    procedure,
    type: packetType.call,
    serial,
    status: packetStatus.ok,
  });
  writer.raw(payload);
  endPacket(writer, start);
  return writer.copy();
}

const authList = 66;

async function readSome(transport: Transport): Promise<number | null> {
  return await transport.read(new Uint8Array(65_536)).catch(() => null);
}

Deno.test("whatever a client sends, it is answered by the protocol or shut out, and others are served", async () => {
  await using daemon = new MemoryDaemon();
  const witness = await daemon.connect();
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
      answered += await strikeInMemory(daemon, new Strike(seed).steps());
      assert.equal(await roundTrips(witness, 1), 1);
    }),
    { numRuns: 150 },
  );
  // Who is only ever shut out proves nothing.
  assert.ok(answered > 300, `${answered} answers`);
});

Deno.test("packets in any order and of any kind, with any numbers in them, never end the daemon", async () => {
  await using daemon = new MemoryDaemon();
  const witness = await daemon.connect();
  const word = fc.oneof(fc.constantFrom(0, 1, 2, 3, 6, 66, 0x20008086, 0x6b656570), fc.nat());
  const packet = fc.record({
    header: fc.tuple(word, word, word, word, word, word),
    payload: fc.uint8Array(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { maxLength: 20 }), async (packets) => {
      const steps = packets.map(({ header, payload }) => {
        const writer = new XdrWriter();
        const [program, version, procedure, type, serial, status] = header;
        const start = beginPacket(writer, { program, version, procedure, type, serial, status });
        writer.raw(payload.subarray(0, payload.length & ~3));
        endPacket(writer, start);
        return { kind: "send", bytes: writer.copy() } as const;
      });
      await strikeInMemory(daemon, steps);
      assert.equal(await roundTrips(witness, 1), 1);
    }),
    { numRuns: 150 },
  );
});

Deno.test("a client that asks and never reads keeps nobody else waiting, and no more than its share is begun", async () => {
  await using daemon = new MemoryDaemon();
  const [witness, silent] = [await daemon.connect(), daemon.attach()];
  let taken = 0;
  const sending = (async (): Promise<void> => {
    for (let serial = 0; serial < 200_000; serial++) {
      await silent.write(call(authList, { serial }));
      taken++;
    }
  })().catch(() => {});
  assert.equal(await roundTrips(witness, 200), 200);
  await daemon.clock.advance(1000);
  // What lies between the two, in both directions, is all that it gets rid of.
  assert.ok(taken < 50_000, `${taken} calls were taken`);
  assert.equal(await roundTrips(witness, 50), 50);
  await silent.close();
  await sending;
});

Deno.test("a client that sends a byte at a time keeps nobody else waiting, and is answered in the end", async () => {
  await using daemon = new MemoryDaemon();
  const [witness, slow] = [await daemon.connect(), daemon.attach()];
  let answered = 0;
  for (const byte of call(authList)) {
    await slow.write(Uint8Array.of(byte));
    await daemon.clock.advance(1000);
    answered += await roundTrips(witness, 1);
  }
  assert.equal(answered, call(authList).length);
  assert.ok((await readSome(slow) ?? 0) > 0);
});

Deno.test("clients that open and drop leave nothing behind", async () => {
  await using daemon = new MemoryDaemon();
  const witness = await daemon.connect();
  const timers = daemon.clock.pending;
  for (let count = 0; count < 500; count++) {
    const transport = daemon.attach();
    if (count % 2 === 0) await transport.write(call(1).subarray(0, 1 + count % 30));
    await transport.close();
  }
  assert.equal(await roundTrips(witness, 20), 20);
  await daemon.clock.advance(0);
  assert.equal(daemon.clock.pending, timers);
});

Deno.test("a client has so many streams open at a time, and no more", async () => {
  await using daemon = new MemoryDaemon();
  const witness = await daemon.connect();
  const client = await daemon.connect({ maxStreams: 10 });
  const codes: string[] = [];
  for (let count = 0; count < 1000; count++) {
    const opened = client.open("domainScreenshot", { dom: test, screen: 0, flags: 0 });
    codes.push(await opened.then(() => "opened", ({ code }) => String(code)));
  }
  assert.equal(codes.filter((code) => code === "opened").length, 10);
  assert.equal(await roundTrips(witness, 20), 20);
  assert.equal(await roundTrips(client, 20), 20);
});

Deno.test("a client that has too many registrations gets no more, and keeps those that it has", async () => {
  await using daemon = new MemoryDaemon();
  const [witness, greedy] = [await daemon.connect(), await daemon.connect()];
  let registered = 0;
  let refused: string | undefined;
  for (let count = 0; count < 10_000 && refused === undefined; count++) {
    await greedy.call("connectDomainEventCallbackRegisterAny", { eventID: 0, dom: undefined }).then(
      () => registered++,
      ({ message }) => refused = message,
    );
  }
  assert.equal(registered, 1024);
  assert.match(String(refused), /no more than 1024 registrations/);
  const heard: number[] = [];
  greedy.on("domainEventCallbackLifecycle", ({ callbackID }) => void heard.push(callbackID));
  await witness.call("domainSuspend", { dom: test });
  await greedy.call("connectGetLibVersion", undefined);
  assert.equal(heard.length, 1024);
  assert.equal(await roundTrips(witness, 20), 20);
});

Deno.test("what is taken of a client is bounded before anything is made of it", async () => {
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect({ uri: null });
  const long = "x".repeat(4_194_304);
  // At the limit of texts it is understood; what is longer does not even leave our own client.
  assert.match((await errorOf(client.call("connectOpen", { name: long, flags: 0 }))).message, /./);
  await assert.rejects(client.call("connectOpen", { name: `${long}x`, flags: 0 }), {
    code: "invalid-argument",
  });
  for (const count of [0xffffffff, 16_385, 4_194_305]) {
    // A text, or a list, that says it is longer than anything may be.
    const transport = daemon.attach();
    const payload = new Uint8Array(12);
    new DataView(payload.buffer).setUint32(0, 1);
    new DataView(payload.buffer).setUint32(4, count);
    await transport.write(call(1, { payload }));
    assert.ok((await readSome(transport) ?? 0) > 28);
    await transport.close();
  }
});
