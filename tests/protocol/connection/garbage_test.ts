import assert from "node:assert/strict";
import type { PacketHeader } from "../../../protocol/packet.ts";
import { packetBytes } from "../kit/fake_server.ts";
import { mayHaveActed, refusal, type Stage, stage } from "./stage.ts";

const dom = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

/** Has two calls in flight as garbage comes, and gives their common fate. */
async function spoil(spoiling: (it: Stage) => Promise<void> | void): Promise<string> {
  await using it = stage();
  const calls = [it.connection.call("domainSuspend", { dom }), it.connection.call("domainResume", { dom })];
  const fates = Promise.all(calls.map(refusal));
  await spoiling(it);
  const [first, second] = await fates;
  assert.ok(first !== undefined && second !== undefined);
  for (const error of [first, second]) {
    assert.equal(error.code, "protocol");
    assert.equal(mayHaveActed(error), true);
  }
  assert.equal((await it.connection.closed).code, "protocol");
  assert.equal(it.server.link.closed, true);
  return second.message;
}

const headers: readonly [string, Partial<PacketHeader>, RegExp][] = [
  ["a reply of a program that was never called", { program: 0x12345678, serial: 99 }, /program 0x12345678/],
  ["a reply of another program to a call", { program: 0x20008087, serial: 1, procedure: 34 }, /not called/],
  ["a reply of another version", { version: 2, serial: 1, procedure: 34 }, /not called/],
  ["a reply of another procedure", { serial: 1, procedure: 35 }, /procedure 35/],
  ["a reply to no call", { serial: 77, procedure: 34 }, /call 77/],
  ["a reply that is to be continued", { serial: 1, procedure: 34, status: 2 }, /status 2/],
  ["a reply with an unknown status", { serial: 1, procedure: 34, status: 3 }, /status 3/],
  ["a reply that passes files", { serial: 1, procedure: 34, type: 5 }, /type 5/],
  ["a call by the server", { type: 0, procedure: 1 }, /type 0/],
  ["a call with files by the server", { type: 4, procedure: 1 }, /type 4/],
  ["a packet of an unknown type", { type: 7 }, /type 7/],
  ["an event that is an error", { type: 2, procedure: 318, status: 1 }, /status 1/],
  ["an event of an unknown program", { program: 1, type: 2 }, /program 0x1/],
  ["an event of another version", { version: 0, type: 2, procedure: 318 }, /version 0/],
  ["data of a stream of an unknown program", { program: 1, type: 3, status: 2 }, /program 0x1/],
  ["keepalive of another version", { program: 0x6b656570, version: 2, type: 2, procedure: 1 }, /version 2/],
  ["keepalive as a call", { program: 0x6b656570, type: 0, procedure: 1 }, /type 0/],
];

for (const [what, header, message] of headers) {
  Deno.test(`${what} ends the connection with all calls in flight`, async () => {
    const said = await spoil(async ({ server }) => {
      await server.next();
      await server.next();
      server.send(header);
    });
    assert.match(said, message);
    assert.match(said, /domainResume.*fake.*does not keep to the protocol/);
  });
}

for (const length of [0, 3, 4, 27, 33_554_437, 0x7fffffff, 0xffffffff]) {
  Deno.test(`a packet of ${length} bytes ends the connection with all calls in flight`, async () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setUint32(0, length);
    const said = await spoil(async ({ server }) => {
      await server.next();
      server.link.push(bytes);
    });
    assert.match(said, new RegExp(`packet of ${length} bytes`));
  });
}

Deno.test("what came before garbage counts", async () => {
  await using it = stage();
  const good = it.connection.call("connectGetLibVersion", undefined);
  const bad = it.connection.call("domainSuspend", { dom });
  const received = await it.server.next();
  const answer = packetBytes({ ...received.header, type: 1 }, new Uint8Array(8));
  it.server.link.push(new Uint8Array([...answer, ...new Uint8Array(28)]));
  assert.deepEqual(await good, { libVer: 0n });
  assert.equal((await refusal(bad)).code, "protocol");
});

Deno.test("what comes after garbage does not count", async () => {
  await using it = stage();
  const call = it.connection.call("connectGetLibVersion", undefined);
  const received = await it.server.next();
  const answer = packetBytes({ ...received.header, type: 1 }, new Uint8Array(8));
  it.server.link.push(new Uint8Array([...new Uint8Array(28), ...answer]));
  assert.equal((await refusal(call)).code, "protocol");
});

Deno.test("a transport that says it read more than there was room for is not believed", async () => {
  await using it = stage();
  const call = it.connection.call("domainSuspend", { dom });
  await it.server.next();
  const { transport } = it.server;
  const read = transport.read;
  transport.read = async (into) => {
    await read(into);
    return into.length + 1;
  };
  it.server.ping();
  it.server.ping();
  const error = await refusal(call);
  assert.equal(error.code, "unreachable");
  assert.match(error.message, /cannot read from it/);
});
