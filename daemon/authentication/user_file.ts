/**
 * The users whom SASL knows: a line each, with what proves a password and does not give it away.
 *
 * A line is `NAME:SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY`, salt and keys in base64 (RFC 5803 has the same
 * parts).
 *
 * @module
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { VirtError } from "../../model/error.ts";
import { saslPrep } from "../../protocol/authentication/saslprep.ts";

/** What a server keeps of a password (RFC 5802, section 3). */
export interface StoredPassword {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What OWASP advises for PBKDF2 with SHA-256 is more; each client computes it too, at every connection. */
const usualIterations = 65_536;

const keyBytes = 32;

/** What is kept of a password. */
export function storePassword(password: string, { iterations = usualIterations, salt = randomBytes(16) }: {
  readonly iterations?: number;
  readonly salt?: Uint8Array;
} = {}): StoredPassword {
  const salted = pbkdf2Sync(saslPrep(password, "password"), salt, iterations, keyBytes, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  return { iterations, salt, storedKey, serverKey: hmac(salted, "Server Key") };
}

/** A keyed hash, as SCRAM-SHA-256 uses it everywhere. */
export function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

/** The users of a file. */
export type Users = ReadonlyMap<string, StoredPassword>;

const line =
  /^([^:\s][^:]*):SCRAM-SHA-256\$(\d{4,7}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/**
 * Reads the text of a file of users. Empty lines and those that begin with `#` say nothing.
 *
 * @throws {VirtError} `invalid-argument` with file and line.
 */
export function parseUsers(text: string, file: string): Users {
  const users = new Map<string, StoredPassword>();
  for (const [index, row] of text.split("\n").entries()) {
    if (row.trim() === "" || row.startsWith("#")) continue;
    const [, name = "", iterations = "", salt = "", storedKey = "", serverKey = ""] =
      line.exec(row.trimEnd()) ?? [];
    const stored = name === "" ? undefined : {
      iterations: Number(iterations),
      salt: bytesOf(salt),
      storedKey: bytesOf(storedKey),
      serverKey: bytesOf(serverKey),
    };
    if (stored?.storedKey.length !== keyBytes || stored.serverKey.length !== keyBytes) {
      throw new VirtError(
        "invalid-argument",
        `Cannot read the users in "${file}": line ${index + 1} is none`,
        {
          at: { file, line: index + 1 },
          hint: "Lines are made by: drover daemon password NAME",
        },
      );
    }
    users.set(name, stored);
  }
  return users;
}

/**
 * The line for a user.
 *
 * @throws {VirtError} `invalid-argument` for a name that cannot be in a line.
 */
export function userLine(name: string, { iterations, salt, storedKey, serverKey }: StoredPassword): string {
  if (!/^[^:\s#][^:\n\r]*$/.test(name)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot add the user "${name}": names are without colons and begin with a letter or digit`,
    );
  }
  return `${name}:SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

/** The bytes of a text in base64; none where it is not. */
function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return new Uint8Array(0);
  }
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64();
}
