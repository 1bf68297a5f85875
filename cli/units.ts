/**
 * Numbers with units, by the unit in a field's name: `timeoutMs` takes `2m`, `memoryKib` takes `2GiB`.
 *
 * @module
 */

/** A unit that field names end in. */
interface FieldUnit {
  readonly suffix: string;
  /** What a bare number means. */
  readonly label: string;
  /** What one of it is in the base unit of its kind: bytes or milliseconds. */
  readonly factor: number;
  readonly kind: "size" | "duration";
}

const fieldUnits: readonly FieldUnit[] = [
  { suffix: "Bytes", label: "bytes", factor: 1, kind: "size" },
  { suffix: "Kib", label: "KiB", factor: 2 ** 10, kind: "size" },
  { suffix: "Mib", label: "MiB", factor: 2 ** 20, kind: "size" },
  { suffix: "Gib", label: "GiB", factor: 2 ** 30, kind: "size" },
  { suffix: "MibPerS", label: "MiB/s", factor: 2 ** 20, kind: "size" },
  { suffix: "BytesPerS", label: "bytes/s", factor: 1, kind: "size" },
  { suffix: "Ns", label: "ns", factor: 1e-6, kind: "duration" },
  { suffix: "Ms", label: "ms", factor: 1, kind: "duration" },
  { suffix: "Seconds", label: "s", factor: 1000, kind: "duration" },
  { suffix: "S", label: "s", factor: 1000, kind: "duration" },
];

/** Suffixes that people write. Decimal and binary as libvirt's scaled integers (libvirt formatdomain, <memory>). */
const sizeFactors: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  kb: 1e3,
  k: 2 ** 10,
  kib: 2 ** 10,
  mb: 1e6,
  m: 2 ** 20,
  mib: 2 ** 20,
  gb: 1e9,
  g: 2 ** 30,
  gib: 2 ** 30,
  tb: 1e12,
  t: 2 ** 40,
  tib: 2 ** 40,
};

const durationFactors: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The unit in a field's name, if it has one. */
export function unitOf(field: string): FieldUnit | undefined {
  return fieldUnits.find(({ suffix }) => new RegExp(`[a-z0-9]${suffix}$`).test(field));
}

/** A field's name without its unit: the flag says the unit with the value. */
export function withoutUnit(field: string): string {
  const unit = unitOf(field);
  return unit === undefined ? field : field.slice(0, -unit.suffix.length);
}

/**
 * A number for a field, in the field's own unit.
 *
 * @throws {Error} where the text is not a number, or has a unit that the field does not take.
 *
 * @example
 * ```ts
 * import { parseNumber } from "./units.ts";
 * parseNumber("memoryKib", "2GiB"); // 2097152
 * parseNumber("timeoutMs", "1m30s"); // 90000
 * ```
 */
export function parseNumber(field: string, input: string): number {
  const trimmed = input.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  const unit = unitOf(field);
  if (unit === undefined) throw new Error("it is not a number");
  const factors = unit.kind === "size" ? sizeFactors : durationFactors;
  const parts = [...trimmed.matchAll(/(\d+\.?\d*|\.\d+)\s*([a-z]+)\s*/gi)];
  const read = parts.map((part) => part[0]).join("");
  const total = parts.reduce(
    (sum, [, amount, name = ""]) => sum + Number(amount) * (factors[name.toLowerCase()] ?? NaN),
    0,
  );
  if (
    parts.length === 0 || read !== trimmed || Number.isNaN(total) || unit.kind === "size" && parts.length > 1
  ) {
    throw new Error(
      `it is not a ${unit.kind}; write for instance ${unit.kind === "size" ? "512MiB" : "90s"}`,
    );
  }
  const value = total / unit.factor;
  // A size that is no whole number of the field's unit is rounded up, so that nobody gets less than they asked for.
  return Math.ceil(value - 1e-9);
}

const sizeNames = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A number of bytes for people: `2.00 GiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value >= 1024 && power < sizeNames.length - 1) {
    value /= 1024;
    power++;
  }
  return power === 0 ? `${value} B` : `${value.toFixed(2)} ${sizeNames[power] ?? ""}`;
}

/** A time span for people: `0.4s`, `12.1s`, `3m05s`, `2h04m`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor(whole / 60) % 60)}m`;
}

/** Local time to the second: `2026-03-01 14:05:09`. */
export function formatMoment(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.trunc(ms)).toZonedDateTimeISO(Temporal.Now.timeZoneId())
    .toPlainDateTime().round("second").toString().replace("T", " ");
}

/** A field's number for people, in the unit that its name says; names in `At` are moments. */
export function formatNumber(field: string, value: number): string {
  if (/[a-z]At$/.test(field)) return formatMoment(value);
  const unit = unitOf(field);
  if (unit === undefined) return String(value);
  return unit.kind === "size" ? formatSize(value * unit.factor) : formatDuration(value * unit.factor);
}
