import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError } from "../../../model/error.ts";
import type { TypedParameter } from "../../../protocol/procedures/mod.ts";
import { areSet, plainParameters, typedLike } from "../../../drivers/remote/parameters.ts";

const value: fc.Arbitrary<TypedParameter["value"]> = fc.oneof(
  fc.integer().map((value) => ({ kind: 1 as const, value })),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((value) => ({ kind: 2 as const, value })),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ kind: 3 as const, value })),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => ({ kind: 4 as const, value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ kind: 5 as const, value })),
  fc.constantFrom(0, 1).map((value) => ({ kind: 6 as const, value })),
  fc.string().map((value) => ({ kind: 7 as const, value })),
);

const parameters = fc.uniqueArray(fc.record({ field: fc.string({ maxLength: 20 }), value }), {
  selector: ({ field }) => field,
  maxLength: 16,
});

Deno.test("what is read can be set again as it was read, exactly", () => {
  fc.assert(fc.property(parameters, (present) => {
    const shown = plainParameters(present);
    assert.ok(areSet(present, shown));
    const again = typedLike(present, shown);
    assert.deepEqual(plainParameters(again), shown);
    for (const { field, value: { kind } } of again) {
      assert.equal(kind, present.find((each) => each.field === field)?.value.kind);
    }
  }));
});

Deno.test("numbers that JavaScript would round are text", () => {
  const [shares, quota] = [2n ** 53n, -(2n ** 60n)];
  const present: TypedParameter[] = [
    { field: "shares", value: { kind: 4, value: shares } },
    { field: "quota", value: { kind: 3, value: quota } },
  ];
  assert.deepEqual(plainParameters(present), { shares: `${shares}`, quota: `${quota}` });
});

Deno.test("a value of another kind than the far side says is refused, and so is one that does not fit", () => {
  const present: TypedParameter[] = [
    { field: "weight", value: { kind: 2, value: 1 } },
    { field: "on", value: { kind: 6, value: 1 } },
  ];
  for (
    const wanted of [{ weight: -1 }, { weight: 1.5 }, { weight: 2 ** 32 }, { weight: "much" }, { on: 1 }]
  ) {
    assert.throws(
      () => typedLike(present, wanted as Record<string, number | string>),
      (error) => isVirtError(error, "invalid-argument"),
    );
  }
});

Deno.test("a parameter that the far side did not mention is left to it to refuse", () => {
  assert.deepEqual(typedLike([], { a: 1, b: -1, c: "x", d: true }).map(({ value: { kind } }) => kind), [
    4,
    3,
    7,
    6,
  ]);
});
