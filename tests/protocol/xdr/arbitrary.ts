/**
 * Values for any description: what a description accepts, made from its shape.
 */
import fc from "fast-check";
import type { Description } from "../../../protocol/xdr/mod.ts";

/** Lists and texts are kept this short, so that nested ones stay affordable. */
const usualLength = 6;

const anyText = fc.oneof(
  fc.stringMatching(/^[a-z0-9./-]{0,12}$/),
  fc.string({ unit: "binary", maxLength: 12 }).map((text) => text.replaceAll("\0", "").toWellFormed()),
);

/** Values that `description` accepts. */
export function valuesOf(description: Description): fc.Arbitrary<unknown> {
  const { shape } = description;
  switch (shape.kind) {
    case "int":
      return fc.integer();
    case "uint":
      return fc.nat(0xffffffff);
    case "hyper":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "uhyper":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "double":
      return fc.double({ noNaN: true });
    case "bool":
      return fc.boolean();
    case "uuid":
      return fc.uuid({ version: [1, 4, 7] });
    case "nothing":
      return fc.constant(undefined);
    case "enumeration":
      return fc.constantFrom(...Object.keys(shape.names));
    case "string":
      return anyText.map((text) => fitted(text, shape.max));
    case "bytes":
    case "chars":
      return fc.uint8Array({ maxLength: Math.min(shape.max, usualLength * 2) });
    case "opaque":
    case "fixedChars":
      return fc.uint8Array({ minLength: shape.length, maxLength: shape.length });
    case "list":
      return fc.array(valuesOf(shape.of), { maxLength: Math.min(shape.max, usualLength) });
    case "fixedList":
      return fc.array(valuesOf(shape.of), { minLength: shape.length, maxLength: shape.length });
    case "optional":
      return fc.option(valuesOf(shape.of), { nil: undefined });
    case "struct":
      return fc.record(
        Object.fromEntries(Object.entries(shape.fields).map(([name, of]) => [name, valuesOf(of)])),
        { noNullPrototype: true },
      );
    case "union": {
      const known = Object.entries(shape.cases).map(([kind, of]) =>
        valuesOf(of).map((value) => ({ kind: Number(kind), value }))
      );
      const { otherwise } = shape;
      const kinds = new Set(Object.keys(shape.cases).map(Number));
      const others = otherwise === undefined ? [] : [
        fc.record({
          kind: valuesOf(shape.discriminant).filter((kind) => !kinds.has(Number(kind))),
          value: valuesOf(otherwise),
        }, { noNullPrototype: true }),
      ];
      return fc.oneof(...known, ...others);
    }
  }
}

/** As much of a text's beginning as fits into so many bytes. */
function fitted(text: string, max: number): string {
  let short = text;
  while (new TextEncoder().encode(short).length > max) short = [...short].slice(0, -1).join("");
  return short;
}
