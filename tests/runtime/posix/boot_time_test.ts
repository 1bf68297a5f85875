import assert from "node:assert/strict";
import { bootTimeIn, bootTimesFrom } from "../../../runtime/posix/boot_time.ts";

/** A record of logins with a login before the boot's entry. */
function record(arch: typeof Deno.build.arch, bootedAt: number): Uint8Array {
  const [size, seconds] = arch === "x86_64" ? [384, 340] : [400, 344];
  const view = new DataView(new ArrayBuffer(2 * size));
  view.setInt16(0, 7, true);
  view.setInt32(seconds, 1, true);
  view.setInt16(size, 2, true);
  view.setInt32(size + seconds, bootedAt, true);
  return new Uint8Array(view.buffer);
}

for (const arch of ["x86_64", "aarch64"] as const) {
  Deno.test(`the boot is found in a record of logins of ${arch}`, () => {
    assert.equal(bootTimeIn(record(arch, 1_700_000_000), arch), 1_700_000_000);
  });

  Deno.test(`a record of logins of ${arch} that is cut off, empty or without a boot says nothing`, () => {
    const whole = record(arch, 1_700_000_000);
    assert.equal(bootTimeIn(whole.subarray(0, -1), arch), undefined);
    assert.equal(bootTimeIn(new Uint8Array(), arch), undefined);
    assert.equal(bootTimeIn(whole.subarray(0, whole.length / 2), arch), undefined);
    assert.equal(bootTimeIn(record(arch, 0), arch), undefined);
  });
}

Deno.test("whatever libvirt comes to at whatever moment is among the times of the same boot", () => {
  // It rounds the difference of the whole seconds of the present time and the time that the host has run.
  for (let bootMs = 1_000_000; bootMs < 1_001_000; bootMs += 37) {
    const likeliest = new Map<number, number>();
    for (let upMs = 100_000; upMs < 102_000; upMs += 13) {
      const nowMs = bootMs + upMs;
      const uptime = `${(Math.floor(upMs / 10) / 100).toFixed(2)} 1.00\n`;
      const libvirts = Math.round(Math.floor(nowMs / 1000) - Number.parseFloat(uptime));
      for (const laterMs of [upMs, upMs + 12_345]) {
        const ours = bootTimesFrom(`${(Math.floor(laterMs / 10) / 100).toFixed(2)} 1.00\n`, bootMs + laterMs);
        assert.ok(ours.includes(libvirts), `${libvirts} is among ${ours}, booted at ${bootMs}`);
      }
      likeliest.set(libvirts, (likeliest.get(libvirts) ?? 0) + 1);
    }
    const most = Math.max(...likeliest.values());
    const [first = 0] = bootTimesFrom("100.00 1.00\n", bootMs + 100_000);
    assert.ok((likeliest.get(first) ?? 0) >= most * 0.9, "the one that is written is the one seen most");
  }
});

Deno.test("a text that is no uptime says nothing", () => {
  for (const text of ["", "abc 1", "-1 2", "12.5"]) assert.deepEqual(bootTimesFrom(text, 1e12), []);
});
