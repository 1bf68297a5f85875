/**
 * Sizes as people write them: `"2GiB"`.
 *
 * @module
 */
import { z } from "zod";

/** Bytes per unit: those of IEC, and those of SI. */
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

const sizeForm = /^(\d+(?:\.\d+)?)\s*(B|[KMGT]i?B)$/;

/** A size with its unit: `"512MiB"`, `"2GiB"`, `"1.5TB"`. */
export type SizeText = `${number}${"" | " "}${"B" | `${"K" | "M" | "G" | "T"}${"" | "i"}B`}`;

/** A size with its unit. */
export const sizeText: z.ZodType<SizeText, SizeText> = z.string().regex(
  sizeForm,
  'Expected a size with its unit, such as "2GiB"',
).max(32) as unknown as z.ZodType<SizeText, SizeText>;

/** How many bytes a size is, rounded up. */
export function bytesOf(size: SizeText): number {
  const [, amount = "0", unit = "B"] = sizeForm.exec(size) ?? [];
  return Math.ceil(Number(amount) * (unitBytes[unit] ?? 1));
}

/** How many KiB a size is, rounded up. */
export function kibOf(size: SizeText): number {
  return Math.ceil(bytesOf(size) / 1024);
}
