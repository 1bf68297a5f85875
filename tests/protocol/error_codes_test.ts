import assert from "node:assert/strict";
import { type ErrorCode, errorCodes } from "../../model/error.ts";
import {
  errorCodeOf,
  isRemoteErrorName,
  remoteErrorDomainNumber,
  remoteErrorDomains,
  remoteErrorName,
  remoteErrorNumber,
  remoteErrors,
} from "../../protocol/error_codes.ts";

Deno.test("libvirt's errors are numbered from 0 to 113 without a gap, in the order of the table", () => {
  assert.deepEqual(
    Object.values(remoteErrors).map(({ number }) => number),
    Array.from({ length: 114 }, (_, number) => number),
  );
  for (const [name, { number }] of Object.entries(remoteErrors)) assert.equal(remoteErrorName(number), name);
  assert.equal(remoteErrorName(114), undefined);
  assert.equal(remoteErrorName(-1), undefined);
});

Deno.test("the errors that clients branch on have the names and numbers that they know", () => {
  const known = {
    3: "NO_SUPPORT",
    8: "INVALID_ARG",
    9: "OPERATION_FAILED",
    29: "OPERATION_DENIED",
    39: "RPC",
  };
  const more = { 42: "NO_DOMAIN", 45: "AUTH_FAILED", 50: "NO_STORAGE_VOL", 55: "OPERATION_INVALID" };
  const most = {
    68: "OPERATION_TIMEOUT",
    72: "NO_DOMAIN_SNAPSHOT",
    88: "ACCESS_DENIED",
    94: "AUTH_UNAVAILABLE",
  };
  for (const [number, name] of Object.entries({ ...known, ...more, ...most })) {
    assert.equal(remoteErrorName(Number(number)), `VIR_ERR_${name}`);
  }
});

Deno.test("an error of ours that goes out and comes back under its own number is the same again", () => {
  // Codes that share a number with a more general one come back as that one.
  const general: Partial<Record<ErrorCode, ErrorCode>> = {
    "object-gone": "operation-failed",
    "already-exists": "operation-failed",
    "outcome-unknown": "operation-failed",
    "budget-exceeded": "operation-failed",
    "recipe-failed": "operation-failed",
    "some-failed": "operation-failed",
    "changed-outside": "wrong-state",
    "object-changed": "wrong-state",
    "in-use": "wrong-state",
    "revoked": "wrong-state",
    "replay-mismatch": "wrong-state",
    "deadlock": "slot-timeout",
    "timed-out": "slot-timeout",
    // Who answers that a system call failed can be reached.
    "unreachable": "operation-failed",
  };
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    assert.equal(errorCodeOf(remoteErrorNumber(code)), general[code] ?? code, code);
  }
});

Deno.test("no answer means that the far side cannot be reached, or that the outcome is unknown", () => {
  for (const { code } of Object.values(remoteErrors)) {
    assert(!["unreachable", "outcome-unknown"].includes(code));
  }
});

Deno.test("what libvirt says is there already is told from other failures by its text", () => {
  assert.equal(
    errorCodeOf(9, "operation failed: domain 'web' already exists with uuid 6695"),
    "already-exists",
  );
  assert.equal(
    errorCodeOf(9, "operation failed: domain 'web' is already defined with uuid 6695"),
    "already-exists",
  );
  assert.equal(
    errorCodeOf(55, "Requested operation is not valid: domain with name 'web' already exists"),
    "already-exists",
  );
  assert.equal(errorCodeOf(55, "Requested operation is not valid: domain is already running"), "wrong-state");
  assert.equal(errorCodeOf(1, "internal error: it already exists"), "internal");
  assert.equal(errorCodeOf(9, "operation failed: Storage source conflict with pool: 'a'"), "already-exists");
  assert.equal(
    errorCodeOf(1, "internal error: a secret with UUID 6695 already defined for use with /a"),
    "already-exists",
  );
});

Deno.test("what libvirt reports as a fault of its own or of the caller's is what it says", () => {
  assert.equal(errorCodeOf(1, "internal error: Could not find parent device for 'new device'"), "not-found");
  assert.equal(errorCodeOf(1, "internal error: Network is already in use by interface virbr0"), "in-use");
  assert.equal(errorCodeOf(1, "internal error: unable to find a device"), "internal");
  assert.equal(errorCodeOf(65, "Invalid secret: secret is private"), "permission-denied");
  assert.equal(errorCodeOf(65, "Invalid secret: no"), "invalid-argument");
  assert.equal(errorCodeOf(67, "unsupported configuration: no disk named 'vdz'"), "invalid-argument");
  assert.equal(
    errorCodeOf(67, "unsupported configuration: external snapshot file for disk vda already exists"),
    "already-exists",
  );
  assert.equal(errorCodeOf(67, "unsupported configuration: invalid parent device 'x'"), "not-found");
  assert.equal(errorCodeOf(55, "Requested operation is not valid: nwfilter is in use"), "in-use");
  assert.equal(errorCodeOf(55, "Requested operation is not valid: volume 'a' is still in use."), "in-use");
});

Deno.test("a number that libvirt will have one day is an operation that failed", () => {
  for (const number of [114, 9999, -1, 2 ** 31 - 1]) assert.equal(errorCodeOf(number), "operation-failed");
});

Deno.test("an error that came from a far side keeps its number when it is handed on", () => {
  assert.equal(remoteErrorNumber("not-found", "VIR_ERR_NO_STORAGE_VOL"), 50);
  assert.equal(remoteErrorNumber("not-found"), 42);
  assert.equal(remoteErrorNumber("not-found", "ENOENT"), 42);
  assert(isRemoteErrorName("VIR_ERR_NO_DOMAIN"));
  assert(!isRemoteErrorName("constructor"));
});

Deno.test("the parts of libvirt that report errors are numbered from 0 to 72", () => {
  assert.equal(remoteErrorDomains.length, 73);
  assert.equal(remoteErrorDomainNumber("VIR_FROM_RPC"), 7);
  assert.equal(remoteErrorDomainNumber("VIR_FROM_QEMU"), 10);
  assert.equal(remoteErrorDomainNumber("VIR_FROM_REMOTE"), 13);
  assert.equal(remoteErrorDomainNumber("VIR_FROM_CH"), 72);
  assert.equal(remoteErrorDomainNumber("VIR_FROM_ELSEWHERE"), undefined);
});
