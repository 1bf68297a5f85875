import assert from "node:assert/strict";
import fc from "fast-check";
import { ConsoleText } from "../../dsl/console_text.ts";

const encoder = new TextEncoder();

function textOf(pieces: readonly Uint8Array[], terminal = true): string {
  const text = new ConsoleText({ terminal });
  for (const piece of pieces) text.push(piece);
  text.breakOff();
  return text.take();
}

/** The same bytes in pieces cut anywhere. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

const shown: readonly (readonly [string, string])[] = [
  ["plain\r\r\nnext", "plain\nnext"],
  ["/ # \x1b[6n", "/ # "],
  ["\x1b[1;32mgreen\x1b[0m\x1b[K \x1b(Bok", "green ok"],
  ["\x1b]0;a title\x07here\x1b]2;another\x1b\\there", "herethere"],
  ["\x1bPq#0;2;0\x1b\\after", "after"],
  ["\x1b7saved\x1b8\x1bM\x1b=\x1b>", "saved"],
  ["10%\r20%\rdone\r\n", "10%\r20%\rdone\n"],
  ["an escape\x1b\x1b0[m ends another", "an escape[m ends another"],
  ["none\x1b[\x1b[m is\x1b]0;\x1b[0m made", "none is made"],
  ["bell\x07 and \0nothing", "bell and nothing"],
  ["gr\u00fc\u00dfe \u{1f600}", "gr\u00fc\u00dfe \u{1f600}"],
];

Deno.test("a person reads the same, wherever what came was cut", () => {
  for (const [printed, read] of shown) {
    const bytes = encoder.encode(printed);
    assert.equal(textOf([bytes]), read);
    for (let at = 0; at <= bytes.length; at++) {
      assert.equal(
        textOf([bytes.slice(0, at), bytes.slice(at)]),
        read,
        `${JSON.stringify(printed)} at ${at}`,
      );
    }
  }
});

Deno.test("whatever a guest prints, pieces make no difference, and no command to a terminal is left", () => {
  const printed = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom("\x1b", "[", "]", "0", ";", "m", "\x07", "\\", "\r", "\n", "x"),
      maxLength: 60,
    })
      .map((text) => encoder.encode(text)),
  );
  fc.assert(fc.property(printed, fc.array(fc.nat(60), { maxLength: 8 }), (bytes, places) => {
    const whole = textOf([bytes]);
    assert.equal(textOf(cut(bytes, places)), whole);
    assert.doesNotMatch(whole, /\r\n/);
    // deno-lint-ignore no-control-regex -- what must not be there
    assert.doesNotMatch(whole, /\x1b\[[0-9;]*m/);
  }));
});

Deno.test("a sequence that never ends holds up a little, and not the rest", () => {
  const text = new ConsoleText({ terminal: true });
  text.push(encoder.encode(`before\x1b]0;${"x".repeat(100_000)}`));
  assert.match(text.pending, /^before/);
  assert.ok(text.pending.length > 90_000);
});

Deno.test("what nobody takes is kept within bounds", () => {
  const text = new ConsoleText({ terminal: true });
  for (let index = 0; index < 40; index++) text.push(encoder.encode(`${index} ${"y".repeat(10_000)}\n`));
  assert.ok(text.pending.length <= 256 * 1024);
  assert.ok(text.dropped > 100_000);
  assert.match(text.pending, /39 y/);
});

Deno.test("a channel's bytes are text as they are", () => {
  assert.equal(textOf([encoder.encode("a\r\n\x1b[0m")], false), "a\r\n\x1b[0m");
});

Deno.test("bytes that are no text are replaced, and text behind a gap is text again", () => {
  const text = new ConsoleText({ terminal: true });
  text.push(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82));
  text.breakOff();
  text.push(Uint8Array.of(0xac, 0x63));
  assert.equal(text.take(), "a\ufffdb\ufffd\ufffdc");
});
