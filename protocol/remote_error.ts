/**
 * An error as it crosses libvirt's protocol, and as it is here.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import {
  errorCodeOf,
  remoteErrorDomainNumber,
  remoteErrorDomains,
  remoteErrorName,
  remoteErrorNumber,
} from "./error_codes.ts";
import { domain, network, text } from "./procedures/objects.ts";
import { int, optional, struct, type ValueOf } from "./xdr/mod.ts";

/** The payload of an answer that is an error. */
export const remoteError = struct({
  code: int,
  domain: int,
  message: optional(text),
  level: int,
  dom: optional(domain),
  str1: optional(text),
  str2: optional(text),
  str3: optional(text),
  int1: int,
  int2: int,
  net: optional(network),
});

/** The payload of an answer that is an error. */
export type RemoteErrorData = ValueOf<typeof remoteError>;

/** What a {@linkcode VirtError} from the far side carries as its `detail`. */
export interface RemoteErrorDetail {
  /** libvirt's number for the error. */
  readonly number: number;
  /** libvirt's name for the part of it that reported the error, such as `VIR_FROM_QEMU`. */
  readonly from: string;
}

/** More of a text than this serves nobody who reads it. */
const maxMessageLength = 16_384;

/** libvirt's level of an error, beside that of a warning, 1. */
const errorLevel = 2;

const rpc = 39;
const rpcDomains: readonly string[] = ["VIR_FROM_RPC", "VIR_FROM_REMOTE"];

/**
 * The error that the far side answered with.
 *
 * @example
 * ```ts
 * import { decode } from "./xdr/mod.ts";
 * import { fromRemoteError, remoteError } from "./remote_error.ts";
 * function failed(payload: Uint8Array): never {
 *   throw fromRemoteError(decode(remoteError, payload));
 * }
 * ```
 */
export function fromRemoteError(data: RemoteErrorData): VirtError {
  const from = remoteErrorDomains[data.domain] ?? `VIR_FROM_${data.domain}`;
  const said = data.message ?? "";
  // A server that lacks a procedure says so in a way that only its text tells from other faults of the protocol.
  const isLacking = data.code === rpc && rpcDomains.includes(from) && said.startsWith("unknown procedure");
  const name = isLacking ? "VIR_ERR_NO_SUPPORT" : remoteErrorName(data.code) ?? `VIR_ERR_${data.code}`;
  const detail: RemoteErrorDetail = { number: data.code, from };
  return new VirtError(isLacking ? "unsupported" : errorCodeOf(data.code, said), messageOf(said, name), {
    remoteCode: name,
    detail,
  });
}

/** An error of ours as an answer. */
export function toRemoteError(error: VirtError): RemoteErrorData {
  const from = fromOf(error.detail);
  return {
    code: remoteErrorNumber(error.code, error.remoteCode),
    domain: (from === undefined ? undefined : remoteErrorDomainNumber(from)) ?? defaultDomain,
    message: error.message.replaceAll("\0", "").toWellFormed().slice(0, maxMessageLength).toWellFormed(),
    level: errorLevel,
    dom: undefined,
    str1: undefined,
    str2: undefined,
    str3: undefined,
    int1: -1,
    int2: -1,
    net: undefined,
  };
}

const defaultDomain = remoteErrorDomains.indexOf("VIR_FROM_RPC");

function messageOf(said: string, name: string): string {
  if (said === "") return `The hypervisor's service refused with ${name} and said nothing else`;
  return said.length <= maxMessageLength ? said : `${said.slice(0, maxMessageLength)}…`;
}

function fromOf(detail: unknown): string | undefined {
  if (typeof detail !== "object" || detail === null || !("from" in detail)) return undefined;
  return typeof detail.from === "string" ? detail.from : undefined;
}
