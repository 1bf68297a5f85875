import assert from "node:assert/strict";
import { reread } from "../../daemon/reread.ts";
import { type DaemonSettings, defaultSettings } from "../../daemon/settings.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock } from "../../runtime/clock.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

function connect(daemon: RunningDaemon, path?: string): Promise<RpcConnection> {
  return connectRpc(parseUri(daemon.uri(path)), { clock: systemClock });
}

/** Has the settings read again, and resolves with how that ended. */
async function readAgain(
  daemon: RunningDaemon,
  settings: string,
): Promise<readonly { readonly message: string }[]> {
  const before = daemon.log.length;
  await Deno.writeTextFile(`${daemon.directory}/daemon.conf`, settings);
  Deno.kill(daemon.pid, "SIGHUP");
  return await daemon.until((log) => {
    const since = log.slice(before).filter(({ message }) => message.startsWith("settings"));
    return since.length === 0 ? undefined : since;
  });
}

Deno.test("what may change counts, what may not waits for the next start, and what is the same is neither", () => {
  const read: DaemonSettings = {
    ...defaultSettings,
    max_clients: 7,
    allowed_uris: ["test:///default"],
    tcp_port: 9,
    listen_tcp: true,
    hosts: ["test:///default"],
  };
  const { settings, changed, waiting } = reread(defaultSettings, read);
  assert.deepEqual(changed.toSorted(), ["allowed_uris", "max_clients"]);
  assert.deepEqual(waiting.toSorted(), ["hosts", "listen_tcp", "tcp_port"]);
  assert.deepEqual(settings, { ...defaultSettings, max_clients: 7, allowed_uris: ["test:///default"] });
  assert.deepEqual(reread(defaultSettings, { ...defaultSettings }), {
    settings: defaultSettings,
    changed: [],
    waiting: [],
  });
});

Deno.test("settings that are read again count for whoever comes, and leave those alone who are there", async () => {
  await using daemon = await RunningDaemon.start();
  await using there = await connect(daemon);
  const said = await readAgain(daemon, `allowed_uris = ["test:///other*"]\ntcp_port = 9\n`);
  assert.equal(said[0]?.message, "settings read again");
  await daemon.said("settings that wait for the next start");
  await assert.rejects(connect(daemon), { remoteCode: "VIR_ERR_NO_CONNECT" });
  assert.equal((await there.call("connectGetHostname", undefined)).hostname, "test-host");
  await readAgain(daemon, "");
  await using _again = await connect(daemon);
});

Deno.test("settings that are wrong, or name what cannot be read, leave everything as it was", async () => {
  await using daemon = await RunningDaemon.start({ settings: `max_clients = 2\n` });
  for (
    const wrong of [
      "max_clients = many\n",
      `access_policy = "/nowhere"\nallowed_uris = []\n`,
      "no_such_thing = 1\n",
    ]
  ) {
    const [said] = await readAgain(daemon, wrong);
    assert.equal(said?.message, "settings stay as they were", wrong);
    await using client = await connect(daemon);
    assert.equal((await client.call("connectGetHostname", undefined)).hostname, "test-host");
  }
});

Deno.test("who waits because there are too many is let in when there may be more", async () => {
  await using daemon = await RunningDaemon.start({ settings: "max_clients = 1\n" });
  await using _first = await connect(daemon);
  const second = connect(daemon);
  await readAgain(daemon, "max_clients = 2\n");
  await using _second = await second;
});
