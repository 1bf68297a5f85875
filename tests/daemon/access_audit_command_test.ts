import assert from "node:assert/strict";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import { systemClock } from "../../runtime/clock.ts";
import { SqliteStore } from "../../runtime/journal/sqlite_store.ts";
import { errorOf } from "./kit/memory_daemon.ts";
import { drover, RunningDaemon } from "./kit/running_daemon.ts";

const test = { name: "test", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };

interface Entry {
  readonly principal: string;
  readonly decision: string;
  readonly operation: string;
  readonly object?: string;
  readonly from?: string;
  readonly uri?: string;
}

/** What `drover audit` prints for programs. */
async function audit(daemon: RunningDaemon, ...flags: readonly string[]): Promise<readonly Entry[]> {
  const { stdout, stderr, success } = await drover([
    ...["audit", "--state-dir", `${daemon.directory}/state`, "-o", "ndjson"],
    ...flags,
  ]);
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  return text.decode(stdout).split("\n").filter((line) => line !== "").map((line) => {
    const { kind, item }: { readonly kind: string; readonly item: Entry } = JSON.parse(line);
    assert.equal(kind, "audit");
    return item;
  });
}

Deno.test("drover audit tells who did what to which object from where, and what was refused, and looks for it", async () => {
  await using daemon = await RunningDaemon.start();
  {
    await using client = await connectRpc(parseUri(daemon.uri()), { clock: systemClock });
    await client.call("domainSuspend", { dom: test });
    await client.call("domainDestroy", { dom: test });
    const looking = parseUri(`test+unix:///default?socket=${daemon.readonlySocket}`);
    await using reader = await connectRpc(looking, { clock: systemClock });
    await errorOf(reader.call("domainCreate", { dom: test }));
  }
  const all = await audit(daemon);
  assert.deepEqual(all.map(({ decision, operation, object }) => `${decision} ${operation} ${object}`), [
    "done domain.suspend test",
    "done domain.destroy test",
    "denied domainCreate test",
  ]);
  for (const { principal, from, uri } of all) {
    assert.equal(principal, `uid:${Deno.uid()}`);
    assert.match(String(from), new RegExp(`^unix .*sock.* pid ${Deno.pid} uid ${Deno.uid()}$`));
    assert.equal(uri, "test:///default");
  }
  const operations = async (...flags: readonly string[]): Promise<readonly string[]> =>
    (await audit(daemon, ...flags)).map(({ operation }) => operation);
  assert.deepEqual(await operations("--decision", "denied"), ["domainCreate"]);
  assert.deepEqual(await operations("--operation", "domain.*"), ["domain.suspend", "domain.destroy"]);
  assert.deepEqual(await operations("-n", "1"), ["domainCreate"]);
  assert.deepEqual(await operations("--object", "web-*"), []);
  assert.deepEqual(await operations("--principal", "sasl:*"), []);
  assert.deepEqual(await operations("--until", "1h"), []);
  assert.equal((await operations("--since", "1h")).length, 3);
});

Deno.test("what a client was told is done on a host that outlives the daemon is in the log of one that was killed", async () => {
  const state = await Deno.makeTempDir();
  try {
    await using daemon = await RunningDaemon.start({
      settings: `hosts = ["test:///default=test:///default?state=${state}"]\n`,
    });
    const client = await connectRpc(parseUri(daemon.uri()), { clock: systemClock });
    await client.call("domainSuspend", { dom: test });
    await daemon.stop("SIGKILL");
    await client.close();
    const entries = await audit(daemon, "--operation", "domain.suspend");
    assert.deepEqual(entries.map(({ decision, object }) => `${decision} ${object}`), ["done test"]);
    assert.match(String(entries[0]?.from), /^unix /);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("an entry of the log is never changed", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/journal.db`;
    {
      await using store = new SqliteStore(path);
      store.addAudit({ at: 1, principal: "sasl:mallory", decision: "denied", operation: "domain.start" });
    }
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path);
    try {
      assert.throws(() => database.exec("UPDATE audit SET facts = '{}'"), /never changed/);
    } finally {
      database.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
