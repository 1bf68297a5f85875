import assert from "node:assert/strict";
import fc from "fast-check";
import { plainText } from "../../runtime/sandbox/plain_text.ts";

Deno.test("text without control characters is left as it is", () => {
  for (const text of ["", "plain", "ümläut 漢字 👍🏽", "tab\tand\nline", "a [31m b"]) {
    assert.equal(plainText(text), text);
  }
});

for (
  const [what, text, plain] of [
    ["colours", "\x1b[1;31mred\x1b[0m", "red"],
    ["colours in one byte", "\x9b31mred", "red"],
    ["cursor movements", "a\x1b[2J\x1b[H\x1b[3;4Hb", "ab"],
    ["titles", "\x1b]0;evil\x07title", "title"],
    ["titles with the other end", "\x1b]0;evil\x1b\\title", "title"],
    ["links", "\x1b]8;;http://evil/\x1b\\text\x1b]8;;\x1b\\", "text"],
    ["clipboards", "\x1b]52;c;ZXZpbA==\x07", ""],
    ["device control strings", "a\x1bPevil\x1b\\b", "ab"],
    ["character sets", "\x1b(0lqk", "lqk"],
    ["resets", "\x1bcnew", "new"],
    ["sequences that are cut off", "a\x1b[31", "a"],
    ["strings that are cut off", "a\x1b]0;evil", "a"],
    ["escapes within escapes", "\x1b[\x1b[31mred", "red"],
    ["backspaces and bells", "pass\b\b\b\bfail\x07", "passfail"],
    ["carriage returns that overwrite", "evil\rgood\r\nnext", "evil\ngood\nnext"],
    ["null characters", "a\0b", "ab"],
    ["text that runs backwards", "a\u202etxt.exe\u202cb\u2066c\u2069", "atxt.exebc"],
    ["line separators", "a\u2028b", "ab"],
  ] as const
) {
  Deno.test(`${what} are taken out of text`, () => {
    assert.equal(plainText(text), plain);
  });
}

Deno.test("whatever the text, nothing is left that a terminal would act on, and doing it twice changes nothing", () => {
  const pieces = fc.constantFrom(
    "\x1b",
    "[",
    "]",
    "0",
    ";",
    "m",
    "\x07",
    "\\",
    "\x9b",
    "\x9c",
    "P",
    "a",
    "\n",
    "\u202e",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: "binary" }))), (parts) => {
      const plain = plainText(parts.join(""));
      // deno-lint-ignore no-control-regex -- control characters are what is looked for
      assert.doesNotMatch(plain, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      assert.equal(plainText(plain), plain);
    }),
  );
});
