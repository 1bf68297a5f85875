/**
 * Typed parameters as operations have them, and as procedures do.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import {
  fromTypedParameters,
  type ParameterInput,
  type ParameterKind,
  toTypedParameters,
} from "../../protocol/typed_parameters.ts";

/** Parameters by name, as operations have them. Numbers beyond 2^53 are text. */
export type Parameters = Readonly<Record<string, number | string | boolean>>;

/** The bit of `flags` by which a client says that it understands parameters that are text. */
export const textFlag = 1 << 2;

/** Of which kind a parameter is on the wire, by its name. */
export type KindOf = (name: string) => ParameterKind;

/** Parameters for the wire. What a client does not understand, or has no room for, is left out. */
export function typedParameters(
  parameters: Parameters,
  { kindOf, flags = textFlag, room = Infinity }: {
    readonly kindOf: KindOf;
    readonly flags?: number;
    readonly room?: number;
  },
): readonly TypedParameter[] {
  const kinds: Record<string, ParameterKind> = {};
  const values: Record<string, number | bigint | string | boolean> = {};
  for (const [name, value] of Object.entries(parameters).slice(0, room)) {
    const kind = kindOf(name);
    if (kind === "string" && (flags & textFlag) === 0) continue;
    kinds[name] = kind;
    // What does not fit into a number of JavaScript's is text.
    const isLong = kind === "llong" || kind === "ullong";
    values[name] = isLong && typeof value !== "boolean" ? BigInt(value) : value;
  }
  const input: ParameterInput = values;
  return toTypedParameters(input, kinds);
}

/** What procedures give that tell parameters: as many as the client has room for, or, where it has none, how many there are. */
export function toldParameters(
  parameters: Parameters,
  { nparams, flags, kindOf }: { readonly nparams: number; readonly flags: number; readonly kindOf: KindOf },
): { readonly params: readonly TypedParameter[]; readonly nparams: number } {
  const all = typedParameters(parameters, { kindOf, flags });
  return nparams === 0
    ? { params: [], nparams: all.length }
    : { params: all.slice(0, nparams), nparams: Math.min(all.length, nparams) };
}

/**
 * Parameters that a client gives.
 *
 * @throws {VirtError} `invalid-argument` for one that occurs twice, as libvirt has it.
 */
export function givenParameters(
  params: readonly TypedParameter[],
): Record<string, number | string | boolean> {
  const names = new Set<string>();
  for (const { field } of params) {
    if (names.has(field)) {
      throw new VirtError("invalid-argument", `parameter '${field}' occurs multiple times`, {
        remoteCode: "VIR_ERR_INVALID_ARG",
      });
    }
    names.add(field);
  }
  return Object.fromEntries(
    Object.entries(fromTypedParameters(params)).map(([name, value]) => {
      if (typeof value !== "bigint") return [name, value];
      const number = Number(value);
      return [name, Number.isSafeInteger(number) ? number : `${value}`];
    }),
  );
}
