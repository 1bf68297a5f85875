/**
 * Descriptions of single values: numbers, truth values, text, bytes, identifiers.
 *
 * @module
 */
import type { Xdr } from "./description.ts";

/** A signed 32-bit integer. */
export const int: Xdr<number> = {
  shape: { kind: "int" },
  least: 4,
  write(writer, value): void {
    writer.int(value);
  },
  read(reader): number {
    return reader.int();
  },
};

/** An unsigned 32-bit integer. */
export const uint: Xdr<number> = {
  shape: { kind: "uint" },
  least: 4,
  write(writer, value): void {
    writer.uint(value);
  },
  read(reader): number {
    return reader.uint();
  },
};

/** A signed 64-bit integer. */
export const hyper: Xdr<bigint> = {
  shape: { kind: "hyper" },
  least: 8,
  write(writer, value): void {
    writer.hyper(value);
  },
  read(reader): bigint {
    return reader.hyper();
  },
};

/** An unsigned 64-bit integer. */
export const uhyper: Xdr<bigint> = {
  shape: { kind: "uhyper" },
  least: 8,
  write(writer, value): void {
    writer.uhyper(value);
  },
  read(reader): bigint {
    return reader.uhyper();
  },
};

/** A 64-bit IEEE 754 number. Which of the many not-a-numbers it was is not kept. */
export const double: Xdr<number> = {
  shape: { kind: "double" },
  least: 8,
  write(writer, value): void {
    writer.double(value);
  },
  read(reader): number {
    return reader.double();
  },
};

/** A truth value. */
export const bool: Xdr<boolean> = {
  shape: { kind: "bool" },
  least: 4,
  write(writer, value): void {
    writer.flag(value);
  },
  read(reader): boolean {
    return reader.flag();
  },
};

/** No bytes at all. */
export const nothing: Xdr<undefined> = {
  shape: { kind: "nothing" },
  least: 0,
  write(writer, value): void {
    if (value !== undefined) throw writer.fault("a value where none belongs");
  },
  read(): undefined {
    return undefined;
  },
};

/** Sixteen raw bytes, valued as the text of a UUID: lower case, with hyphens. */
export const uuid: Xdr<string> = {
  shape: { kind: "uuid" },
  least: 16,
  write(writer, value): void {
    writer.uuid(value);
  },
  read(reader): string {
    return reader.uuid();
  },
};

/** One of some names, each of which is a number on the wire. Other numbers are refused. */
export function enumeration<const N extends Readonly<Record<string, number>>>(
  names: N,
): Xdr<Extract<keyof N, string>> {
  type Name = Extract<keyof N, string>;
  const byName = new Map<unknown, number>(Object.entries(names));
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name as Name]));
  return {
    shape: { kind: "enumeration", names },
    least: 4,
    write(writer, value): void {
      const number = byName.get(value);
      if (number === undefined) {
        throw writer.fault(`${String(value)} is none of ${[...byName.keys()].join(", ")}`);
      }
      writer.int(number);
    },
    read(reader): Name {
      const number = reader.int();
      const name = byNumber.get(number);
      if (name === undefined) throw reader.fault(`${number} is none of ${[...byNumber.keys()].join(", ")}`);
      return name;
    },
  };
}

/** Text of at most `max` bytes in UTF-8, without a zero character. */
export function string(max: number): Xdr<string> {
  return {
    shape: { kind: "string", max },
    least: 4,
    write(writer, value): void {
      writer.text(value, max);
    },
    read(reader): string {
      return reader.text(max);
    },
  };
}

/** Exactly `length` bytes. */
export function opaque(length: number): Xdr<Uint8Array> {
  return {
    shape: { kind: "opaque", length },
    least: (length + 3) & ~3,
    write(writer, value): void {
      writer.opaque(value, length);
    },
    read(reader): Uint8Array {
      return reader.opaque(length);
    },
  };
}

/** At most `max` bytes. */
export function bytes(max: number): Xdr<Uint8Array> {
  return {
    shape: { kind: "bytes", max },
    least: 4,
    write(writer, value): void {
      writer.bytes(value, max);
    },
    read(reader): Uint8Array {
      return reader.bytes(max);
    },
  };
}

/** At most `max` characters of C, each of which takes four bytes on the wire. */
export function chars(max: number): Xdr<Uint8Array> {
  return {
    shape: { kind: "chars", max },
    least: 4,
    write(writer, value): void {
      writer.countedChars(value, max);
    },
    read(reader): Uint8Array {
      return reader.chars(reader.count(max, 4));
    },
  };
}

/** Exactly `length` characters of C, each of which takes four bytes on the wire. */
export function fixedChars(length: number): Xdr<Uint8Array> {
  return {
    shape: { kind: "fixedChars", length },
    least: length * 4,
    write(writer, value): void {
      writer.chars(value, length);
    },
    read(reader): Uint8Array {
      return reader.chars(length);
    },
  };
}
