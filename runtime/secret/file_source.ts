/**
 * Values out of files.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { secretBytes, type SecretValue, valueFrom } from "./value.ts";

/** What anybody but the owner may do to a file. */
const others = 0o077;

/**
 * Reads a value from a file of whoever the kernel runs as, or of root, that nobody else can read or write.
 *
 * @throws {VirtError} `not-found`, `permission-denied`, `operation-failed`
 */
export async function readSecretFile(path: string, about: string): Promise<SecretValue> {
  const failed = (
    code: "not-found" | "permission-denied" | "operation-failed",
    found: string,
    hint?: string,
  ): VirtError =>
    new VirtError(code, `Cannot read secret "${about}" from "${path}": ${found}`, {
      ...(hint === undefined ? {} : { hint }),
    });
  try {
    // Opening what is no file may wait for whoever is at its other end.
    if (!(await Deno.stat(path)).isFile) throw failed("operation-failed", "it is not a regular file");
    using file = await Deno.open(path);
    const { isFile, mode, uid } = await file.stat();
    if (!isFile) throw failed("operation-failed", "it is not a regular file");
    const self = Deno.uid();
    if (uid !== null && self !== null && uid !== self && uid !== 0) {
      throw failed("permission-denied", `it belongs to user ${uid}`, "Take a file of your own");
    }
    if (mode !== null && (mode & others) !== 0) {
      throw failed(
        "permission-denied",
        `others can get at it (its mode is ${(mode & 0o777).toString(8).padStart(4, "0")})`,
        `Take their rights away: chmod 600 ${path}`,
      );
    }
    return valueFrom(await head(file), about);
  } catch (error) {
    if (error instanceof VirtError) throw error;
    if (error instanceof Deno.errors.NotFound) throw failed("not-found", "there is no such file");
    if (error instanceof Deno.errors.PermissionDenied) {
      throw failed("permission-denied", "it may not be read");
    }
    throw failed("operation-failed", "it cannot be read");
  }
}

/** What stands at the beginning, one byte more than a value may have. */
async function head(file: Deno.FsFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(secretBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
