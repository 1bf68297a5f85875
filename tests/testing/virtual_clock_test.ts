import assert from "node:assert/strict";
import { sleep } from "../../runtime/clock.ts";
import { settled, VirtualClock } from "../../testing/virtual_clock.ts";

Deno.test("timers go off in the order of their times, and in the order of setting at one time", async () => {
  const clock = new VirtualClock({ start: 0 });
  const order: string[] = [];
  clock.after(20, () => order.push("c"));
  clock.after(10, () => order.push("a"));
  clock.after(10, () => order.push("b"));
  await clock.advance(15);
  assert.deepEqual(order, ["a", "b"]);
  assert.equal(clock.now(), 15);
  await clock.advance(5);
  assert.deepEqual(order, ["a", "b", "c"]);
});

Deno.test("a timer that was disposed does not go off", async () => {
  const clock = new VirtualClock();
  let rang = 0;
  const timer = clock.after(10, () => rang++);
  timer[Symbol.dispose]();
  timer[Symbol.dispose]();
  await clock.advance(100);
  assert.equal(rang, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("what follows from a timer settles before the next one", async () => {
  const clock = new VirtualClock({ start: 0 });
  const seen: string[] = [];
  const sleeper = async (): Promise<void> => {
    await sleep(clock, 10);
    seen.push(`woke at ${clock.now()}`);
    await sleep(clock, 5);
    seen.push(`woke at ${clock.now()}`);
  };
  const sleeping = sleeper();
  clock.after(12, () => seen.push("between"));
  await clock.advance(100);
  await sleeping;
  assert.deepEqual(seen, ["woke at 10", "between", "woke at 15"]);
});

Deno.test("until goes as far as it takes, and says where nothing could ever wake the sleeper", async () => {
  const clock = new VirtualClock({ start: 0 });
  await clock.until(sleep(clock, 86_400_000));
  assert.equal(clock.now(), 86_400_000);
  await assert.rejects(clock.until(new Promise(() => {})), /never settles/);
});

Deno.test("chance follows from the seed", () => {
  const draw = (seed: number): readonly unknown[] => {
    const clock = new VirtualClock({ seed });
    return [clock.random(), clock.uuid(), clock.random()];
  };
  assert.deepEqual(draw(5), draw(5));
  assert.notDeepEqual(draw(5), draw(6));
  assert.match(String(draw(5)[1]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("settled waits for promises that follow from promises", async () => {
  let steps = 0;
  const chain = async (): Promise<void> => {
    for (let step = 0; step < 1000; step++) {
      await null;
      steps++;
    }
  };
  const running = chain();
  await settled();
  assert.equal(steps, 1000);
  await running;
});
