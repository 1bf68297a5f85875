/**
 * Calls that wait for a place when their connection ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Lanes } from "../../../drivers/remote/lanes.ts";
import { VirtError } from "../../../model/error.ts";
import type { RpcConnection } from "../../../protocol/connection.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";

/** A connection that only ever ends. */
function connection(): { readonly rpc: RpcConnection; readonly end: () => void } {
  const { promise: closed, resolve } = Promise.withResolvers<VirtError>();
  const rpc = { closed } as Partial<RpcConnection> as RpcConnection;
  return { rpc, end: () => resolve(new VirtError("unreachable", "The link broke")) };
}

Deno.test("who waits for a place on a connection that ends hears of it, and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  const lanes = new Lanes({
    clock,
    open: () => Promise.reject(new VirtError("unreachable", "Nobody listens")),
  });
  const { rpc, end } = connection();
  const own = lanes.laneOf(rpc);
  for (let index = 0; index < 5; index++) own.traffic.tryEnter("slow");
  const call = { pace: "slow", signal: new AbortController().signal, urgent: false } as const;
  const told = Array.from({ length: 3 }, async () => {
    try {
      await lanes.enter(own, call);
      return "entered";
    } catch (error) {
      assert.ok(error instanceof VirtError);
      return `${error.code}: ${error.message} ${JSON.stringify(error.detail)}`;
    }
  });
  // One still stands in the queue, and then all try again and again.
  await clock.advance(1_100);
  end();
  await settled();
  const why = 'unreachable: The link broke {"mayHaveActed":false}';
  assert.deepEqual(await Promise.all(told), [why, why, why]);
  assert.equal(clock.pending, 0);
  lanes.close();
});

Deno.test("an urgent call that is quick goes as soon as a place is free, and not at the next try", async () => {
  const clock = new VirtualClock();
  const lanes = new Lanes({
    clock,
    open: () => Promise.reject(new VirtError("unreachable", "Nobody listens")),
  });
  const { rpc, end } = connection();
  const own = lanes.laneOf(rpc);
  for (let index = 0; index < 5; index++) assert.ok(own.traffic.tryEnter("quick"));
  const call = { pace: "quick", signal: new AbortController().signal, urgent: true } as const;
  let entered = 0;
  const waiting = Array.from({ length: 2 }, async () => {
    assert.equal(await lanes.enter(own, call), own);
    entered++;
  });
  await settled();
  assert.equal(entered, 0);
  own.traffic.leave("quick");
  await settled();
  assert.equal(entered, 1, "no time has passed");
  await clock.advance(1_200);
  assert.equal(entered, 1, "there is no second place");
  own.traffic.leave("quick");
  await Promise.all(waiting);
  end();
  await settled();
  assert.equal(clock.pending, 0);
  lanes.close();
});
