// What is counted here is answers: how long they take is for the benchmarks.
import assert from "node:assert/strict";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock } from "../../runtime/clock.ts";
import { MemoryDaemon } from "./kit/memory_daemon.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

const idleClients = 1_000;
const busyClients = 200;
const callsOfEach = 50;

function connect(daemon: RunningDaemon): Promise<RpcConnection> {
  return connectRpc(parseUri(daemon.uri()), { clock: systemClock });
}

/** So many clients, a few of them connecting at a time, as many as may wait in the system's queue. */
async function connectMany(daemon: RunningDaemon, count: number): Promise<readonly RpcConnection[]> {
  const clients: RpcConnection[] = [];
  while (clients.length < count) {
    const some = Math.min(50, count - clients.length);
    clients.push(...await Promise.all(Array.from({ length: some }, () => connect(daemon))));
  }
  return clients;
}

/** What a client is told while it asks as fast as it may: names of what it looks up by UUID. */
async function ask(client: RpcConnection): Promise<number> {
  const uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
  const answers = await Promise.all(
    Array.from({ length: callsOfEach }, () => client.call("domainLookupByUuid", { uuid })),
  );
  return answers.filter(({ dom }) => dom.name === "test").length;
}

Deno.test(`${idleClients} idle clients and ${busyClients} busy ones are all answered`, async () => {
  await using daemon = await RunningDaemon.start();
  const idle = await connectMany(daemon, idleClients);
  const busy = await connectMany(daemon, busyClients);
  const answered = await Promise.all(busy.map(ask));
  assert.deepEqual(answered, busy.map(() => callsOfEach));
  const late = await Promise.all(idle.map((client) => client.call("connectGetType", undefined)));
  assert.deepEqual(new Set(late.map(({ type }) => type)).size, 1);
  assert.equal(late.length, idleClients);
  await Promise.all([...idle, ...busy].map((client) => client.close()));
});

Deno.test("no more clients are served than may be, and who waits is served when one has left", async () => {
  await using daemon = await RunningDaemon.start({
    settings: "max_clients = 3\nmax_anonymous_clients = 3\n",
  });
  const served = await connectMany(daemon, 3);
  let isIn = false;
  const waiting = connect(daemon).then((client) => {
    isIn = true;
    return client;
  });
  // Whoever is served is answered, as often as it likes.
  for (const client of served) assert.equal(await ask(client), callsOfEach);
  assert.equal(isIn, false);
  await served[0]?.close();
  const last = await waiting;
  assert.equal(await ask(last), callsOfEach);
  await Promise.all([...served.slice(1), last].map((client) => client.close()));
});

Deno.test("ten thousand domains are listed, counted, and found by name", async () => {
  const count = 10_000;
  await using daemon = new MemoryDaemon();
  const client = await daemon.connect();
  const xml = (index: number): string =>
    `<domain type='test'><name>many-${index}</name><memory>1024</memory><os><type>hvm</type></os></domain>`;
  for (let index = 0; index < count; index += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, more) => client.call("domainDefineXml", { xml: xml(index + more) })),
    );
  }
  const { domains, ret } = await client.call("connectListAllDomains", { needResults: 1, flags: 0 });
  assert.equal(ret, count + 1);
  assert.equal(new Set(domains.map(({ uuid }) => uuid)).size, count + 1);
  assert.equal((await client.call("connectListAllDomains", { needResults: 1, flags: 1 })).ret, 1);
  assert.equal((await client.call("connectNumOfDefinedDomains", undefined)).num, count);
  const { dom } = await client.call("domainLookupByName", { name: `many-${count - 1}` });
  assert.equal(dom.name, `many-${count - 1}`);
});
