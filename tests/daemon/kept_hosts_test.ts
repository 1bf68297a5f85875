import assert from "node:assert/strict";
import { parseKeptHost } from "../../daemon/kept_hosts.ts";
import { dismiss, worldPaths } from "../../drivers/test/mod.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import type { RemoteDomain } from "../../protocol/procedures/mod.ts";
import { systemClock } from "../../runtime/clock.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

/** A place for daemons that come one after the other, and for the host that they keep. */
class Place implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Place> {
    return new Place(await Deno.makeTempDir({ prefix: "drover-kept-" }));
  }

  get state(): string {
    return `${this.directory}/host`;
  }

  /** @param more what the host's URI says beside, such as what goes wrong there */
  start(more = ""): Promise<RunningDaemon> {
    return RunningDaemon.start({
      directory: this.directory,
      settings: `hosts = ["test:///default=test:///default?state=${this.state}${more}"]\n`,
    });
  }

  /** Resolves when something has happened on the host, by its own record. */
  async happened(effect: string): Promise<void> {
    const { log } = worldPaths(this.state);
    using watcher = Deno.watchFs(log);
    const isThere = (): boolean => Deno.readTextFileSync(log).includes(`"effect":"${effect}"`);
    if (isThere()) return;
    for await (const _change of watcher) if (isThere()) return;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await dismiss(this.state);
    await Deno.remove(this.directory, { recursive: true });
  }
}

function connect(daemon: RunningDaemon): Promise<RpcConnection> {
  return connectRpc(parseUri(daemon.uri()), { clock: systemClock });
}

function xmlOf(name: string, memoryKib = 1024): string {
  return `<domain type='test'><name>${name}</name><memory>${memoryKib}</memory><os><type>hvm</type></os></domain>`;
}

/** Every domain with its state, by name. */
async function domainsOf(client: RpcConnection): Promise<ReadonlyMap<string, number>> {
  const { domains } = await client.call("connectListAllDomains", { needResults: 1, flags: 0 });
  const states = new Map<string, number>();
  for (const dom of domains) {
    states.set(dom.name, (await client.call("domainGetState", { dom, flags: 0 })).state);
  }
  return states;
}

const running = 1;
const shutoff = 5;

Deno.test("a host is named by its connection URI, or by the one that clients are to use for it", () => {
  const durable = "test:///default?state=/var/lib/drover/test";
  assert.deepEqual(parseKeptHost(`test:///default=${durable}`), { name: "test:///default", uri: durable });
  assert.deepEqual(parseKeptHost(durable), { name: durable, uri: durable });
  assert.throws(() => parseKeptHost("nowhere"), { code: "invalid-argument" });
});

Deno.test("what was defined and what ran is so after the daemon was started anew, and its clients name it as before", async () => {
  await using place = await Place.make();
  {
    await using daemon = await place.start();
    await using client = await connect(daemon);
    assert.equal((await client.call("connectGetUri", undefined)).uri, "test:///default");
    const { dom } = await client.call("domainDefineXml", { xml: xmlOf("web-1") });
    await client.call("domainCreate", { dom });
    await client.call("domainDefineXml", { xml: xmlOf("web-2") });
    await client.close();
    assert.equal(await daemon.stop("SIGTERM"), 0);
  }
  await using daemon = await place.start();
  await using client = await connect(daemon);
  assert.deepEqual([...await domainsOf(client)].sort(), [["test", running], ["web-1", running], [
    "web-2",
    shutoff,
  ]]);
});

Deno.test("whoever is connected when the daemon is asked to leave sees his call end and the connection close", async () => {
  await using place = await Place.make();
  await using daemon = await place.start();
  await using client = await connect(daemon);
  const defining = client.call("domainDefineXml", { xml: xmlOf("web-1") });
  await defining;
  const left = daemon.stop("SIGTERM");
  assert.equal((await client.closed).code, "unreachable");
  assert.equal(await left, 0);
});

