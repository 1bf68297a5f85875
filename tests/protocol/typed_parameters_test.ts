import assert from "node:assert/strict";
import fc from "fast-check";
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import {
  fromTypedParameters,
  type ParameterKind,
  parameterKinds,
  parameterValues,
  toTypedParameters,
} from "../../protocol/typed_parameters.ts";

const arbitraries = {
  int: fc.integer(),
  uint: fc.nat(0xffffffff),
  llong: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ullong: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  double: fc.double(),
  boolean: fc.boolean(),
  string: fc.string({ unit: "binary" }),
} as const satisfies Record<ParameterKind, fc.Arbitrary<unknown>>;

Deno.test("what becomes parameters comes back from them exactly, whatever its name and kind", () => {
  const kinds = Object.keys(parameterKinds) as ParameterKind[];
  const entry = fc.constantFrom(...kinds).chain((kind) =>
    fc.record({
      name: fc.oneof(fc.string(), fc.constant("__proto__")),
      kind: fc.constant(kind),
      value: arbitraries[kind],
    })
  );
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 9 }), (entries) => {
      const values = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
      const parameters = toTypedParameters(
        values,
        Object.fromEntries(entries.map(({ name, kind }) => [name, kind])),
      );
      assert.deepEqual(
        parameters.map(({ field, value }) => [field, value.kind]),
        Object.keys(values).map((name) => {
          const kind = entries.find((one) => one.name === name)?.kind;
          return [name, kind === undefined ? undefined : parameterKinds[kind]];
        }),
      );
      assert.deepEqual(fromTypedParameters(parameters), values);
    }),
  );
});

Deno.test("numbers of 64 bits are bigint, so that none is rounded", () => {
  const parameters: TypedParameter[] = [
    { field: "hard_limit", value: { kind: 4, value: 9007199254740993n } },
    { field: "vcpu_quota", value: { kind: 3, value: -1n } },
  ];
  assert.deepEqual(fromTypedParameters(parameters), { hard_limit: 9007199254740993n, vcpu_quota: -1n });
  assert.deepEqual(
    toTypedParameters({ hard_limit: 1024, vcpu_quota: -1n }, { hard_limit: "ullong", vcpu_quota: "llong" }),
    [{ field: "hard_limit", value: { kind: 4, value: 1024n } }, {
      field: "vcpu_quota",
      value: { kind: 3, value: -1n },
    }],
  );
});

Deno.test("a truth value that is another number than 1 is true", () => {
  assert.deepEqual(fromTypedParameters([{ field: "a", value: { kind: 6, value: -1 } }]), { a: true });
});

Deno.test("of a name that occurs twice the first counts, and all can be had", () => {
  const parameters = toTypedParameters({ migrate_disks: ["vda", "vdb"] }, { migrate_disks: "string" });
  assert.deepEqual(parameters.map(({ value }) => value.value), ["vda", "vdb"]);
  assert.deepEqual(fromTypedParameters(parameters), { migrate_disks: "vda" });
  assert.deepEqual(parameterValues(parameters, "migrate_disks"), ["vda", "vdb"]);
  assert.deepEqual(parameterValues(parameters, "bandwidth"), []);
});

Deno.test("what is undefined is not sent", () => {
  assert.deepEqual(toTypedParameters({ a: undefined, b: 1 }, { b: "int" }), [{
    field: "b",
    value: { kind: 1, value: 1 },
  }]);
});

const unfit: readonly (readonly [string, ParameterKind, number | bigint | boolean | string])[] = [
  ["a fraction", "int", 0.5],
  ["33 bits", "int", 2 ** 31],
  ["33 bits as bigint", "int", 2n ** 31n],
  ["a sign", "uint", -1],
  ["33 bits without a sign", "uint", 2 ** 32],
  ["a rounded number", "ullong", 2 ** 53],
  ["a sign in 64 bits", "ullong", -1],
  ["65 bits", "ullong", 2n ** 64n],
  ["65 bits with a sign", "llong", 2n ** 63n],
  ["a text", "int", "1"],
  ["a text in 64 bits", "llong", "1"],
  ["true", "llong", true],
  ["a bigint", "double", 1n],
  ["a number as a truth value", "boolean", 1],
  ["a number as text", "string", 1],
];

for (const [what, kind, value] of unfit) {
  Deno.test(`${what} is refused for ${kind}`, () => {
    assert.throws(() => toTypedParameters({ limit: value }, { limit: kind }), {
      code: "invalid-argument",
      message: /^Cannot send parameter "limit": /,
    });
  });
}

Deno.test("a parameter that there is not is refused", () => {
  for (const name of ["hard_limits", "toString", "__proto__"]) {
    assert.throws(() => toTypedParameters({ [name]: 1 }, { hard_limit: "ullong" }), {
      code: "invalid-argument",
    });
  }
});

Deno.test("a text that is no number is not shown in the error, as it may be a secret", () => {
  assert.throws(
    () => toTypedParameters({ limit: "swordfish" }, { limit: "int" }),
    (error) => error instanceof Error && !error.message.includes("swordfish"),
  );
});
