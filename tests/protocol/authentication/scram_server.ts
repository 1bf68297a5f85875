/**
 * The server's side of SCRAM-SHA-256 (RFC 5802), written after the RFC and not after our client.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** A server that knows one user. */
export class ScramServer {
  readonly #user: string;
  readonly #salted: Buffer;
  readonly #challenge: string;
  #clientFirstBare = "";
  #serverFirst = "";

  constructor({ user, password, iterations = 4096 }: {
    readonly user: string;
    readonly password: string;
    readonly iterations?: number;
  }) {
    const salt = randomBytes(16);
    this.#user = user.normalize("NFKC");
    this.#salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
    this.#challenge = `${randomBytes(9).toString("base64")},s=${salt.toString("base64")},i=${iterations}`;
  }

  /** The answer to what the client says first. */
  challenge(clientFirst: string): string {
    const [, name = "", nonce = ""] = /^n,,(n=[^,]*),(r=[!-+\--~]+)$/.exec(clientFirst) ?? [];
    const user = name.slice(2).replaceAll("=2C", ",").replaceAll("=3D", "=");
    if (user !== this.#user) throw new Error(`unknown user "${user}" in ${JSON.stringify(clientFirst)}`);
    this.#clientFirstBare = `${name},${nonce}`;
    this.#serverFirst = `${nonce}${this.#challenge}`;
    return this.#serverFirst;
  }

  /** The answer to the client's proof: the server's own, or an error. */
  check(clientFinal: string): string {
    const [, withoutProof = "", nonce, proof = ""] = /^(c=biws,(r=[^,]+)),p=(.+)$/.exec(clientFinal) ?? [];
    if (nonce !== this.#serverFirst.split(",")[0]) return "e=other-error";
    const said = [this.#clientFirstBare, this.#serverFirst, withoutProof].join(",");
    const sign = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
    const clientKey = sign(this.#salted, "Client Key");
    const mask = sign(createHash("sha256").update(clientKey).digest(), said);
    const shown = Buffer.from(Buffer.from(proof, "base64").map((byte, at) => byte ^ (mask[at] ?? 0)));
    if (!shown.equals(clientKey)) return "e=invalid-proof";
    return `v=${sign(sign(this.#salted, "Server Key"), said).toString("base64")}`;
  }
}
