/**
 * Where a recipe's secrets come from, as the command line and a policy file say it.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { checkedSource, parseBindings, type SecretBindings } from "../../runtime/secret/source.ts";
import type { Io } from "../io.ts";
import { readDocument } from "../operations/document.ts";

/** Who says where secrets come from. */
export interface SecretFlags {
  /** `NAME=SOURCE`. */
  readonly secret?: readonly string[];
  readonly policy?: string;
}

/** What is asked of the kernel with them. */
export interface SecretSources {
  /** Those that the recipe must have declared. */
  readonly secrets?: SecretBindings;
  /** Those of a file for many recipes, of which each takes what it has declared. */
  readonly secretOffers?: SecretBindings;
}

/**
 * Reads them.
 *
 * @throws {VirtError} `invalid-argument`; it never repeats what may be a value.
 */
export async function secretSources(
  io: Io,
  { secret = [], policy }: SecretFlags,
): Promise<SecretSources> {
  const secrets = parseBindings(secret, { folder: Deno.cwd() });
  const offers = policy === undefined || !/\.(ya?ml|json)$/i.test(policy) ? {} : await offersIn(io, policy);
  return {
    ...(secret.length === 0 ? {} : { secrets }),
    ...(Object.keys(offers).length === 0 ? {} : { secretOffers: offers }),
  };
}

/** The sources of a policy file; paths are relative to it. */
async function offersIn(io: Io, file: string): Promise<SecretBindings> {
  const { parsePolicy } = await import("../../runtime/permission/policy.ts");
  const { secrets } = parsePolicy(await readDocument(io, file), { file, now: Date.now() });
  const folder = dirname(resolve(file));
  return Object.fromEntries(
    Object.entries(secrets).map(([name, text]) => [name, checkedSource(text, { about: name, folder })]),
  );
}
