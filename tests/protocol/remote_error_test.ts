import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import {
  fromRemoteError,
  remoteError,
  type RemoteErrorData,
  toRemoteError,
} from "../../protocol/remote_error.ts";
import { decode, encode } from "../../protocol/xdr/mod.ts";

const plain: RemoteErrorData = {
  code: 42,
  domain: 10,
  message: "Domain not found: no domain with matching name 'web-9'",
  level: 2,
  dom: undefined,
  str1: "Domain not found: %s",
  str2: "no domain with matching name 'web-9'",
  str3: undefined,
  int1: -1,
  int2: -1,
  net: undefined,
};

Deno.test("an answer that is an error becomes one with our code, its text and libvirt's name for it", () => {
  const error = fromRemoteError(plain);
  assert.equal(error.code, "not-found");
  assert.equal(error.message, "Domain not found: no domain with matching name 'web-9'");
  assert.equal(error.remoteCode, "VIR_ERR_NO_DOMAIN");
  assert.deepEqual(error.detail, { number: 42, from: "VIR_FROM_QEMU" });
});

Deno.test("a server that lacks a procedure does not support it", () => {
  for (const domain of [7, 13]) {
    const error = fromRemoteError({ ...plain, code: 39, domain, message: "unknown procedure: 453" });
    assert.deepEqual([error.code, error.remoteCode], ["unsupported", "VIR_ERR_NO_SUPPORT"]);
  }
  const elsewhere = fromRemoteError({ ...plain, code: 39, domain: 10, message: "unknown procedure: 453" });
  assert.equal(elsewhere.code, "protocol");
  const other = fromRemoteError({
    ...plain,
    code: 39,
    domain: 7,
    message: "Cannot find program 1 version 1",
  });
  assert.deepEqual([other.code, other.remoteCode], ["protocol", "VIR_ERR_RPC"]);
});

Deno.test("numbers that nobody knows yet are kept", () => {
  const error = fromRemoteError({ ...plain, code: 777, domain: 99 });
  assert.deepEqual([error.code, error.remoteCode], ["operation-failed", "VIR_ERR_777"]);
  assert.deepEqual(error.detail, { number: 777, from: "VIR_FROM_99" });
});

Deno.test("an error without text still says something, and one with far too much text ends", () => {
  assert.match(fromRemoteError({ ...plain, message: undefined }).message, /VIR_ERR_NO_DOMAIN/);
  assert.match(fromRemoteError({ ...plain, message: "" }).message, /VIR_ERR_NO_DOMAIN/);
  assert(fromRemoteError({ ...plain, message: "x".repeat(4194304) }).message.length < 20_000);
});

Deno.test("an error that goes out comes back as the same one", () => {
  const sent = new VirtError("wrong-state", 'Cannot start domain "web-1": it runs', {
    remoteCode: "VIR_ERR_OPERATION_INVALID",
    detail: { from: "VIR_FROM_TEST" },
  });
  const received = fromRemoteError(decode(remoteError, encode(remoteError, toRemoteError(sent))));
  assert.equal(received.code, sent.code);
  assert.equal(received.message, sent.message);
  assert.equal(received.remoteCode, sent.remoteCode);
  assert.deepEqual(received.detail, { number: 55, from: "VIR_FROM_TEST" });
});

Deno.test("any text of an error can be sent", () => {
  for (const message of ["a\0b", "\ud800", "x".repeat(5_000_000), `${"x".repeat(16_383)}😀`]) {
    const data = toRemoteError(new VirtError("internal", message));
    assert.doesNotThrow(() => encode(remoteError, data));
    assert.deepEqual([data.code, data.domain, data.level], [1, 7, 2]);
  }
});
