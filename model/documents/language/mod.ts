/**
 * The language in which documents are described. See `docs/documents.md`.
 *
 * @module
 */
export type { DocumentContext, DomainDisk, Reading, RefusalOptions } from "./context.ts";
export { type Description, document } from "./description.ts";
export {
  type AnyField,
  attribute,
  type Content,
  content,
  element,
  type ElementName,
  elements,
  Field,
  type FieldRules,
  type Flag,
  flag,
  type Foreign,
  foreign,
  type ForeignElement,
  namespace,
  type Place,
  type QualifiedName,
  sequence,
  type TextContent,
} from "./field.ts";
export { canonicalUuid, mac, uuid } from "./identifier.ts";
export * from "./kept.ts";
export { fileMode, hexadecimalInteger, integer, type IntegerOptions } from "./number.ts";
export {
  absolutePath,
  enumeration,
  oneOf,
  onOff,
  type Scalar,
  text,
  type TextOptions,
  truth,
  yesNo,
} from "./scalar.ts";
export {
  type Alternative,
  type Alternatives,
  type ByOptions,
  type Fields,
  type Hook,
  type Lazy,
  lazy,
  type ReadingHook,
  Shape,
  shape,
  type StoringHook,
  type ValueBy,
  type ValueOf,
  type ValueOfFields,
} from "./shape.ts";
export { bytes, bytesInLargestUnit, kibibytes, mebibytes, type Size, type SizeOptions } from "./size.ts";
export { toJsonSchema, toZod } from "./to_zod.ts";
