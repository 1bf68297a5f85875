/**
 * XDR (RFC 4506) by description: say once what the data is, and reader, writer and type follow.
 *
 * @module
 */
export { decode, encode } from "./codec.ts";
export { fixedList, list, optional, struct, union, type UnionValue } from "./composites.ts";
export type { Cases, Description, Fields, FieldValues, Shape, ValueOf, Xdr } from "./description.ts";
export { type ReaderRange, XdrReader } from "./reader.ts";
export {
  bool,
  bytes,
  chars,
  double,
  enumeration,
  fixedChars,
  hyper,
  int,
  nothing,
  opaque,
  string,
  uhyper,
  uint,
  uuid,
} from "./scalars.ts";
export { type WriterOptions, XdrWriter } from "./writer.ts";
