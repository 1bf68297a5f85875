import assert from "node:assert/strict";
import fc from "fast-check";
import { Glob } from "../../../runtime/permission/glob.ts";

for (
  const [pattern, text, matches] of [
    ["web-*", "web-1", true],
    ["web-*", "web-", true],
    ["web-*", "xweb-1", false],
    ["*", "a/b", false],
    ["**", "a/b", true],
    ["/srv/*", "/srv/a", true],
    ["/srv/*", "/srv/a/b", false],
    ["/srv/**", "/srv/a/b", true],
    ["/srv/**", "/srv", false],
    ["/srv/**/x", "/srv/a/b/x", true],
    ["/srv/**/x", "/srv/a/b/xy", false],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["a?c", "a😀c", true],
    ["[a-c]1", "b1", true],
    ["[!a-c]1", "b1", false],
    ["[^a-c]1", "d1", true],
    ["[!a]", "/", false],
    ["[]]", "]", true],
    ["[a-]", "-", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["Web", "web", false],
    ["a.c", "abc", false],
    ["(a|b)+", "(a|b)+", true],
    ['"a*"', "a*", true],
    ['"a*"', "ab", false],
    ['"\\u0041"', "A", true],
  ] as const
) {
  Deno.test(`${pattern} ${matches ? "matches" : "does not match"} ${text}`, () => {
    assert.equal(Glob.parse(pattern).matches(text), matches);
  });
}

Deno.test("an exact glob matches its text and reads back as itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.string({ maxLength: 5 }), (text, other) => {
      const glob = Glob.exact(text);
      assert.ok(glob.matches(text));
      assert.equal(glob.matches(text + other), other === "");
      assert.equal(Glob.parse(glob.text).exactText, text);
    }),
  );
});

Deno.test("globs match as a naive matcher does", () => {
  const pattern = fc.array(fc.constantFrom("a", "b", "/", "*", "**", "?", "[ab]", "[!a]"), {
    minLength: 1,
    maxLength: 8,
  });
  const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (tokens, characters) => {
      // Two neighbouring asterisks are one "**", as in the text.
      const merged: string[] = [];
      for (const token of tokens) {
        if (token.startsWith("*") && merged.at(-1)?.startsWith("*") === true) {
          merged[merged.length - 1] = "**";
        } else merged.push(token);
      }
      assert.equal(Glob.parse(tokens.join("")).matches(characters.join("")), naive(merged, characters));
    }),
    { numRuns: 3000 },
  );
});

function naive(tokens: readonly string[], text: readonly string[]): boolean {
  const [token, ...rest] = tokens;
  if (token === undefined) return text.length === 0;
  if (token.startsWith("*")) {
    if (naive(rest, text)) return true;
    return text.length > 0 && (token === "**" || text[0] !== "/") && naive(tokens, text.slice(1));
  }
  const [character, ...others] = text;
  if (character === undefined || !accepts(token, character)) return false;
  return naive(rest, others);
}

function accepts(token: string, character: string): boolean {
  if (token === "?") return character !== "/";
  if (token === "[ab]") return character !== "/";
  if (token === "[!a]") return character === "b";
  return token === character;
}
