import assert from "node:assert/strict";
import { failure } from "../../dsl/failure.ts";
import { VirtError } from "../../mod.ts";

Deno.test("an uncaught error says what led to it", () => {
  const missing = new VirtError("not-found", 'Cannot find domain "web-9": it does not exist');
  const outer = new Error("no backup", { cause: new TypeError("bad", { cause: missing }) });
  const { code, message, cause } = failure(outer);
  assert.deepEqual({ code, message, cause }, {
    code: "recipe-failed",
    message: "no backup",
    cause: `TypeError: bad\n${missing.message}`,
  });
  assert.equal(failure(new VirtError("operation-failed", "x", { cause: "disk full" })).cause, "disk full");
  assert.equal(failure(missing).cause, undefined);
});

Deno.test("of several errors in one, all are told", () => {
  const both = new SuppressedError(new Error("no way back"), new Error("the work failed"), "Both");
  assert.equal(failure(both).cause, "no way back\nthe work failed");
  const all = new AggregateError([new Error("a"), "b"], "All failed");
  assert.equal(failure(all).cause, 'a\n"b"');
});

Deno.test("a chain of causes without end is cut", () => {
  const circle = new Error("round and round");
  circle.cause = circle;
  assert.equal(failure(circle).cause?.split("\n").length, 4);
});

Deno.test("errors without words are told by their names", () => {
  assert.equal(failure(new Error("")).message, "Error: ");
  assert.equal(failure(new RangeError("r")).message, "RangeError: r");
  assert.equal(failure(undefined).message, "The recipe threw undefined");
});
