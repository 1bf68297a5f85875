/**
 * Clients that use up what there is only so much of, at a daemon in a process of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock } from "../../runtime/clock.ts";
import { cannotMakeCertificates, CertificateFolder } from "../protocol/kit/certificates.ts";
import { attack } from "./fuzz/attack.ts";
import { RunningDaemon } from "./kit/running_daemon.ts";

function connect(daemon: RunningDaemon): Promise<RpcConnection> {
  return connectRpc(parseUri(daemon.uri()), { clock: systemClock });
}

async function roundTrips(client: RpcConnection, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await client.call("connectGetLibVersion", undefined);
}

/** Resolves when the other side has hung up. */
async function hungUp(connection: Deno.Conn): Promise<void> {
  while (await connection.read(new Uint8Array(1024)).catch(() => null) !== null);
}

Deno.test("hostile clients from seeds neither end a daemon nor keep others from being served", async () => {
  await using daemon = await RunningDaemon.start();
  await using witness = await connect(daemon);
  const { strikes, answers, served, failure } = await attack({ daemon, witness, seed: 7, count: 150 });
  assert.equal(failure, undefined, String(failure?.error));
  assert.equal(strikes, 150);
  assert.ok(answers > 300 && served > 10, `${answers} answers, ${served} served`);
  assert.equal(await daemon.stop(), 0);
});

Deno.test("as many clients are served as the settings say, the next ones wait, and more are turned away", async () => {
  await using daemon = await RunningDaemon.start({ settings: "max_clients = 3\nmax_queued_clients = 2\n" });
  const path = daemon.socket;
  const open = (): Promise<Deno.Conn> => Deno.connect({ transport: "unix", path });
  await using witness = await connect(daemon);
  const held = [await open(), await open()];
  const waiting = [await open(), await open()];
  // Those who wait are not told; the one who is too many is.
  const turnedAway = await open();
  await hungUp(turnedAway);
  turnedAway.close();
  await roundTrips(witness, 20);
  for (const connection of held) connection.close();
  await daemon.said("client left");
  for (const connection of waiting) connection.close();
  await roundTrips(witness, 20);
  await using next = await connect(daemon);
  await roundTrips(next, 1);
});

Deno.test("four hundred clients that connect and say nothing are in nobody's way", async () => {
  await using daemon = await RunningDaemon.start();
  await using witness = await connect(daemon);
  const silent: Deno.Conn[] = [];
  for (let count = 0; count < 400; count++) {
    silent.push(await Deno.connect({ transport: "unix", path: daemon.socket }));
  }
  await roundTrips(witness, 50);
  await using late = await connect(daemon);
  await roundTrips(late, 10);
  for (const connection of silent) connection.close();
  await roundTrips(witness, 10);
});

const missing = cannotMakeCertificates();

Deno.test({
  name: `handshakes that are begun and not finished keep nobody out${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using folder = await CertificateFolder.make();
    await folder.authority("ca");
    await folder.certificate("server", { by: "ca", names: "IP:127.0.0.1" });
    await folder.certificate("client", { by: "ca" });
    const settings = [
      "max_queued_clients = 5",
      `ca_file = "${folder.path}/ca.pem"`,
      `cert_file = "${folder.path}/server.pem"`,
      `key_file = "${folder.path}/server.key"`,
    ].join("\n");
    await using daemon = await RunningDaemon.start({ settings, args: ["--listen", "tls:127.0.0.1:0"] });
    const { listening } = await daemon.said("ready");
    const port = Number(/tls:127\.0\.0\.1:(\d+)/.exec(String(listening))?.[1]);
    const begun: Deno.Conn[] = [];
    for (let count = 0; count < 20; count++) begun.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    // The oldest have given way to those behind them.
    await Promise.all(begun.slice(0, 15).map(hungUp));
    await using witness = await connect(daemon);
    await roundTrips(witness, 20);
    for (const connection of begun) connection.close();
  },
});
