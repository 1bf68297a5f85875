/**
 * What a description of XDR data is. Both directions and the TypeScript type follow from one value.
 *
 * @module
 */
import type { XdrReader } from "./reader.ts";
import type { XdrWriter } from "./writer.ts";

/** What a description is made of, for programs that derive something from it: test data, documentation. */
export type Shape =
  | { readonly kind: "int" | "uint" | "hyper" | "uhyper" | "double" | "bool" | "uuid" | "nothing" }
  | { readonly kind: "enumeration"; readonly names: Readonly<Record<string, number>> }
  | { readonly kind: "string" | "bytes" | "chars"; readonly max: number }
  | { readonly kind: "opaque" | "fixedChars"; readonly length: number }
  | { readonly kind: "list"; readonly of: Xdr<unknown>; readonly max: number }
  | { readonly kind: "fixedList"; readonly of: Xdr<unknown>; readonly length: number }
  | { readonly kind: "optional"; readonly of: Xdr<unknown> }
  | { readonly kind: "struct"; readonly fields: Fields }
  | {
    readonly kind: "union";
    readonly discriminant: Xdr<unknown>;
    readonly cases: Cases;
    readonly otherwise: Xdr<unknown> | undefined;
  };

/** What all descriptions have, whatever their values are. */
export interface Description {
  readonly shape: Shape;
  /** The fewest bytes that a value takes on the wire. */
  readonly least: number;
}

/**
 * The description of data in XDR (RFC 4506) with values of type `T`.
 *
 * @example
 * ```ts
 * import { string, struct, uuid, int, type ValueOf } from "./mod.ts";
 * const domain = struct({ name: string(64), uuid, id: int });
 * type Domain = ValueOf<typeof domain>; // { readonly name: string; readonly uuid: string; readonly id: number }
 * ```
 */
export interface Xdr<T> extends Description {
  /** Writes a value; throws {@linkcode VirtError} `protocol` where it does not fit. */
  write(writer: XdrWriter, value: T): void;
  /** Reads a value; throws {@linkcode VirtError} `protocol` where the message has none. */
  read(reader: XdrReader): T;
}

/** The type of the values that a description describes. */
export type ValueOf<X> = X extends Xdr<infer T> ? T : never;

/** The fields of a structure, in the order of the wire. */
export type Fields = Readonly<Record<string, Xdr<unknown>>>;

/** The value of a structure with these fields. */
export type FieldValues<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** The cases of a union, by the number that chooses them. */
export type Cases = Readonly<Record<number, Xdr<unknown>>>;
