import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { distinguishedName } from "../../daemon/transport/distinguished_name.ts";

/** A piece of DER. */
function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const prefix = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(prefix), content]);
}

type Part = readonly [number: string, value: string, tag?: number];

/** As much of a certificate as stands before and with the name. */
function certificate(...sets: readonly (readonly Part[])[]): Uint8Array {
  const name = der(
    0x30,
    ...sets.map((parts) =>
      der(
        0x31,
        ...parts.map(([number, value, tag = 0x0c]) =>
          der(0x30, der(0x06, Buffer.from(number, "hex")), der(tag, new TextEncoder().encode(value)))
        ),
      )
    ),
  );
  const nothing = der(0x30);
  return der(
    0x30,
    der(0x30, der(0xa0, der(2, Uint8Array.of(2))), der(2, Uint8Array.of(7)), nothing, nothing, nothing, name),
  );
}

const [country, organization, common] = ["550406", "55040a", "550403"] as const;

Deno.test("a certificate's name has its parts in their order", () => {
  const shown = certificate([[country, "DE", 0x13]], [[organization, "Example"]], [[common, "alice"]]);
  assert.equal(distinguishedName(shown), "C=DE,O=Example,CN=alice");
  assert.equal(distinguishedName(certificate([[common, "a"], ["2a0304", "b"]])), "CN=a+OID.2a0304=b");
});

for (
  const [value, written] of [
    ["alice,O=Admins", "CN=alice\\,O\\=Admins"],
    ["mallory\nCN=root", "CN=mallory\\0aCN\\=root"],
    ['a+b"c\\', 'CN=a\\+b\\"c\\\\'],
    [" #x ", "CN=\\ #x\\ "],
  ] as const
) {
  Deno.test(`a common name ${JSON.stringify(value)} is one part of a name`, () => {
    assert.equal(distinguishedName(certificate([[common, value]])), written);
  });
}

Deno.test("no value of a part makes another part", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const name = distinguishedName(certificate([[organization, "Example"]], [[common, value]]));
      const unescaped = name.replace(/\\./g, "");
      assert.equal(unescaped.split(",").length, 2);
      assert.equal(unescaped.split("=").length, 3);
      assert.ok(name.startsWith("O=Example,CN="));
    }),
  );
});

Deno.test("what is no certificate is refused, whatever it is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.throws(() => distinguishedName(bytes), RangeError);
    }),
  );
});
