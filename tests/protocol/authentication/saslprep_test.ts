import assert from "node:assert/strict";
import { saslPrep } from "../../../protocol/authentication/saslprep.ts";
import { refused } from "../kit/refusal.ts";

Deno.test("the examples of RFC 4013 come out as it says", () => {
  assert.equal(saslPrep("I\u00ADX", "name"), "IX");
  assert.equal(saslPrep("user", "name"), "user");
  assert.equal(saslPrep("USER", "name"), "USER");
  assert.equal(saslPrep("\u00AA", "name"), "a");
  assert.equal(saslPrep("\u2168", "name"), "IX");
  refused("invalid-argument", () => saslPrep("\u0007", "name"));
  refused("invalid-argument", () => saslPrep("\u0627\u0031", "name"));
});

Deno.test("spaces become one kind, and letters one form", () => {
  assert.equal(saslPrep("a\u00A0b\u3000c", "name"), "a b c");
  assert.equal(saslPrep("zero\u200Bwidth", "name"), "zerowidth");
  assert.equal(saslPrep("p\u0061\u0308ss", "name"), "p\u00E4ss");
  assert.equal(saslPrep("\u0627\u0628", "name"), "\u0627\u0628");
  assert.equal(saslPrep("😀", "name"), "😀");
});

Deno.test("what may not be in it is refused without being repeated", () => {
  for (
    const text of [
      "",
      "\u00AD",
      "secret\u0000",
      "secret\u{E0001}",
      "secret\uE000",
      "secret\uD800",
      "secret\u0627",
    ]
  ) {
    const { message } = refused("invalid-argument", () => saslPrep(text, "password"));
    assert.match(message, /password/);
    assert.doesNotMatch(message, /secret/);
  }
});
