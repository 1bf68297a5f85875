/**
 * libvirt's errors and ours: the one table between its numbers and names and our codes.
 *
 * Numbers and names are libvirt's (`virterror.h`, 11.3).
 *
 * @module
 */
import { type ErrorCode, errorCodes } from "../model/error.ts";

/** What is known about an error of libvirt's. */
interface RemoteErrorFacts {
  /** libvirt's `virErrorNumber`. */
  readonly number: number;
  /** What it is to us. Never `unreachable`: who answers can be reached. */
  readonly code: ErrorCode;
}

/** Every error that libvirt has, by its name there. */
export const remoteErrors = {
  VIR_ERR_OK: { number: 0, code: "operation-failed" },
  VIR_ERR_INTERNAL_ERROR: { number: 1, code: "internal" },
  VIR_ERR_NO_MEMORY: { number: 2, code: "operation-failed" },
  VIR_ERR_NO_SUPPORT: { number: 3, code: "unsupported" },
  VIR_ERR_UNKNOWN_HOST: { number: 4, code: "operation-failed" },
  VIR_ERR_NO_CONNECT: { number: 5, code: "unsupported" },
  VIR_ERR_INVALID_CONN: { number: 6, code: "invalid-argument" },
  VIR_ERR_INVALID_DOMAIN: { number: 7, code: "invalid-argument" },
  VIR_ERR_INVALID_ARG: { number: 8, code: "invalid-argument" },
  VIR_ERR_OPERATION_FAILED: { number: 9, code: "operation-failed" },
  VIR_ERR_GET_FAILED: { number: 10, code: "operation-failed" },
  VIR_ERR_POST_FAILED: { number: 11, code: "operation-failed" },
  VIR_ERR_HTTP_ERROR: { number: 12, code: "operation-failed" },
  VIR_ERR_SEXPR_SERIAL: { number: 13, code: "operation-failed" },
  VIR_ERR_NO_XEN: { number: 14, code: "operation-failed" },
  VIR_ERR_XEN_CALL: { number: 15, code: "operation-failed" },
  VIR_ERR_OS_TYPE: { number: 16, code: "invalid-document" },
  VIR_ERR_NO_KERNEL: { number: 17, code: "invalid-document" },
  VIR_ERR_NO_ROOT: { number: 18, code: "invalid-document" },
  VIR_ERR_NO_SOURCE: { number: 19, code: "invalid-document" },
  VIR_ERR_NO_TARGET: { number: 20, code: "invalid-document" },
  VIR_ERR_NO_NAME: { number: 21, code: "invalid-document" },
  VIR_ERR_NO_OS: { number: 22, code: "invalid-document" },
  VIR_ERR_NO_DEVICE: { number: 23, code: "invalid-document" },
  VIR_ERR_NO_XENSTORE: { number: 24, code: "operation-failed" },
  VIR_ERR_DRIVER_FULL: { number: 25, code: "operation-failed" },
  VIR_ERR_CALL_FAILED: { number: 26, code: "unsupported" },
  VIR_ERR_XML_ERROR: { number: 27, code: "invalid-document" },
  VIR_ERR_DOM_EXIST: { number: 28, code: "already-exists" },
  VIR_ERR_OPERATION_DENIED: { number: 29, code: "permission-denied" },
  VIR_ERR_OPEN_FAILED: { number: 30, code: "operation-failed" },
  VIR_ERR_READ_FAILED: { number: 31, code: "operation-failed" },
  VIR_ERR_PARSE_FAILED: { number: 32, code: "operation-failed" },
  VIR_ERR_CONF_SYNTAX: { number: 33, code: "operation-failed" },
  VIR_ERR_WRITE_FAILED: { number: 34, code: "operation-failed" },
  VIR_ERR_XML_DETAIL: { number: 35, code: "invalid-document" },
  VIR_ERR_INVALID_NETWORK: { number: 36, code: "invalid-argument" },
  VIR_ERR_NETWORK_EXIST: { number: 37, code: "already-exists" },
  VIR_ERR_SYSTEM_ERROR: { number: 38, code: "operation-failed" },
  VIR_ERR_RPC: { number: 39, code: "protocol" },
  VIR_ERR_GNUTLS_ERROR: { number: 40, code: "operation-failed" },
  VIR_WAR_NO_NETWORK: { number: 41, code: "operation-failed" },
  VIR_ERR_NO_DOMAIN: { number: 42, code: "not-found" },
  VIR_ERR_NO_NETWORK: { number: 43, code: "not-found" },
  VIR_ERR_INVALID_MAC: { number: 44, code: "invalid-argument" },
  VIR_ERR_AUTH_FAILED: { number: 45, code: "permission-denied" },
  VIR_ERR_INVALID_STORAGE_POOL: { number: 46, code: "invalid-argument" },
  VIR_ERR_INVALID_STORAGE_VOL: { number: 47, code: "invalid-argument" },
  VIR_WAR_NO_STORAGE: { number: 48, code: "operation-failed" },
  VIR_ERR_NO_STORAGE_POOL: { number: 49, code: "not-found" },
  VIR_ERR_NO_STORAGE_VOL: { number: 50, code: "not-found" },
  VIR_WAR_NO_NODE: { number: 51, code: "operation-failed" },
  VIR_ERR_INVALID_NODE_DEVICE: { number: 52, code: "invalid-argument" },
  VIR_ERR_NO_NODE_DEVICE: { number: 53, code: "not-found" },
  VIR_ERR_NO_SECURITY_MODEL: { number: 54, code: "unsupported" },
  VIR_ERR_OPERATION_INVALID: { number: 55, code: "wrong-state" },
  VIR_WAR_NO_INTERFACE: { number: 56, code: "operation-failed" },
  VIR_ERR_NO_INTERFACE: { number: 57, code: "not-found" },
  VIR_ERR_INVALID_INTERFACE: { number: 58, code: "invalid-argument" },
  VIR_ERR_MULTIPLE_INTERFACES: { number: 59, code: "operation-failed" },
  VIR_WAR_NO_NWFILTER: { number: 60, code: "operation-failed" },
  VIR_ERR_INVALID_NWFILTER: { number: 61, code: "invalid-argument" },
  VIR_ERR_NO_NWFILTER: { number: 62, code: "not-found" },
  VIR_ERR_BUILD_FIREWALL: { number: 63, code: "operation-failed" },
  VIR_WAR_NO_SECRET: { number: 64, code: "operation-failed" },
  VIR_ERR_INVALID_SECRET: { number: 65, code: "invalid-argument" },
  VIR_ERR_NO_SECRET: { number: 66, code: "not-found" },
  VIR_ERR_CONFIG_UNSUPPORTED: { number: 67, code: "unsupported" },
  VIR_ERR_OPERATION_TIMEOUT: { number: 68, code: "slot-timeout" },
  VIR_ERR_MIGRATE_PERSIST_FAILED: { number: 69, code: "operation-failed" },
  VIR_ERR_HOOK_SCRIPT_FAILED: { number: 70, code: "operation-failed" },
  VIR_ERR_INVALID_DOMAIN_SNAPSHOT: { number: 71, code: "invalid-argument" },
  VIR_ERR_NO_DOMAIN_SNAPSHOT: { number: 72, code: "not-found" },
  VIR_ERR_INVALID_STREAM: { number: 73, code: "invalid-argument" },
  VIR_ERR_ARGUMENT_UNSUPPORTED: { number: 74, code: "unsupported" },
  VIR_ERR_STORAGE_PROBE_FAILED: { number: 75, code: "operation-failed" },
  VIR_ERR_STORAGE_POOL_BUILT: { number: 76, code: "already-exists" },
  VIR_ERR_SNAPSHOT_REVERT_RISKY: { number: 77, code: "wrong-state" },
  VIR_ERR_OPERATION_ABORTED: { number: 78, code: "cancelled" },
  VIR_ERR_AUTH_CANCELLED: { number: 79, code: "permission-denied" },
  VIR_ERR_NO_DOMAIN_METADATA: { number: 80, code: "not-found" },
  VIR_ERR_MIGRATE_UNSAFE: { number: 81, code: "operation-failed" },
  VIR_ERR_OVERFLOW: { number: 82, code: "invalid-argument" },
  VIR_ERR_BLOCK_COPY_ACTIVE: { number: 83, code: "in-use" },
  VIR_ERR_OPERATION_UNSUPPORTED: { number: 84, code: "unsupported" },
  VIR_ERR_SSH: { number: 85, code: "operation-failed" },
  VIR_ERR_AGENT_UNRESPONSIVE: { number: 86, code: "operation-failed" },
  VIR_ERR_RESOURCE_BUSY: { number: 87, code: "in-use" },
  VIR_ERR_ACCESS_DENIED: { number: 88, code: "permission-denied" },
  VIR_ERR_DBUS_SERVICE: { number: 89, code: "operation-failed" },
  VIR_ERR_STORAGE_VOL_EXIST: { number: 90, code: "already-exists" },
  VIR_ERR_CPU_INCOMPATIBLE: { number: 91, code: "operation-failed" },
  VIR_ERR_XML_INVALID_SCHEMA: { number: 92, code: "invalid-document" },
  VIR_ERR_MIGRATE_FINISH_OK: { number: 93, code: "operation-failed" },
  VIR_ERR_AUTH_UNAVAILABLE: { number: 94, code: "permission-denied" },
  VIR_ERR_NO_SERVER: { number: 95, code: "not-found" },
  VIR_ERR_NO_CLIENT: { number: 96, code: "not-found" },
  VIR_ERR_AGENT_UNSYNCED: { number: 97, code: "operation-failed" },
  VIR_ERR_LIBSSH: { number: 98, code: "operation-failed" },
  VIR_ERR_DEVICE_MISSING: { number: 99, code: "not-found" },
  VIR_ERR_INVALID_NWFILTER_BINDING: { number: 100, code: "invalid-argument" },
  VIR_ERR_NO_NWFILTER_BINDING: { number: 101, code: "not-found" },
  VIR_ERR_INVALID_DOMAIN_CHECKPOINT: { number: 102, code: "invalid-argument" },
  VIR_ERR_NO_DOMAIN_CHECKPOINT: { number: 103, code: "not-found" },
  VIR_ERR_NO_DOMAIN_BACKUP: { number: 104, code: "not-found" },
  VIR_ERR_INVALID_NETWORK_PORT: { number: 105, code: "invalid-argument" },
  VIR_ERR_NETWORK_PORT_EXIST: { number: 106, code: "already-exists" },
  VIR_ERR_NO_NETWORK_PORT: { number: 107, code: "not-found" },
  VIR_ERR_NO_HOSTNAME: { number: 108, code: "not-found" },
  VIR_ERR_CHECKPOINT_INCONSISTENT: { number: 109, code: "wrong-state" },
  VIR_ERR_MULTIPLE_DOMAINS: { number: 110, code: "operation-failed" },
  VIR_ERR_NO_NETWORK_METADATA: { number: 111, code: "not-found" },
  VIR_ERR_AGENT_COMMAND_TIMEOUT: { number: 112, code: "operation-failed" },
  VIR_ERR_AGENT_COMMAND_FAILED: { number: 113, code: "operation-failed" },
} as const satisfies Record<string, RemoteErrorFacts>;

