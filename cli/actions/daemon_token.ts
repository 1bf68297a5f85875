/**
 * `drover daemon token …`: who may use the HTTP API.
 *
 * @module
 */
import { resolve } from "node:path";
import { endOf, makeToken, type StoredToken } from "../../daemon/http/token.ts";
import { changeTokens, defaultTokenFile, readTokens } from "../../daemon/http/token_file.ts";
import { VirtError } from "../../model/error.ts";
import { parseAllGrants } from "../../runtime/permission/mod.ts";
import type { CreateTokenFlags, TokenFlags } from "../commands/daemon.ts";
import type { DroverContext } from "../context.ts";
import { readDaemonSettings } from "../daemon_settings.ts";
import type { Io } from "../io.ts";
import { table } from "../output/table.ts";
import { stateDirectory } from "../settings.ts";

/** Makes a token and prints it, alone on a line. */
export async function createToken(this: DroverContext, flags: CreateTokenFlags, name: string): Promise<void> {
  const { io } = this;
  const { allow: grants = [], right: rights = [], expires: lifeMs } = flags;
  // What is wrong with a grant is said now, and not to whoever uses the token.
  parseAllGrants(grants);
  const now = Date.now();
  const { token, stored } = makeToken({
    ...{ name, grants, rights, now },
    ...(lifeMs === undefined ? {} : { expires: now + lifeMs }),
  });
  await changeTokens(tokenFile(io, flags), (tokens) => {
    if (tokens.some((each) => each.name === name && endOf(each, now) === undefined)) {
      throw new VirtError("already-exists", `Cannot make the token "${name}": there is one of that name`, {
        hint: `Revoke it first with: drover daemon token revoke ${name}`,
      });
    }
    return [...tokens, stored];
  });
  if (grants.length === 0 && rights.length === 0) {
    io.stderr.write("It may do nothing yet but ask: grant something with --allow or --right\n");
  }
  io.stdout.write(`${token}\n`);
}

/** Lists the tokens, without what would let anybody in. */
export function listTokens(this: DroverContext, flags: TokenFlags): void {
  const { io } = this;
  const now = Date.now();
  const rows = readTokens(tokenFile(io, flags)).map((token) => [
    token.name,
    token.id,
    endOf(token, now) ?? "good",
    token.expires ?? "never",
    token.rights.join(","),
    token.grants.join(" "),
  ]);
  io.stdout.write(table(["Name", "Id", "State", "Expires", "Rights", "Grants"], rows));
}

/** Revokes the token of a name. */
export async function revokeToken(this: DroverContext, flags: TokenFlags, name: string): Promise<void> {
  const { io } = this;
  const now = Date.now();
  const isMeant = (token: StoredToken): boolean => token.name === name && endOf(token, now) === undefined;
  await changeTokens(tokenFile(io, flags), (tokens) => {
    if (!tokens.some(isMeant)) {
      throw new VirtError("not-found", `Cannot revoke the token "${name}": there is none that is good`, {
        hint: "List them with: drover daemon token list",
      });
    }
    return tokens.map((token) => isMeant(token) ? { ...token, revoked: new Date(now).toISOString() } : token);
  });
  io.stderr.write(`Token "${name}" is of no use any more\n`);
}

function tokenFile(io: Io, { file, config, stateDir }: TokenFlags): string {
  const named = file ?? readDaemonSettings(io, config).settings.http_token_file;
  return named === "" ? defaultTokenFile(resolve(stateDirectory(io, stateDir))) : named;
}
