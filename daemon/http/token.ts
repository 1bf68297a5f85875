/**
 * Tokens: what a client of the HTTP API shows to be let in, and what is kept of it.
 *
 * A token is `drover_ID_SECRET`. The id finds its line in the file; of the secret only a hash is kept. It has 256 bits of
 * chance, so that a fast hash is enough: there is nothing to guess.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { type Right, rights } from "./rights.ts";

const instant = z.iso.datetime();

/** What is kept of a token. */
export const storedToken = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
  /** SHA-256 of the secret, in hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** What operations it may call, as `--allow` has it. */
  grants: z.array(z.string().max(4096)).max(256),
  rights: z.array(z.enum(rights)),
  created: instant,
  expires: instant.optional(),
  revoked: instant.optional(),
});

/** What is kept of a token. */
export type StoredToken = z.output<typeof storedToken>;

/** What a token is made of. */
export interface NewToken {
  readonly name: string;
  readonly grants: readonly string[];
  readonly rights: readonly Right[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds since 1970. @default never */
  readonly expires?: number;
}

const shape = /^drover_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** Compared with where there is no such token, so that whoever asks cannot tell by the time that it takes. */
const nobody = Buffer.alloc(32);

/**
 * Makes a token.
 *
 * @returns the token itself, to be told once, and what is kept of it
 * @throws {VirtError} `invalid-argument` for a name that cannot be one.
 */
export function makeToken(
  { name, grants, rights, now, expires }: NewToken,
): { readonly token: string; readonly stored: StoredToken } {
  const id = randomBytes(6).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  const parsed = storedToken.safeParse({
    id,
    name,
    hash: hashOf(secret).toString("hex"),
    grants: [...grants],
    rights: [...new Set(rights)],
    created: new Date(now).toISOString(),
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
  });
  if (!parsed.success) {
    throw new VirtError("invalid-argument", `Cannot make a token for "${name}": it is no name for one`, {
      hint: "Names have up to 64 letters, digits, dots, dashes and underscores",
      cause: z.prettifyError(parsed.error),
    });
  }
  return { token: `drover_${id}_${secret}`, stored: parsed.data };
}

/** The id in a token; `undefined` where a text is none. */
export function idIn(token: string): string | undefined {
  return shape.exec(token)?.[1];
}

/** Whether a token is the one of which `stored` was kept. Takes the same time whatever it is compared with. */
export function matches(token: string, stored: Pick<StoredToken, "hash"> | undefined): boolean {
  const kept = stored === undefined ? nobody : Buffer.from(stored.hash, "hex");
  const same = timingSafeEqual(hashOf(shape.exec(token)?.[2] ?? ""), kept);
  return same && stored !== undefined;
}

/** Why a token is not good any more; `undefined` where it is. */
export function endOf(
  { revoked, expires }: Pick<StoredToken, "revoked" | "expires">,
  now: number,
): "revoked" | "expired" | undefined {
  if (revoked !== undefined) return "revoked";
  return expires !== undefined && now >= Date.parse(expires) ? "expired" : undefined;
}

/** On whose behalf a token acts. */
export function principalOf({ name }: Pick<StoredToken, "name">): string {
  return `token:${name}`;
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
