/**
 * Errors as libvirt's clients know them: its numbers, the part that reports, and the words in front.
 *
 * @module
 */
import { isVirtError, toErrorData, VirtError } from "../../model/error.ts";
import { type ObjectClass, objectClasses } from "../../model/object.ts";
import {
  type RemoteErrorDomain,
  type RemoteErrorName,
  remoteErrorName,
  remoteErrorNumber,
} from "../../protocol/error_codes.ts";
import type { ProcedureName } from "../../protocol/procedures/mod.ts";
import { apiName } from "./api_name.ts";
import { type RemoteErrorData, toRemoteError } from "../../protocol/remote_error.ts";

/** What is not there, by what it is. */
const notFound: { readonly [C in ObjectClass]?: RemoteErrorName } = {
  domain: "VIR_ERR_NO_DOMAIN",
  snapshot: "VIR_ERR_NO_DOMAIN_SNAPSHOT",
  network: "VIR_ERR_NO_NETWORK",
  networkPort: "VIR_ERR_NO_NETWORK_PORT",
  pool: "VIR_ERR_NO_STORAGE_POOL",
  volume: "VIR_ERR_NO_STORAGE_VOL",
  interface: "VIR_ERR_NO_INTERFACE",
  nodeDevice: "VIR_ERR_NO_NODE_DEVICE",
  secret: "VIR_ERR_NO_SECRET",
  filter: "VIR_ERR_NO_NWFILTER",
  filterBinding: "VIR_ERR_NO_NWFILTER_BINDING",
};

/** The words that clients see in front of what exactly was wrong. Source: seen from libvirtd 9.0. */
const prefixes: { readonly [N in RemoteErrorName]?: string } = {
  VIR_ERR_INTERNAL_ERROR: "internal error",
  VIR_ERR_NO_SUPPORT: "this function is not supported by the connection driver",
  VIR_ERR_INVALID_ARG: "invalid argument",
  VIR_ERR_OPERATION_FAILED: "operation failed",
  VIR_ERR_XML_ERROR: "XML error",
  VIR_ERR_OPERATION_DENIED: "operation forbidden",
  VIR_ERR_NO_DOMAIN: "Domain not found",
  VIR_ERR_NO_NETWORK: "Network not found",
  VIR_ERR_AUTH_FAILED: "authentication failed",
  VIR_ERR_NO_STORAGE_POOL: "Storage pool not found",
  VIR_ERR_NO_STORAGE_VOL: "Storage volume not found",
  VIR_ERR_NO_NODE_DEVICE: "Node device not found",
  VIR_ERR_OPERATION_INVALID: "Requested operation is not valid",
  VIR_ERR_NO_INTERFACE: "Interface not found",
  VIR_ERR_NO_NWFILTER: "Network filter not found",
  VIR_ERR_NO_SECRET: "Secret not found",
  VIR_ERR_INVALID_SECRET: "Invalid secret",
  VIR_ERR_CONFIG_UNSUPPORTED: "unsupported configuration",
  VIR_ERR_OPERATION_TIMEOUT: "Timed out during operation",
  VIR_ERR_NO_DOMAIN_SNAPSHOT: "Domain snapshot not found",
  VIR_ERR_NO_DOMAIN_CHECKPOINT: "Domain checkpoint not found",
  VIR_ERR_NO_DOMAIN_METADATA: "metadata not found",
  VIR_ERR_NO_NETWORK_METADATA: "metadata not found",
  VIR_ERR_OPERATION_ABORTED: "operation aborted",
  VIR_ERR_OPERATION_UNSUPPORTED: "Operation not supported",
  VIR_ERR_ARGUMENT_UNSUPPORTED: "argument unsupported",
  VIR_ERR_XML_INVALID_SCHEMA: "XML document failed to validate against schema",
  VIR_ERR_RESOURCE_BUSY: "resource busy",
  VIR_ERR_ACCESS_DENIED: "access denied",
  VIR_ERR_NO_NETWORK_PORT: "network port not found",
  VIR_ERR_NO_NWFILTER_BINDING: "Network filter binding not found",
};

