import assert from "node:assert/strict";
import * as fc from "fast-check";
import { formatDuration, formatSize, parseNumber, unitOf, withoutUnit } from "../../cli/units.ts";
import { kebab, title } from "../../cli/words.ts";

Deno.test("a bare number is in the field's own unit", () => {
  fc.assert(fc.property(fc.integer(), (value) => {
    assert.equal(parseNumber("memoryKib", String(value)), value);
    assert.equal(parseNumber("vcpus", String(value)), value);
  }));
});

Deno.test("sizes take decimal and binary units", () => {
  assert.equal(parseNumber("memoryKib", "2GiB"), 2 * 2 ** 20);
  assert.equal(parseNumber("memoryKib", "2G"), 2 * 2 ** 20);
  assert.equal(parseNumber("capacityBytes", "1.5 MB"), 1_500_000);
  assert.equal(parseNumber("capacityBytes", "10k"), 10_240);
});

Deno.test("a size that is no whole number of the field's unit is rounded up", () => {
  assert.equal(parseNumber("memoryKib", "1025b"), 2);
});

Deno.test("durations add their parts up", () => {
  assert.equal(parseNumber("timeoutMs", "1m30s"), 90_000);
  assert.equal(parseNumber("timeoutSeconds", "2h"), 7200);
});

Deno.test("what is no number or has a foreign unit is refused", () => {
  for (
    const [field, text] of [
      ["memoryKib", "2 parsecs"],
      ["memoryKib", ""],
      ["vcpus", "2GiB"],
      ["timeoutMs", "1GiB"],
      [
        "memoryKib",
        "1G1M",
      ],
      ["memoryKib", "G"],
      ["memoryKib", "0x10"],
    ] as const
  ) {
    assert.throws(() => parseNumber(field, text), Error, `${field} ${text}`);
  }
});

Deno.test("a field's unit is in its name, and not in its flag", () => {
  assert.equal(unitOf("memoryKib")?.label, "KiB");
  assert.equal(withoutUnit("memoryKib"), "memory");
  assert.equal(unitOf("items"), undefined);
  assert.equal(withoutUnit("ms"), "ms");
});

Deno.test("sizes and times are told in the unit that fits", () => {
  assert.equal(formatSize(512), "512 B");
  assert.equal(formatSize(2 ** 31), "2.00 GiB");
  assert.equal(formatDuration(400), "0.4s");
  assert.equal(formatDuration(59_990), "1m00s");
  assert.equal(formatDuration(185_000), "3m05s");
  assert.equal(formatDuration(7_440_000), "2h04m");
});

Deno.test("names of code become words", () => {
  assert.equal(kebab("createVolume"), "create-volume");
  assert.equal(kebab("nodeDevice"), "node-device");
  assert.equal(kebab("dumpXMLFile"), "dump-xml-file");
  assert.equal(title("maxMemory"), "Max memory");
});
