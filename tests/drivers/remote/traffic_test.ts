/**
 * Who may call, when the far side takes only so many calls at a time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Traffic } from "../../../drivers/remote/traffic.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";

const never = new AbortController().signal;

Deno.test("four that may take long go at a time, and a fifth that is quick", () => {
  const traffic = new Traffic(new VirtualClock());
  assert.deepEqual(Array.from({ length: 5 }, () => traffic.tryEnter("slow")), [
    true,
    true,
    true,
    true,
    false,
  ]);
  assert.equal(traffic.tryEnter("quick"), true);
  assert.equal(traffic.tryEnter("quick"), false);
  traffic.leave("quick");
  assert.equal(traffic.tryEnter("slow"), false);
  assert.equal(traffic.tryEnter("quick"), true);
});

Deno.test("who came first goes first, whatever he wants, and who has left is passed over", async () => {
  const traffic = new Traffic(new VirtualClock());
  for (let index = 0; index < 5; index++) traffic.tryEnter("quick");
  const order: string[] = [];
  const wait = (name: string, pace: "quick" | "slow", signal = never): void =>
    void traffic.enter(pace, signal).then((place) => order.push(`${name} ${place ? "in" : "away"}`));
  const leaving = new AbortController();
  wait("a", "slow");
  wait("b", "quick", leaving.signal);
  wait("c", "quick");
  wait("d", "slow");
  leaving.abort();
  for (let index = 0; index < 3; index++) {
    traffic.leave("quick");
    await settled();
  }
  assert.deepEqual(order, ["b away", "a in", "c in", "d in"]);
});

Deno.test("where nothing is answered those who wait are sent away, and later ones at once", async () => {
  const clock = new VirtualClock();
  const traffic = new Traffic(clock);
  for (let index = 0; index < 4; index++) traffic.tryEnter("slow");
  const waiting = traffic.enter("slow", never);
  await clock.advance(200);
  traffic.leave("slow");
  assert.equal(await waiting, true);
  const again = traffic.enter("slow", never);
  await clock.advance(1000);
  assert.equal(await again, false);
  assert.equal(await traffic.enter("slow", never), false);
  traffic.leave("slow");
  assert.equal(await traffic.enter("slow", never), true);
  assert.equal(clock.pending, 0);
});

Deno.test("who waits behind many quick ones is not told that nothing moves", async () => {
  const clock = new VirtualClock();
  const traffic = new Traffic(clock);
  for (let index = 0; index < 5; index++) traffic.tryEnter("quick");
  let told: boolean | undefined;
  void traffic.enter("slow", never).then((place) => told = place);
  await clock.advance(5000);
  assert.equal(told, undefined);
  traffic.leave("quick");
  await settled();
  assert.equal(told, true);
  await clock.advance(5000);
});

Deno.test("a hundred thousand who wait for places do not wait for each other's bookkeeping", async () => {
  const traffic = new Traffic(new VirtualClock());
  let entered = 0;
  const all = Array.from({ length: 100_000 }, async () => {
    if (!traffic.tryEnter("quick")) assert.ok(await traffic.enter("quick", never));
    entered++;
    await Promise.resolve();
    traffic.leave("quick");
    traffic.forget();
  });
  await Promise.all(all);
  assert.equal(entered, 100_000);
  assert.ok(traffic.idle);
});
