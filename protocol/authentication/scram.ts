/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): proves to each side that the other knows the password, without showing it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { VirtError } from "../../model/error.ts";
import { printable } from "../wording.ts";
import { saslPrep } from "./saslprep.ts";

/** Fewer would make it easy to find the password from what was said (RFC 7677, section 4). */
const leastIterations = 4_096;

/** More would keep us busy for as long as the server likes. */
const mostIterations = 1_000_000;

/** Longer than any that a server makes, in bytes. */
const mostSaltBytes = 1_024;

/** No channel is bound, and none could be: libvirt's servers do not know how. */
const channel = "n,,";

const derive = promisify(pbkdf2);

/** Who we are. */
export interface ScramCredentials {
  readonly user: string;
  readonly password: string;
}

/** What can be chosen for tests. */
export interface ScramOptions {
  /** What makes this conversation unlike any other: printable, without commas. @default 24 random bytes */
  readonly nonce?: string;
}

/**
 * The client's side of one conversation.
 *
 * @example
 * ```ts
 * import { ScramClient } from "./scram.ts";
 * const client = new ScramClient({ user: "alice", password: "secret" });
 * client.first(); // n,,n=alice,r=…
 * ```
 */
export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  /** @throws {VirtError} `invalid-argument` where a name or password cannot be one. */
  constructor({ user, password }: ScramCredentials, { nonce }: ScramOptions = {}) {
    this.#password = saslPrep(password, "password");
    this.#nonce = nonce ?? randomBytes(24).toString("base64");
    const name = saslPrep(user, "user name").replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#firstBare = `n=${name},r=${this.#nonce}`;
  }

  /** What the client says first. */
  first(): string {
    return `${channel}${this.#firstBare}`;
  }

  /**
   * The proof that answers the server's first message.
   *
   * @throws {VirtError} `protocol` for whatever a well-behaved server would not say.
   */
  async prove(serverFirst: string): Promise<string> {
    const [nonce, salt, iterations] = this.#readChallenge(serverFirst);
    const salted = await derive(this.#password, salt, iterations, 32, "sha256");
    const clientKey = hmac(salted, "Client Key");
    const withoutProof = `c=${Buffer.from(channel).toString("base64")},r=${nonce}`;
    const said = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const signature = hmac(createHash("sha256").update(clientKey).digest(), said);
    const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
    this.#serverSignature = hmac(hmac(salted, "Server Key"), said);
    return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
  }

  /**
   * Looks at the server's proof: whoever does not know the password cannot make it.
   *
   * @throws {VirtError} `permission-denied` where the server says no, `protocol` where its proof is wrong.
   */
  verify(serverFinal: string): void {
    const [field = ""] = serverFinal.split(",");
    if (field.startsWith("e=")) {
      throw new VirtError("permission-denied", `The server refused: ${printable(field.slice(2))}`);
    }
    const signature = field.startsWith("v=") ? base64(field.slice(2)) : undefined;
    const expected = this.#serverSignature;
    if (signature === undefined || expected === undefined) throw fault("it gave no proof of its own");
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw fault("its proof is wrong: it does not know the password");
    }
  }

  #readChallenge(serverFirst: string): readonly [nonce: string, salt: Buffer, iterations: number] {
    const [first = "", second = "", third = ""] = serverFirst.split(",");
    // What a client must understand and does not (RFC 5802, section 5.1, "m").
    if (first.startsWith("m=")) throw fault("it demands an extension that is not known here");
    const nonce = first.startsWith("r=") ? first.slice(2) : "";
    if (
      !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length || !/^[\x21-\x7e]+$/.test(nonce)
    ) {
      throw fault("its nonce does not continue ours");
    }
    const salt = second.startsWith("s=") ? base64(second.slice(2)) : undefined;
    if (salt === undefined || salt.length === 0 || salt.length > mostSaltBytes) {
      throw fault("it gave no usable salt");
    }
    const iterations = /^i=([1-9]\d{0,9})$/.exec(third)?.[1];
    if (iterations === undefined) throw fault("it gave no number of iterations");
    if (Number(iterations) < leastIterations || Number(iterations) > mostIterations) {
      throw fault(
        `it asks for ${iterations} iterations, where ${leastIterations} to ${mostIterations} are accepted`,
      );
    }
    return [nonce, salt, Number(iterations)];
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

/** The bytes of a text in base64, where it is one and nothing else. */
function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function fault(what: string): VirtError {
  return new VirtError("protocol", `The server does not keep to SCRAM-SHA-256: ${what}`);
}