/** libvirt's name for an error. */
export type RemoteErrorName = keyof typeof remoteErrors;

/** The parts of libvirt that report errors, each at the place of its number. */
export const remoteErrorDomains = [
  "VIR_FROM_NONE",
  "VIR_FROM_XEN",
  "VIR_FROM_XEND",
  "VIR_FROM_XENSTORE",
  "VIR_FROM_SEXPR",
  "VIR_FROM_XML",
  "VIR_FROM_DOM",
  "VIR_FROM_RPC",
  "VIR_FROM_PROXY",
  "VIR_FROM_CONF",
  "VIR_FROM_QEMU",
  "VIR_FROM_NET",
  "VIR_FROM_TEST",
  "VIR_FROM_REMOTE",
  "VIR_FROM_OPENVZ",
  "VIR_FROM_XENXM",
  "VIR_FROM_STATS_LINUX",
  "VIR_FROM_LXC",
  "VIR_FROM_STORAGE",
  "VIR_FROM_NETWORK",
  "VIR_FROM_DOMAIN",
  "VIR_FROM_UML",
  "VIR_FROM_NODEDEV",
  "VIR_FROM_XEN_INOTIFY",
  "VIR_FROM_SECURITY",
  "VIR_FROM_VBOX",
  "VIR_FROM_INTERFACE",
  "VIR_FROM_ONE",
  "VIR_FROM_ESX",
  "VIR_FROM_PHYP",
  "VIR_FROM_SECRET",
  "VIR_FROM_CPU",
  "VIR_FROM_XENAPI",
  "VIR_FROM_NWFILTER",
  "VIR_FROM_HOOK",
  "VIR_FROM_DOMAIN_SNAPSHOT",
  "VIR_FROM_AUDIT",
  "VIR_FROM_SYSINFO",
  "VIR_FROM_STREAMS",
  "VIR_FROM_VMWARE",
  "VIR_FROM_EVENT",
  "VIR_FROM_LIBXL",
  "VIR_FROM_LOCKING",
  "VIR_FROM_HYPERV",
  "VIR_FROM_CAPABILITIES",
  "VIR_FROM_URI",
  "VIR_FROM_AUTH",
  "VIR_FROM_DBUS",
  "VIR_FROM_PARALLELS",
  "VIR_FROM_DEVICE",
  "VIR_FROM_SSH",
  "VIR_FROM_LOCKSPACE",
  "VIR_FROM_INITCTL",
  "VIR_FROM_IDENTITY",
  "VIR_FROM_CGROUP",
  "VIR_FROM_ACCESS",
  "VIR_FROM_SYSTEMD",
  "VIR_FROM_BHYVE",
  "VIR_FROM_CRYPTO",
  "VIR_FROM_FIREWALL",
  "VIR_FROM_POLKIT",
  "VIR_FROM_THREAD",
  "VIR_FROM_ADMIN",
  "VIR_FROM_LOGGING",
  "VIR_FROM_XENXL",
  "VIR_FROM_PERF",
  "VIR_FROM_LIBSSH",
  "VIR_FROM_RESCTRL",
  "VIR_FROM_FIREWALLD",
  "VIR_FROM_DOMAIN_CHECKPOINT",
  "VIR_FROM_TPM",
  "VIR_FROM_BPF",
  "VIR_FROM_CH",
] as const;

