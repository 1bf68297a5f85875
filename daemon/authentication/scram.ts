/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), and of PLAIN (RFC 4616), for users of a file.
 *
 * @module
 */
import { createHash, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { VirtError } from "../../model/error.ts";
import { saslPrep } from "../../protocol/authentication/saslprep.ts";
import type { SaslServer, SaslStep } from "./sasl.ts";
import { hmac, type StoredPassword, type Users } from "./user_file.ts";

/** A way for a client to prove who it is. */
export type Mechanism = "SCRAM-SHA-256" | "PLAIN";

/** What the conversations are made with. */
export interface UserSaslOptions {
  /** Best first. `PLAIN` only where nobody else can listen. */
  readonly mechanisms: readonly Mechanism[];
  /** Whom the daemon knows, as of now. */
  readonly users: () => Users;
  /** Whether a user may in. @default everybody */
  readonly allows?: (user: string) => boolean;
  /** What makes this conversation unlike any other. @default 18 random bytes */
  readonly nonce?: string;
}

/** More than any client says. */
const mostBytes = 4096;

/** For names that nobody has: whoever asks must not see from the answer that nobody has them. */
const nobodysKey = randomBytes(32);

const derive = promisify(pbkdf2);

/** A conversation with one client. */
export class UserSasl implements SaslServer {
  readonly mechanisms: readonly string[];
  readonly #options: UserSaslOptions;
  #scram: ScramConversation | undefined;

  constructor(options: UserSaslOptions) {
    this.mechanisms = options.mechanisms;
    this.#options = options;
  }

  async start(mechanism: string, data: Uint8Array | undefined): Promise<SaslStep> {
    if (this.#scram !== undefined) throw fault("it begins twice");
    const chosen = this.#options.mechanisms.find((one) => one === mechanism);
    if (chosen === undefined) throw fault("it chose a mechanism that is not on offer");
    if (chosen === "PLAIN") return await this.#plain(textOf(data));
    this.#scram = new ScramConversation(this.#options);
    // A client that may not say anything at first is asked for its first word.
    return data === undefined ? { data: new Uint8Array(0) } : this.#scram.first(textOf(data));
  }

  step(data: Uint8Array | undefined): Promise<SaslStep> {
    const scram = this.#scram;
    if (scram === undefined) throw fault("it goes on with what it has not begun");
    const text = textOf(data);
    return Promise.resolve(scram.begun ? this.#last(scram, text) : scram.first(text));
  }

  #last(scram: ScramConversation, text: string): SaslStep {
    const { user, verdict } = scram.last(text);
    return { data: new TextEncoder().encode(verdict), user: this.#allowed(user) };
  }

  async #plain(text: string): Promise<SaslStep> {
    const [asWhom, user, password, ...more] = text.split("\0");
    if (asWhom === undefined || user === undefined || password === undefined || more.length > 0) {
      throw fault("its message is not one of PLAIN");
    }
    const name = saslPrep(user, "user name");
    if (asWhom !== "" && asWhom !== name) throw fault("it wants to act as somebody else");
    const stored = storedFor(name, this.#options.users());
    const salted = await derive(saslPrep(password, "password"), stored.salt, stored.iterations, 32, "sha256");
    const key = createHash("sha256").update(hmac(salted, "Client Key")).digest();
    if (!timingSafeEqual(key, stored.storedKey)) throw fault("its password is wrong, or nobody has its name");
    return { user: this.#allowed(name) };
  }

  #allowed(user: string): string {
    if (this.#options.allows?.(user) === false) {
      throw new VirtError("permission-denied", `user "${user}" is not in sasl_allowed_username_list`);
    }
    return user;
  }
}

/** The messages of SCRAM, in their order. */
class ScramConversation {
  readonly #options: UserSaslOptions;
  #said: {
    readonly user: string;
    readonly header: string;
    readonly firstBare: string;
    readonly serverFirst: string;
    readonly nonce: string;
    readonly stored: StoredPassword;
  } | undefined;

  constructor(options: UserSaslOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#said !== undefined;
  }

  /** Takes the client's first message, and asks for its proof. */
  first(message: string): SaslStep {
    const [, header = "", asWhom = "", firstBare = "", name = "", clientNonce = ""] =
      /^([ny],(a=[^,]*)?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/.exec(message) ?? [];
    // A client that binds a channel would be sure that nobody sits in between, which nobody here can tell it.
    if (header === "") throw fault("its first message is not one of SCRAM-SHA-256");
    const user = saslPrep(unescape(name), "user name");
    if (asWhom !== "" && unescape(asWhom.slice(2)) !== user) throw fault("it wants to act as somebody else");
    const stored = storedFor(user, this.#options.users());
    const nonce = `${clientNonce}${this.#options.nonce ?? randomBytes(18).toString("base64")}`;
    const serverFirst = `r=${nonce},s=${stored.salt.toBase64()},i=${stored.iterations}`;
    this.#said = { user, header, firstBare, serverFirst, nonce, stored };
    return { data: new TextEncoder().encode(serverFirst) };
  }

  /** Looks at the client's proof, and gives its own. */
  last(message: string): { readonly user: string; readonly verdict: string } {
    const said = this.#said;
    const [, withoutProof = "", channel = "", nonce = "", proof = ""] =
      /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^p][^,]*)*),p=([A-Za-z0-9+/=]+)$/.exec(message) ?? [];
    if (said === undefined || withoutProof === "") {
      throw fault("its last message is not one of SCRAM-SHA-256");
    }
    this.#said = undefined;
    if (nonce !== said.nonce || channel !== new TextEncoder().encode(said.header).toBase64()) {
      throw fault("its last message does not belong to its first");
    }
    const all = `${said.firstBare},${said.serverFirst},${withoutProof}`;
    const signature = hmac(said.stored.storedKey, all);
    const given = bytesOf(proof);
    const key = createHash("sha256").update(given.map((byte, at) => byte ^ (signature[at] ?? 0))).digest();
    if (given.length !== 32 || !timingSafeEqual(key, said.stored.storedKey)) {
      throw fault("its password is wrong, or nobody has its name");
    }
    return { user: said.user, verdict: `v=${hmac(said.stored.serverKey, all).toBase64()}` };
  }
}

/** What is kept of a user's password; of nobody's something that no password fits, always the same for a name. */
function storedFor(user: string, users: Users): StoredPassword {
  const stored = users.get(user);
  if (stored !== undefined) return stored;
  const [first] = users.values();
  const salt = hmac(nobodysKey, `salt ${user}`).slice(0, first?.salt.length ?? 16);
  return {
    iterations: first?.iterations ?? 65_536,
    salt,
    storedKey: hmac(nobodysKey, `stored ${user}`),
    serverKey: hmac(nobodysKey, `server ${user}`),
  };
}

function unescape(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw fault("the name in it is not escaped as it must be");
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function textOf(data: Uint8Array | undefined): string {
  if (data === undefined || data.length > mostBytes) throw fault("it says nothing, or too much");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    throw fault("it says what is no text", cause);
  }
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw fault("its proof is not in base64", cause);
  }
}

function fault(what: string, cause?: unknown): VirtError {
  return new VirtError(
    "permission-denied",
    `Cannot believe the client: ${what}`,
    cause === undefined ? {} : { cause },
  );
}
