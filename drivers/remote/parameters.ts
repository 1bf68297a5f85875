/**
 * Typed parameters as operations take and answer them.
 *
 * libvirt refuses a parameter of another type than it expects, and which type that is differs between hypervisors. So
 * before a parameter is set it is asked for: the far side itself says what it is.
 *
 * @module
 */
import type { TypedParameter } from "../../protocol/procedures/mod.ts";
import {
  fromTypedParameters,
  type ParameterKind,
  parameterKinds,
  type ParameterValue,
  toTypedParameters,
} from "../../protocol/typed_parameters.ts";
import type { Line } from "./line.ts";

/** Parameters by name. Numbers beyond 2^53 are text, since JavaScript's would not be exact. */
export type Parameters = Record<string, number | string | boolean>;

/** The caller understands parameters that are text. Source: libvirt, VIR_TYPED_PARAM_STRING_OKAY. */
const textAccepted = 1 << 2;
/** Whether a hypervisor knows that flag. Source: libvirt, VIR_DRV_FEATURE_TYPED_PARAM_STRING. */
const textFeature = 9;

/** The flag that asks for parameters that are text, too, where the far side knows it. */
export async function textFlag(line: Line): Promise<number> {
  const { supported } = await line.call("connectSupportsFeature", { feature: textFeature });
  return supported === 1 ? textAccepted : 0;
}

/** Parameters as operations show them. */
export function plainParameters(params: readonly TypedParameter[]): Parameters {
  return Object.fromEntries(
    Object.entries(fromTypedParameters(params)).map(([name, value]) => [name, shown(value)]),
  );
}

function shown(value: ParameterValue): number | string | boolean {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : `${value}`;
}

const kindNames: ReadonlyMap<number, ParameterKind> = new Map(
  Object.entries(parameterKinds).map(([name, number]) => [number, name as ParameterKind]),
);

/**
 * Parameters for the wire, each of the kind that the far side says it has. One that the far side did not mention is left to
 * it to refuse: text as text, a truth value as such, a number as the widest that there is.
 *
 * @throws {VirtError} `invalid-argument` where a value is not of its kind.
 */
export function typedLike(
  present: readonly TypedParameter[],
  wanted: Parameters,
): readonly TypedParameter[] {
  const said = new Map(present.map(({ field, value }) => [field, kindNames.get(value.kind)]));
  const kinds = Object.entries(wanted).map(([name, value]) =>
    [name, said.get(name) ?? guess(value)] as const
  );
  const values = kinds.map(([name, kind]) => [name, fitted(wanted[name] ?? "", kind)] as const);
  return toTypedParameters(Object.fromEntries(values), Object.fromEntries(kinds));
}

function guess(value: number | string | boolean): ParameterKind {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  return value < 0 ? "llong" : "ullong";
}

/** Large numbers come as text. */
function fitted(value: number | string | boolean, kind: ParameterKind): ParameterValue {
  const isLong = kind === "llong" || kind === "ullong";
  return isLong && typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value;
}

/** Whether everything that was wanted is so. */
export function areSet(present: readonly TypedParameter[], wanted: Parameters): boolean {
  const now = plainParameters(present);
  return Object.entries(wanted).every(([name, value]) => `${now[name]}` === `${value}`);
}