/** libvirt's name for a part of it that reports errors. */
export type RemoteErrorDomain = typeof remoteErrorDomains[number];

/** What libvirt says under a general number, by its text, where we have a code of our own for it. */
interface Refinement {
  readonly number: number;
  readonly text: RegExp;
  readonly code: ErrorCode;
}

const refinements: readonly Refinement[] = [
  {
    number: remoteErrors.VIR_ERR_OPERATION_FAILED.number,
    text: /\balready (exists|defined)\b/,
    code: "already-exists",
  },
  {
    number: remoteErrors.VIR_ERR_OPERATION_INVALID.number,
    text: /\balready (exists|defined)\b/,
    code: "already-exists",
  },
  {
    number: remoteErrors.VIR_ERR_OPERATION_INVALID.number,
    text: /\b(is|still) in use\b/,
    code: "in-use",
  },
  {
    number: remoteErrors.VIR_ERR_CONFIG_UNSUPPORTED.number,
    text: /\balready exists\b/,
    code: "already-exists",
  },
  {
    number: remoteErrors.VIR_ERR_CONFIG_UNSUPPORTED.number,
    text: /\bno disk named\b/,
    code: "invalid-argument",
  },
  {
    number: remoteErrors.VIR_ERR_CONFIG_UNSUPPORTED.number,
    text: /\binvalid parent device\b/,
    code: "not-found",
  },
  // Two pools cannot be at one place, two secrets not be for one thing.
  {
    number: remoteErrors.VIR_ERR_OPERATION_FAILED.number,
    text: /\bsource conflict with pool\b/,
    code: "already-exists",
  },
  {
    number: remoteErrors.VIR_ERR_INTERNAL_ERROR.number,
    text: /\balready defined for use with\b/,
    code: "already-exists",
  },
  {
    number: remoteErrors.VIR_ERR_INTERNAL_ERROR.number,
    text: /\balready in use\b/,
    code: "in-use",
  },
  {
    number: remoteErrors.VIR_ERR_INTERNAL_ERROR.number,
    text: /\bCould not find parent device\b/,
    code: "not-found",
  },
  {
    number: remoteErrors.VIR_ERR_INVALID_SECRET.number,
    text: /\bsecret is private\b/,
    code: "permission-denied",
  },
];

