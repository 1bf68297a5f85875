import assert from "node:assert/strict";
import { MessageQueue } from "../../runtime/sandbox/message_queue.ts";

Deno.test("what was put in is taken out in its order, also after the end", async () => {
  const queue = new MessageQueue<number>({ items: 10, bytes: 100 });
  const taken: number[] = [];
  const taking = (async () => {
    for await (const item of queue) taken.push(item);
  })();
  queue.push(1, 1);
  await Promise.resolve();
  queue.push(2, 1);
  queue.push(3, 1);
  queue.close();
  queue.push(4, 1);
  await taking;
  assert.deepEqual(taken, [1, 2, 3]);
});

for (
  const [what, bounds, bytes] of [
    ["items", { items: 2, bytes: 1000 }, 1],
    ["bytes", { items: 1000, bytes: 20 }, 10],
  ] as const
) {
  Deno.test(`a queue that is full by its ${what} has room once something is taken`, async () => {
    const queue = new MessageQueue<string>(bounds);
    queue.push("a", bytes);
    assert.equal(queue.full, false);
    queue.push("b", bytes);
    assert.equal(queue.full, true);
    let room = false;
    const waiting = queue.room().then(() => room = true);
    await Promise.resolve();
    assert.equal(room, false);
    await queue[Symbol.asyncIterator]().next();
    await waiting;
    assert.equal(queue.full, false);
  });
}

Deno.test("a queue that is unbound or closed makes nobody wait", async () => {
  for (const how of ["unbind", "close"] as const) {
    const queue = new MessageQueue<number>({ items: 1, bytes: 1 });
    queue.push(1, 1);
    const waiting = queue.room();
    queue[how]();
    await waiting;
    assert.equal(queue.full, false);
  }
});
