/**
 * Names that machines give: UUIDs and hardware addresses.
 *
 * @module
 */
import { z } from "zod";
import type { Scalar } from "./scalar.ts";

const uuidText = /^\s*(?:-*[0-9a-fA-F]{2}){16}\s*$/;
const macText = /^[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}$/;

/**
 * A UUID. libvirt checks neither version nor variant and takes it with or without hyphens; written in lower case
 * with the usual four.
 */
export function uuid(): Scalar<string> {
  return {
    kind: "scalar",
    expected: "a UUID",
    read: (text) => uuidText.test(text) ? canonicalUuid(text) : undefined,
    write: (value) => value,
    schema: () => z.string().regex(uuidText, "Expected a UUID"),
  };
}

/** The 36 characters in which a UUID is compared and written. */
export function canonicalUuid(text: string): string {
  const digits = text.replace(/[\s-]/g, "").toLowerCase();
  return [0, 8, 12, 16, 20].map((start, i) => digits.slice(start, [8, 12, 16, 20, 32][i])).join("-");
}

/** A hardware address of six bytes; one digit per byte is enough to be read, two in lower case are written. */
export function mac(): Scalar<string> {
  return {
    kind: "scalar",
    expected: 'a hardware address such as "52:54:00:12:34:56"',
    read: (text) =>
      macText.test(text)
        ? text.toLowerCase().split(":").map((byte) => byte.padStart(2, "0")).join(":")
        : undefined,
    write: (value) => value,
    schema: () => z.string().regex(macText, "Expected a hardware address"),
  };
}