const names = Object.keys(remoteErrors).filter(isRemoteErrorName);

/** libvirt's name for an error's number; none where it is newer than this table. */
export function remoteErrorName(number: number): RemoteErrorName | undefined {
  // The numbers have no gaps, so that each name stands at the place of its number.
  return names[number];
}

/** libvirt's number for the part of it that reported an error; none for a name that it does not have. */
export function remoteErrorDomainNumber(name: string): number | undefined {
  const number = remoteErrorDomains.findIndex((domain) => domain === name);
  return number < 0 ? undefined : number;
}

/** Whether `name` is libvirt's name for an error. */
export function isRemoteErrorName(name: string): name is RemoteErrorName {
  return Object.hasOwn(remoteErrors, name);
}

/**
 * Our code for an error of libvirt's.
 *
 * @param number libvirt's `virErrorNumber`
 * @param text what it said, which tells apart what libvirt reports under one number
 *
 * @example
 * ```ts
 * import { errorCodeOf } from "./error_codes.ts";
 * errorCodeOf(42); // "not-found"
 * ```
 */
export function errorCodeOf(number: number, text = ""): ErrorCode {
  const name = remoteErrorName(number);
  if (name === undefined) return "operation-failed";
  const refined = refinements.find((refinement) =>
    refinement.number === number && refinement.text.test(text)
  );
  return refined?.code ?? remoteErrors[name].code;
}

/** libvirt's number for an error of ours: the one that it came with, or else the one that stands for its code. */
export function remoteErrorNumber(code: ErrorCode, remoteCode?: string): number {
  if (remoteCode !== undefined && isRemoteErrorName(remoteCode)) return remoteErrors[remoteCode].number;
  return errorCodes[code].libvirt;
}
