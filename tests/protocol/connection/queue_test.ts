import assert from "node:assert/strict";
import fc from "fast-check";
import { type Place, Queue } from "../../../protocol/queue.ts";

Deno.test("a queue is served in order, and whoever leaves is gone, whatever comes in whatever order", () => {
  const step = fc.oneof(
    fc.constant("push" as const),
    fc.constant("shift" as const),
    fc.constant("clear" as const),
    fc.nat(30),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const queue = new Queue<number>();
    let model: number[] = [];
    const places: Place<number>[] = [];
    for (const each of steps) {
      if (each === "push") {
        model.push(places.length);
        places.push(queue.push(places.length));
      } else if (each === "shift") {
        assert.equal(queue.shift(), model.shift());
      } else if (each === "clear") {
        assert.deepEqual(queue.clear(), model);
        model = [];
      } else if (each < places.length) {
        const waits = model.includes(each);
        model = model.filter((item) => item !== each);
        assert.equal(queue.leave(places[each]!), waits);
      }
      assert.equal(queue.size, model.length);
      assert.equal(queue.first, model[0]);
    }
    assert.deepEqual(queue.clear(), model);
  }));
});
