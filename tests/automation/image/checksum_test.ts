import assert from "node:assert/strict";
import { checksumIn, checksumText } from "../../../automation/image/checksum.ts";
import { isVirtError } from "../../../model/error.ts";

const [one, other] = ["1".repeat(64), "a".repeat(64)];
const long = "b".repeat(128);

function found(list: string, name = "disk.qcow2"): string {
  try {
    return checksumText(checksumIn(list, { name, from: '"LIST"' }));
  } catch (error) {
    assert.ok(isVirtError(error), String(error));
    return error.code;
  }
}

Deno.test("a checksum is found in what sha256sum, sha512sum and BSD write", () => {
  assert.equal(found(`${other}  other.qcow2\n${one}  disk.qcow2\n`), `sha256:${one}`);
  assert.equal(found(`${one} *disk.qcow2\r\n`), `sha256:${one}`);
  assert.equal(found(`${one}  ./images/disk.qcow2\n`), `sha256:${one}`);
  assert.equal(found(`SHA256 (disk.qcow2) = ${one.toUpperCase()}\n`), `sha256:${one}`);
  assert.equal(
    found(`# comment\n-----BEGIN PGP SIGNED MESSAGE-----\n\nSHA512 (disk.qcow2) = ${long}\n`),
    `sha512:${long}`,
  );
  assert.equal(found(`${one}\n`), `sha256:${one}`);
  assert.equal(found(`${one}  disk.qcow2\n${long}  disk.qcow2\n`), `sha512:${long}`);
});

Deno.test("what is not in the list, or is there twice, is not guessed", () => {
  assert.equal(found(""), "not-found");
  assert.equal(found(`${one}  disk.qcow2.old\n`), "not-found");
  assert.equal(found(`${one.slice(1)}  disk.qcow2\n`), "not-found");
  assert.equal(found("<html>404</html>"), "not-found");
  assert.equal(found(`${one}\n${other}\n`), "not-found");
  assert.equal(found(`${one}  disk.qcow2\n${other}  disk.qcow2\n`), "invalid-argument");
  assert.equal(found(`${one}  disk.qcow2\n${one}  old/disk.qcow2\n`), `sha256:${one}`);
});
