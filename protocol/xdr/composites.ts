/**
 * Descriptions made of others: lists, optional values, structures, unions.
 *
 * @module
 */
import type { Cases, Description, Fields, FieldValues, ValueOf, Xdr } from "./description.ts";

/** At most `max` items of one kind. */
export function list<T>(of: Xdr<T>, max: number): Xdr<readonly T[]> {
  requireBytes(of);
  const { least } = of;
  return {
    shape: { kind: "list", of, max },
    least: 4,
    write(writer, items): void {
      if (!Array.isArray(items)) throw writer.fault("a value that is no list");
      writer.count(items.length, max);
      for (const item of items) of.write(writer, item);
    },
    read(reader): readonly T[] {
      const count = reader.count(max, least);
      const items: T[] = [];
      for (let index = 0; index < count; index++) items.push(of.read(reader));
      return items;
    },
  };
}

/** Exactly `length` items of one kind. */
export function fixedList<T>(of: Xdr<T>, length: number): Xdr<readonly T[]> {
  requireBytes(of);
  return {
    shape: { kind: "fixedList", of, length },
    least: of.least * length,
    write(writer, items): void {
      if (!Array.isArray(items)) throw writer.fault("a value that is no list");
      if (items.length !== length) {
        throw writer.fault(`${items.length} items where exactly ${length} must be`);
      }
      for (const item of items) of.write(writer, item);
    },
    read(reader): readonly T[] {
      const items: T[] = [];
      for (let index = 0; index < length; index++) items.push(of.read(reader));
      return items;
    },
  };
}

/** A value that may be missing: a pointer of C, `undefined` where it is null. */
export function optional<T>(of: Xdr<T>): Xdr<T | undefined> {
  return {
    shape: { kind: "optional", of },
    least: 4,
    write(writer, value): void {
      writer.flag(value !== undefined);
      if (value !== undefined) of.write(writer, value);
    },
    read(reader): T | undefined {
      return reader.flag() ? of.read(reader) : undefined;
    },
  };
}

/** Fields one after the other, in the order in which they are given here. */
export function struct<const F extends Fields>(fields: F): Xdr<FieldValues<F>> {
  const parts: { readonly name: string; readonly of: Xdr<unknown> }[] = [];
  let least = 0;
  for (const [name, of] of Object.entries(fields)) {
    parts.push({ name, of });
    least += of.least;
  }
  return {
    shape: { kind: "struct", fields },
    least,
    write(writer, value): void {
      if (typeof value !== "object" || value === null) throw writer.fault("a value that has no fields");
      for (const { name, of } of parts) {
        writer.field = name;
        of.write(writer, value[name]);
      }
    },
    read(reader): FieldValues<F> {
      const value: Record<string, unknown> = {};
      for (const { name, of } of parts) {
        reader.field = name;
        value[name] = of.read(reader);
      }
      return value as FieldValues<F>;
    },
  };
}

/** The value of a union: which case, and what belongs to it. */
export type UnionValue<C extends Cases, D> =
  | { readonly [K in keyof C]: { readonly kind: K; readonly value: ValueOf<C[K]> } }[keyof C]
  | ([D] extends [never] ? never : { readonly kind: number; readonly value: D });

/**
 * One of several values, chosen by a number that stands before it.
 *
 * @param discriminant how the number is written
 * @param cases what follows, by that number
 * @param otherwise what follows any other number; without it other numbers are refused
 */
export function union<const C extends Cases, D = never>(
  discriminant: Xdr<number>,
  cases: C,
  otherwise?: Xdr<D>,
): Xdr<UnionValue<C, D>> {
  const byKind = new Map<number, Xdr<unknown>>(
    Object.entries(cases).map(([kind, of]) => [Number(kind), of]),
  );
  const all: readonly Xdr<unknown>[] = otherwise === undefined
    ? [...byKind.values()]
    : [...byKind.values(), otherwise];
  return {
    shape: { kind: "union", discriminant, cases, otherwise },
    least: discriminant.least + Math.min(...all.map(({ least }) => least)),
    write(writer, value): void {
      if (typeof value !== "object" || value === null) throw writer.fault("a value that has no kind");
      const kind: unknown = value.kind;
      if (typeof kind !== "number") throw writer.fault("a value that has no kind");
      const of = byKind.get(kind) ?? otherwise;
      if (of === undefined) throw writer.fault(`${kind} is no kind of value there is`);
      discriminant.write(writer, kind);
      of.write(writer, value.value);
    },
    read(reader): UnionValue<C, D> {
      const kind = discriminant.read(reader);
      const of = byKind.get(kind) ?? otherwise;
      if (of === undefined) throw reader.fault(`${kind} is no kind of value there is`);
      return { kind, value: of.read(reader) } as UnionValue<C, D>;
    },
  };
}

/** Items without bytes could be counted without bound in a message of four bytes. */
function requireBytes({ least, shape }: Description): void {
  if (least === 0) throw new RangeError(`A list of "${shape.kind}" takes no bytes for its items`);
}
