import assert from "node:assert/strict";
import fc from "fast-check";
import { headBytes, imageFacts } from "../../../automation/image/header.ts";
import { isVirtError } from "../../../model/error.ts";
import { type Qcow2Fields, qcow2Picture } from "./pictures.ts";

function factsOf(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof imageFacts> {
  return imageFacts({ name: '"x"', head: bytes.slice(0, headBytes), bytes: bytes.length });
}

function refusal(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return `taken as ${factsOf(bytes).format}`;
  } catch (error) {
    assert.ok(isVirtError(error, "invalid-argument"), String(error));
    return error.message;
  }
}

Deno.test("an image says what it is", () => {
  assert.deepEqual(factsOf(qcow2Picture({ size: 5n * 1024n ** 3n })), {
    format: "qcow2",
    capacityBytes: 5 * 1024 ** 3,
  });
  assert.deepEqual(factsOf(qcow2Picture({ version: 2 })), { format: "qcow2", capacityBytes: 1024 ** 3 });
  assert.deepEqual(factsOf(new Uint8Array(5000)), { format: "raw", capacityBytes: 5000 });
  // Lazy reference counts, and the name of a compression, are nothing to fear.
  assert.equal(
    factsOf(qcow2Picture({ incompatible: 9n, extensions: [[0x6803f857, "features"]] })).format,
    "qcow2",
  );
});

Deno.test("what would lead to other files of the host, or is no whole image, is refused", () => {
  const refused: readonly (readonly [Qcow2Fields, RegExp])[] = [
    [{ backingOffset: 200n }, /names a backing file/],
    [{ version: 2, backingOffset: 1n }, /names a backing file/],
    [{ incompatible: 4n }, /keeps its data in another file/],
    [{ extensions: [[0x6803f857, "x"], [0x44415441, "/etc/shadow"]] }, /names a file for its data/],
    [{ incompatible: 2n }, /marked as corrupt/],
    [{ incompatible: 1n << 40n }, /features of qcow2 that are not known: 0x10000000000/],
    [{ version: 1 }, /version 1 of qcow2/],
    [{ version: 9 }, /version 9 of qcow2/],
    [{ crypt: 2 }, /encrypted/],
    [{ clusterBits: 40 }, /clusters have 2\^40 bytes/],
    [{ size: 2n ** 63n }, /says that its disk has 9223372036854775808 bytes/],
    [{ bytes: 5000 }, /cut off/],
  ];
  for (const [fields, why] of refused) assert.match(refusal(qcow2Picture(fields)), why);
  assert.match(refusal(new Uint8Array()), /it is empty/);
  assert.match(refusal(qcow2Picture().slice(0, 90)), /header is cut off/);
});

Deno.test("other formats and compressions are refused by their name", () => {
  const beginning = (text: string, at = 0): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(4096);
    Array.from(text).forEach((character, index) => bytes[at + index] = character.charCodeAt(0));
    return bytes;
  };
  const known: readonly (readonly [Uint8Array<ArrayBuffer>, RegExp])[] = [
    [beginning("\xfd7zXZ\0"), /compressed by xz/],
    [beginning("\x28\xb5\x2f\xfd"), /compressed by zstd/],
    [beginning("KDMV"), /a VMDK image/],
    [beginning("# Disk DescriptorFile\n"), /a VMDK descriptor, which names other files/],
    [beginning("\x7f\x10\xda\xbe", 64), /a VDI image/],
    [beginning("vhdxfile"), /a VHDX image/],
    [beginning("QED\0"), /a QED image/],
    [beginning("LUKS\xba\xbe"), /encrypted by LUKS/],
    [beginning("ustar", 257), /a tar archive/],
  ];
  for (const [bytes, why] of known) assert.match(refusal(bytes), why);
});

Deno.test("whatever stands in a header, it is taken whole or refused", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 400 });
  fc.assert(fc.property(bytes, fc.boolean(), (noise, isQcow2) => {
    const start = isQcow2 ? qcow2Picture({ bytes: 70_000 }) : new Uint8Array(70_000);
    start.set(noise, isQcow2 ? 8 : 0);
    try {
      const { capacityBytes } = factsOf(start);
      assert.ok(Number.isSafeInteger(capacityBytes) && capacityBytes >= 0);
    } catch (error) {
      assert.ok(isVirtError(error, "invalid-argument"), String(error));
    }
  }));
});