/** What libvirt says of one argument of a function, with nothing in front. Source: libvirt, virReportInvalidArg. */
const bare = /^(?:unsupported flags \(|flags '\w+' and '\w+' are mutually|\w+ in vir\w+ must )/;

/** The part of libvirt that reports errors of a driver. */
const drivers: Readonly<Record<string, RemoteErrorDomain>> = {
  test: "VIR_FROM_TEST",
  qemu: "VIR_FROM_QEMU",
  lxc: "VIR_FROM_LXC",
};

/** The part of libvirt that a procedure's own checks are reported by, by how its name begins. */
const parts: readonly (readonly [start: RegExp, from: RemoteErrorDomain])[] = [
  [/^domain(?:Snapshot)/, "VIR_FROM_DOMAIN_SNAPSHOT"],
  [/^domain(?:Checkpoint)/, "VIR_FROM_DOMAIN_CHECKPOINT"],
  [/^(?:domain|connect.*Domain)/, "VIR_FROM_DOMAIN"],
  [/^(?:network|connect.*Network)/, "VIR_FROM_NETWORK"],
  [/^(?:storage|connect.*Storage)/, "VIR_FROM_STORAGE"],
  [/^(?:interface|connect.*Interface)/, "VIR_FROM_INTERFACE"],
  [/^(?:nodeDevice|node(?:Num|List)|connect.*NodeDevice)/, "VIR_FROM_NODEDEV"],
  [/^(?:secret|connect.*Secret)/, "VIR_FROM_SECRET"],
  [/^(?:nwfilter|connect.*Nwfilter)/, "VIR_FROM_NWFILTER"],
];

/** An error that libvirt's own library would have reported before any driver was asked, in its words. */
export function libraryError(
  name: RemoteErrorName,
  message: string,
  procedure: ProcedureName,
): VirtError {
  const from = partOf(procedure);
  const code = name === "VIR_ERR_OPERATION_DENIED" ? "permission-denied" : "invalid-argument";
  return new VirtError(code, message, { remoteCode: name, detail: { from } });
}

/** What decides how an error goes out, beside the error itself. */
export interface ErrorPlace {
  /** The driver that was asked, where one was. */
  readonly driver?: string;
  /** What was called. */
  readonly procedure?: ProcedureName;
}

/** An error as it goes out. Never throws. */
export function describeError(error: unknown, { driver, procedure }: ErrorPlace = {}): RemoteErrorData {
  const known = isVirtError(error) ? error : new VirtError("internal", toErrorData(error).message);
  // What is not there at all is called by the function's name, and nothing else.
  if (known.code === "unsupported" && known.remoteCode === undefined && procedure !== undefined) {
    return describeError(noSupport(procedure));
  }
  const named = remoteErrorName(numberOf(known, procedure));
  const prefix = named === undefined ? undefined : prefixes[named];
  const message = prefix === undefined || known.message.startsWith(`${prefix}:`) || bare.test(known.message)
    ? known.message
    : `${prefix}: ${known.message}`;
  const from = fromOf(known) ?? (driver === undefined ? undefined : drivers[driver]);
  return toRemoteError(
    new VirtError(known.code, message, {
      ...(named === undefined ? {} : { remoteCode: named }),
      ...(from === undefined ? {} : { detail: { from } }),
    }),
  );
}

/** The error for what a hypervisor's driver does not have. */
export function noSupport(procedure: ProcedureName): VirtError {
  return new VirtError("unsupported", apiName(procedure), {
    remoteCode: "VIR_ERR_NO_SUPPORT",
    detail: { from: partOf(procedure) },
  });
}

function partOf(procedure: ProcedureName): RemoteErrorDomain {
  return parts.find(([start]) => start.test(procedure))?.[1] ?? "VIR_FROM_NONE";
}

function numberOf(error: VirtError, procedure: ProcedureName | undefined): number {
  const { code, remoteCode } = error;
  if (remoteCode !== undefined || code !== "not-found") return remoteErrorNumber(code, remoteCode);
  const missing = classOf(error.target) ?? classIn(procedure);
  return remoteErrorNumber(code, missing === undefined ? undefined : notFound[missing]);
}

/** The class of the object that an error is about, which is called by its label: `domain "web"`. */
export function classOf(target: string | undefined): ObjectClass | undefined {
  const label = target?.slice(0, Math.max(0, target.indexOf(' "')));
  const found = Object.entries(objectClasses).find(([, facts]) => facts.label === label);
  return found?.[0] as ObjectClass | undefined;
}

/** The class of the objects that a procedure is about, by how its name begins. */
const classes: readonly (readonly [start: RegExp, objectClass: ObjectClass])[] = [
  [/^domain(?:Snapshot|Checkpoint)/, "snapshot"],
  [/^domain/, "domain"],
  [/^networkPort/, "networkPort"],
  [/^network/, "network"],
  [/^storagePool/, "pool"],
  [/^storageVol/, "volume"],
  [/^interface/, "interface"],
  [/^nodeDevice/, "nodeDevice"],
  [/^secret/, "secret"],
  [/^nwfilterBinding/, "filterBinding"],
  [/^nwfilter/, "filter"],
];

function classIn(procedure: ProcedureName | undefined): ObjectClass | undefined {
  return procedure === undefined ? undefined : classes.find(([start]) => start.test(procedure))?.[1];
}

function fromOf({ detail }: VirtError): string | undefined {
  if (typeof detail !== "object" || detail === null || !("from" in detail)) return undefined;
  return typeof detail.from === "string" ? detail.from : undefined;
}
