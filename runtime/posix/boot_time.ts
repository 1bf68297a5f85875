/**
 * When the host was booted, as libvirt knows it: what the host has noted in its record of logins, else what follows from how
 * long it has run (libvirt's virhostuptime.c).
 *
 * @module
 */

/** An entry of the record of logins: its size, and where the second of its time is. Source: utmp(5), glibc's utmpx.h. */
interface EntryForm {
  readonly size: number;
  readonly seconds: number;
  readonly wide: boolean;
}

const forms: Readonly<Record<typeof Deno.build.arch, EntryForm>> = {
  x86_64: { size: 384, seconds: 340, wide: false },
  aarch64: { size: 400, seconds: 344, wide: true },
};

/** The kind of the entry that a boot leaves (BOOT_TIME). */
const bootEntry = 2;

/**
 * The second of the boot in a record of logins.
 *
 * @param arch whose form the record has
 */
export function bootTimeIn(
  record: Uint8Array,
  arch: typeof Deno.build.arch = Deno.build.arch,
): number | undefined {
  const { size, seconds, wide } = forms[arch];
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  for (let at = 0; at + size <= record.length; at += size) {
    if (view.getInt16(at, true) !== bootEntry) continue;
    const time = wide ? Number(view.getBigInt64(at + seconds, true)) : view.getInt32(at + seconds, true);
    return time > 0 ? time : undefined;
  }
  return undefined;
}

/**
 * The seconds that a boot may be known by, the likeliest first, where it follows from how long the host has run.
 *
 * @param uptime the text of `/proc/uptime`
 * @param nowMs milliseconds since 1970
 * @returns nothing where the text cannot be understood
 */
export function bootTimesFrom(uptime: string, nowMs: number): readonly number[] {
  const seconds = /^(\d+(?:\.\d+)?) /.exec(uptime)?.[1];
  if (seconds === undefined) return [];
  // libvirt takes whole seconds of the present time, so that its answer is one of two, by the moment at which it asks.
  const likeliest = Math.floor(nowMs / 1000 - Number(seconds));
  return [likeliest, likeliest - 1, likeliest + 1];
}
