import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import type { DriverConnection } from "../../../runtime/driver.ts";
import { connectedHosts, connectReachable } from "../../../runtime/run/hosts.ts";

/** Connects to nothing. */
function unreachable(uri: string): Promise<DriverConnection> {
  return Promise.reject(new VirtError("unreachable", `Cannot reach "${uri}": nobody answers`));
}

Deno.test("a host that a run began without stays away when it is resumed, and for the same reason", async () => {
  const hosts = [{ name: "host", uri: "test:///default" }];
  const reached = await connectReachable(["host"], { hosts, connect: unreachable });
  assert.match(reached.lost[0]?.message ?? "", /nobody answers/);
  const kept = connectedHosts(hosts, reached);
  const again = await connectReachable(["host"], {
    hosts: kept,
    connect: () => Promise.reject(new Error("it was tried again")),
  });
  assert.deepEqual(again.lost, reached.lost);
});

Deno.test("a run that died before it had tried its hosts tries them when it is resumed", async () => {
  const tried: string[] = [];
  const { lost } = await connectReachable(["host"], {
    hosts: [{ name: "host", uri: "test:///default" }],
    connect: (uri) => {
      tried.push(uri);
      return unreachable(uri);
    },
  });
  assert.deepEqual([tried, lost.length], [["test:///default"], 1]);
});

Deno.test("a host that was there when the run began must be there when it is resumed", async () => {
  const hosts = [{ name: "host", uri: "test:///default", host: "9d8c21b6-6a2f-4b2e-8d8f-1a2b3c4d5e6f" }];
  await assert.rejects(connectReachable(["host"], { hosts, connect: unreachable }), /nobody answers/);
});
