import assert from "node:assert/strict";
import fc from "fast-check";
import { formatCpuSet, parseCpuSet } from "../../../drivers/cpu_set.ts";
import { cpuMapLength, fromCpuMap, fromCpuMaps, toCpuMap } from "../../../drivers/remote/cpu_map.ts";

const cpus = fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 40 });

Deno.test("a set of processors is the same as text, and as bits", () => {
  fc.assert(fc.property(cpus, (numbers) => {
    const set = new Set(numbers);
    const text = formatCpuSet(set);
    assert.deepEqual(new Set(parseCpuSet(text)), set);
    assert.equal(fromCpuMap(toCpuMap(text, 301)), text);
  }));
});

Deno.test("processors that the host lacks are left out of its bits", () => {
  assert.deepEqual(toCpuMap("0-1000", 3), Uint8Array.of(0b111));
  assert.deepEqual(toCpuMap("9", 10), Uint8Array.of(0, 0b10));
  assert.equal(toCpuMap("3", 3).length, cpuMapLength(3));
});

Deno.test("what is taken out of a set goes before what was put in, and nonsense means nothing", () => {
  assert.deepEqual([...parseCpuSet("0-3,^2")], [0, 1, 3]);
  assert.deepEqual([...parseCpuSet("")], []);
  assert.deepEqual([...parseCpuSet("x,-1,4")], [4]);
});

Deno.test("several masks in one are told apart, a mask that is cut off is none", () => {
  assert.deepEqual(fromCpuMaps(Uint8Array.of(1, 2, 4), 1), ["0", "1", "2"]);
  assert.deepEqual(fromCpuMaps(Uint8Array.of(1, 0, 2), 2), ["0"]);
  assert.deepEqual(fromCpuMaps(new Uint8Array(), 0), []);
});
