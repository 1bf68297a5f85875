import assert from "node:assert/strict";
import fc from "fast-check";
import { countOf } from "../../dsl/amount.ts";
import { matchesCidr } from "../../dsl/cidr.ts";
import { duration, durationText } from "../../dsl/duration.ts";
import { placeOnStack } from "../../dsl/place.ts";
import { toPlain } from "../../dsl/plain.ts";
import { isVirtError, VirtError } from "../../mod.ts";

function refused(action: () => unknown): void {
  assert.throws(action, (error) => isVirtError(error, "invalid-argument"));
}

Deno.test("lengths of time are read with their units", () => {
  assert.deepEqual(["250ms", "30s", "2m", "1.5h", "7d", "0s"].map(duration), [
    250,
    30_000,
    120_000,
    5_400_000,
    604_800_000,
    0,
  ]);
  for (const text of ["", "2", "2 m", "-1s", "1w", "m", "1e3s", "2m30s"]) refused(() => duration(text));
  for (const ms of [-1, NaN, Infinity]) refused(() => duration(ms));
});

Deno.test("lengths of time are written for people", () => {
  assert.deepEqual([0, 250, 1_000, 90_000, 3_600_000, 90_061_000].map(durationText), [
    "0ms",
    "250ms",
    "1s",
    "1m 30s",
    "1h",
    "1d 1h 1m 1s",
  ]);
});

Deno.test("percentages are rounded down, and never to less than the least", () => {
  const count = (amount: `${number}%` | number, of: number, atLeast = 0): number =>
    countOf(amount, { of, what: "maxFail", atLeast });
  assert.deepEqual([count("25%", 10), count("10%", 9), count("10%", 9, 1), count("100%", 3), count(3, 1)], [
    2,
    0,
    1,
    3,
    3,
  ]);
  assert.equal(count("29%", 100), 29);
  for (const wrong of [-1, 1.5, NaN, "101%", "-5%", "x%"] as const) {
    refused(() => count(wrong as number, 10));
  }
  refused(() => count(0, 10, 1));
});

Deno.test("a percentage never counts more than there are", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 100 }), fc.nat(10_000), (percent, of) => {
    const count = countOf(`${percent}%`, { of, what: "batch", atLeast: 0 });
    assert.ok(count <= of && count * 100 <= percent * of && (count + 1) * 100 > percent * of);
  }));
});

Deno.test("addresses are matched by their network", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["192.168.122.0/24", "192.168.122.77", true],
    ["192.168.122.0/24", "192.168.123.77", false],
    ["10.0.0.0/8", "10.255.0.1", true],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "::1", false],
    ["192.168.122.77/32", "192.168.122.77", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fe80::/10", "2001:db8::1", false],
    ["2001:db8::/32", "2001:0db8:0:0:0:0:0:1", true],
    ["::ffff:192.168.0.0/112", "::ffff:192.168.0.9", true],
    ["::/0", "1:2:3:4:5:6:7:8", true],
    ["10.0.0.0/8", "not an address", false],
  ];
  for (const [cidr, address, expected] of cases) {
    assert.equal(matchesCidr(cidr)(address), expected, `${address} in ${cidr}`);
  }
  for (
    const wrong of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "1::2::3/8", "a/b/c", "300.0.0.0/8", ""]
  ) {
    refused(() => matchesCidr(wrong));
  }
});

Deno.test("what leaves a recipe is plain data", () => {
  const error = new VirtError("not-found", "gone");
  assert.deepEqual(
    toPlain({
      when: new Date(0),
      error,
      gone: undefined,
      list: [1, undefined],
      big: 5n,
      bytes: new Uint8Array([1]),
    }, "it"),
    {
      when: "1970-01-01T00:00:00.000Z",
      error: { code: "not-found", message: "gone" },
      list: [1, null],
      big: 5,
      bytes: new Uint8Array([1]),
    },
  );
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const wrong of [cycle, { a: [() => 1] }, new Map(), NaN, Symbol("x"), 2n ** 60n, Promise.resolve()]) {
    refused(() => toPlain(wrong, "it"));
  }
  assert.throws(() => toPlain({ a: [{ b: Symbol("x") }] }, "the input"), /the input\.a\[0\]\.b/);
});

Deno.test("whatever has a JSON form survives", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
    assert.equal(JSON.stringify(toPlain(value, "it")), JSON.stringify(value));
  }));
});

Deno.test("the place of a call is the recipe's, not ours", () => {
  const root = new URL("../../", import.meta.url).href;
  const stack = [
    "Error: x",
    `    at Session.call (${root}dsl/session.ts:10:5)`,
    `    at recipe (${root}mod.ts:1:1)`,
    "    at Array.map (<anonymous>)",
    "    at async run (file:///home/me/my%20recipe.ts:12:7)",
    "    at file:///home/me/other.ts:1:1",
  ].join("\n");
  assert.deepEqual(placeOnStack(stack), { file: "file:///home/me/my%20recipe.ts", line: 12, column: 7 });
  assert.equal(placeOnStack("Error: x"), undefined);
  assert.equal(placeOnStack(undefined), undefined);
});