Deno.test("killed under load, nothing that was acknowledged is lost, and nothing is left in doubt", async () => {
  await using place = await Place.make();
  const acknowledged = new Map<string, number>();
  /** Names whose last call was not answered: it may have been done. */
  const inDoubt = new Set<string>();
  {
    await using daemon = await place.start();
    /** Defines, starts and stops one domain after the other, until the connection breaks. */
    const work = async (worker: number): Promise<void> => {
      const client = await connect(daemon);
      for (let count = 0;; count++) {
        const name = `web-${worker}-${count}`;
        try {
          inDoubt.add(name);
          const { dom } = await client.call("domainDefineXml", { xml: xmlOf(name) });
          acknowledged.set(name, shutoff);
          await client.call("domainCreate", { dom });
          acknowledged.set(name, running);
          if (count % 2 === 1) {
            await client.call("domainDestroy", { dom });
            acknowledged.set(name, shutoff);
          }
          inDoubt.delete(name);
          done++;
          if (done === 24) killed.resolve();
        } catch {
          return;
        }
      }
    };
    let done = 0;
    const killed = Promise.withResolvers<void>();
    const workers = Promise.all([1, 2, 3, 4].map(work));
    await killed.promise;
    await daemon.stop("SIGKILL");
    await workers;
  }
  await using daemon = await place.start();
  assert.deepEqual(daemon.log.filter(({ level }) => level !== "info"), []);
  await using client = await connect(daemon);
  const found = await domainsOf(client);
  for (const [name, state] of acknowledged) {
    assert.ok(found.has(name), `${name} is there`);
    if (!inDoubt.has(name)) assert.equal(found.get(name), state, name);
  }
  for (const name of found.keys()) {
    assert.ok(name === "test" || acknowledged.has(name) || inDoubt.has(name), `${name} was asked for`);
  }
  // Nothing waits for anybody: whatever was under way, its object can be worked with.
  for (const [name, state] of found) {
    const { dom }: { readonly dom: RemoteDomain } = await client.call("domainLookupByName", { name });
    if (state === running) await client.call("domainDestroy", { dom });
    await client.call("domainCreate", { dom });
  }
  // And everything that happened is on the host's own record exactly once.
  const defined = Deno.readTextFileSync(worldPaths(place.state).log).split("\n")
    .filter((line) => line.includes('"domain.write-definition"')).length;
  assert.equal(defined, found.size - 1, "nothing was defined twice");
});

Deno.test("a call that was under way when the daemon was killed is found out about before anybody is let in", async () => {
  await using place = await Place.make();
  {
    await using daemon = await place.start("&fault=domain.pause:never-answer");
    const client = await connect(daemon);
    const { dom } = await client.call("domainLookupByName", { name: "test" });
    const suspending = client.call("domainSuspend", { dom });
    const lost = assert.rejects(suspending, { code: "unreachable" });
    await place.happened("domain.pause");
    await daemon.stop("SIGKILL");
    await lost;
  }
  await using daemon = await place.start();
  const messages = daemon.log.map(({ message }) => message);
  const settled = daemon.log.find(({ message }) => message === "settled what was under way");
  assert.deepEqual([settled?.["operation"], settled?.["known"]], ["domain.suspend", true]);
  assert.ok(messages.indexOf("settled what was under way") < messages.indexOf("listening"));
  await using client = await connect(daemon);
  const { dom } = await client.call("domainLookupByName", { name: "test" });
  assert.equal((await client.call("domainGetState", { dom, flags: 0 })).state, 3, "it was done, and once");
  await client.call("domainResume", { dom });
});

Deno.test("two daemons in a row, the first one killed, start what is marked once for the boot", async () => {
  await using place = await Place.make();
  const dead = await place.start();
  {
    await using client = await connect(dead);
    const { dom } = await client.call("domainDefineXml", { xml: xmlOf("web-1") });
    await client.call("domainSetAutostart", { dom, autostart: 1 });
  }
  await dead.stop("SIGKILL");
  {
    // It was marked after this boot's start had been completed.
    await using daemon = await place.start();
    await using client = await connect(daemon);
    assert.equal((await domainsOf(client)).get("web-1"), shutoff);
  }
  // As after another boot.
  await Deno.remove(`${place.directory}/state/autostart`, { recursive: true });
  await using daemon = await place.start();
  await using client = await connect(daemon);
  assert.equal((await domainsOf(client)).get("web-1"), running);
});
