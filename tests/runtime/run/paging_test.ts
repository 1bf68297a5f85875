import assert from "node:assert/strict";
import fc from "fast-check";
import { channelLimits, type ToRecipe } from "../../../model/channel.ts";
import { encodeFrame } from "../../../model/frame.ts";
import { messagesOf } from "../../../runtime/run/paging.ts";

const frame = { maxBytes: channelLimits.frameBytes };

function answer(value: unknown): readonly ToRecipe[] {
  return messagesOf({ t: "answer", step: 3, value, lease: "l", now: 1 });
}

function joined(messages: readonly ToRecipe[]): unknown[] {
  return messages.flatMap((message) => {
    if (message.t === "page") return [...message.items];
    assert.ok(message.t === "answer" && Array.isArray(message.value));
    return message.value;
  });
}

Deno.test("a list comes in pages, and its answer holds the rest", () => {
  const items = Array.from({ length: 1201 }, (_, index) => ({ index }));
  const messages = answer(items);
  assert.deepEqual(messages.map(({ t }) => t), ["page", "page", "answer"]);
  assert.deepEqual(joined(messages), items);
  const last = messages.at(-1);
  assert.ok(last?.t === "answer");
  assert.equal(last.lease, "l");
});

Deno.test("every message of a list fits into a frame, whatever is in it", () => {
  const item = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.integer({ min: 1, max: 400_000 }).map((length) => "€".repeat(length)),
    fc.integer({ min: 1, max: 150_000 }).map((length) => "\u0001".repeat(length)),
    fc.uint8Array({ maxLength: 50 }),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const messages = answer(items);
      for (const message of messages) encodeFrame(message, frame);
      if (messages.at(-1)?.t === "answer") assert.deepEqual(joined(messages), items);
    }),
    { numRuns: 50 },
  );
});

Deno.test("what is too large for a message is refused, not cut", () => {
  for (const value of ["x".repeat(channelLimits.frameBytes), ["x".repeat(channelLimits.frameBytes)]]) {
    const [message] = answer(value);
    assert.ok(message?.t === "refused");
    assert.equal(message.error.code, "budget-exceeded");
  }
});

Deno.test("an empty list is an answer", () => {
  assert.deepEqual(answer([]).map(({ t }) => t), ["answer"]);
});
