import assert from "node:assert/strict";
import { isVirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

// A daemon that takes two calls of a client at a time, and takes it for dead after two seconds of silence.
const { test } = realTests({
  daemonConfig: ["max_client_requests = 2", "keepalive_interval = 1", "keepalive_count = 1"],
});

/** Two calls for which the daemon needs three seconds each: it asks an emulator that takes its time. */
async function makeSlowCalls(host: RealHost, connection: RpcConnection): Promise<unknown[]> {
  const emulator = await host.file("slow-emulator", "#!/bin/sh\nsleep 3\nexit 1\n");
  await Deno.chmod(emulator, 0o755);
  const args = {
    emulatorbin: emulator,
    arch: undefined,
    machine: undefined,
    virttype: undefined,
    flags: 0,
  };
  const outcomes = await Promise.allSettled(
    [1, 2].map(() => connection.call("connectGetDomainCapabilities", args)),
  );
  return outcomes.map((outcome) => outcome.status === "rejected" ? outcome.reason : undefined);
}

test("calls that take longer than the daemon's patience with a silent client do not cost the connection", async (host) => {
  await using connection = await connectRpc(parseUri(host.uri()), { clock: systemClock, maxOutstanding: 2 });
  const slow = makeSlowCalls(host, connection);
  await connection.call("connectGetLibVersion", undefined);
  for (const error of await slow) {
    assert.ok(isVirtError(error) && error.remoteCode !== undefined, `${error}`);
  }
  await connection.call("connectGetLibVersion", undefined);
});

test("as many such calls at a time as the daemon takes would cost it", async (host) => {
  await using connection = await connectRpc(parseUri(host.uri()), { clock: systemClock, maxOutstanding: 3 });
  for (const error of await makeSlowCalls(host, connection)) {
    assert.ok(isVirtError(error, "unreachable"), `${error}`);
  }
});
