import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../../model/error.ts";
import { decode, encode, type Xdr } from "../../../protocol/xdr/mod.ts";
import { valuesOf } from "../xdr/arbitrary.ts";
import { assertOnlyProtocolErrors } from "../xdr/hostile.ts";
import { descriptions, partsOf } from "./descriptions.ts";

Deno.test("what any row writes is read again", async (test) => {
  for (const { name, description } of descriptions) {
    await test.step(name, () => {
      fc.assert(
        fc.property(valuesOf(description), (value) => {
          const message = encode(description, value);
          assert.deepEqual(decode(description, message), value);
        }),
        { numRuns: 12 },
      );
    });
  }
});

Deno.test("random and damaged messages are read or refused by any row, never worse", async (test) => {
  for (const { name, description } of descriptions) {
    await test.step(name, () => assertOnlyProtocolErrors(description, { runs: 15 }));
  }
});

Deno.test("every limit holds to both sides", () => {
  const limited = new Map<string, Xdr<unknown>>();
  for (const part of descriptions.flatMap(({ description }) => partsOf(description))) {
    if ("max" in part.shape) {
      const { kind, max } = part.shape;
      limited.set(`${kind} ${max} ${"of" in part.shape ? part.shape.of.shape.kind : ""}`, part);
    }
  }
  assert(limited.size >= 20, `${limited.size} limits`);
  for (const [name, part] of limited) assertLimited(name, part);
});

/** A value at the limit passes both ways; one more is neither written nor read. */
function assertLimited(name: string, description: Xdr<unknown>): void {
  const { shape } = description;
  assert("max" in shape);
  const at = valueOfSize(description, shape.max);
  const message = encode(description, at);
  assert.equal(sizeOf(decode(description, message)), shape.max, name);
  refuses(() => encode(description, valueOfSize(description, shape.max + 1)), name);
  const longer = new Uint8Array(message.length + 1024);
  longer.set(message);
  new DataView(longer.buffer).setUint32(0, shape.max + 1);
  refuses(() => decode(description, longer), name);
}

function valueOfSize({ shape }: Xdr<unknown>, size: number): unknown {
  switch (shape.kind) {
    case "string":
      return "x".repeat(size);
    case "bytes":
    case "chars":
      return new Uint8Array(size);
    case "list": {
      const item = fc.sample(valuesOf(shape.of), { numRuns: 1, seed: 7 })[0];
      return new Array(size).fill(item);
    }
    default:
      throw new Error(`A ${shape.kind} has no size`);
  }
}

function sizeOf(value: unknown): number {
  assert(typeof value === "string" || value instanceof Uint8Array || Array.isArray(value));
  return value.length;
}

function refuses(act: () => unknown, name: string): void {
  assert.throws(act, (error) => error instanceof VirtError && error.code === "protocol", name);
}
