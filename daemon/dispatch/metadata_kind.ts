/**
 * Kinds of what people and programs write about domains and networks.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { metadataKinds } from "../../protocol/words/domain.ts";

/**
 * The kind of a number.
 *
 * @throws {VirtError} `invalid-argument` for a number that is none of a kind.
 */
export function metadataKind(type: number): typeof metadataKinds[number] {
  const kind = metadataKinds[type];
  if (kind !== undefined) return kind;
  throw new VirtError("invalid-argument", `unknown metadata type '${type}'`, {
    remoteCode: "VIR_ERR_INVALID_ARG",
  });
}
