/**
 * The file of tokens: a line of JSON each. Only hashes are in it, and only its owner can write it.
 *
 * @module
 */
import { dirname } from "node:path";
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { messageOf } from "../../protocol/wording.ts";
import { replaceFile } from "../../runtime/state/durable_file.ts";
import { endOf, idIn, matches, type StoredToken, storedToken } from "./token.ts";

/** Whether others than its owner may write a file. */
const writableByOthers = 0o022;

/** Where tokens are where the settings name no file. */
export function defaultTokenFile(stateDirectory: string): string {
  return `${stateDirectory}/http-tokens`;
}

/**
 * Reads the text of a file of tokens.
 *
 * @throws {VirtError} `invalid-argument` with file and line.
 */
export function parseTokens(text: string, file: string): readonly StoredToken[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const parsed = storedToken.safeParse(jsonOf(line));
    if (parsed.success) return [parsed.data];
    throw new VirtError(
      "invalid-argument",
      `Cannot read the tokens in "${file}": line ${index + 1} is none`,
      {
        at: { file, line: index + 1 },
        hint: "Lines are made by: drover daemon token create",
        cause: z.prettifyError(parsed.error),
      },
    );
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The tokens of a file; none where it is not there.
 *
 * @throws {VirtError} `permission-denied` where others could write it, `invalid-argument` where it cannot be understood.
 */
export function readTokens(file: string): readonly StoredToken[] {
  let text: string;
  try {
    const { mode } = Deno.statSync(file);
    if (mode !== null && (mode & writableByOthers) !== 0) {
      throw new VirtError("permission-denied", `Cannot use the tokens in "${file}": others may write it`, {
        hint: `Take that away with: chmod 600 ${file}`,
      });
    }
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    if (cause instanceof VirtError) throw cause;
    throw new VirtError("permission-denied", `Cannot read the tokens in "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
  return parseTokens(text, file);
}

/**
 * Changes the tokens of a file. Of several at once each sees what the one before has done; whoever reads sees the file
 * before or after.
 *
 * @throws {VirtError} as {@linkcode readTokens} does; `operation-failed` where it cannot be written.
 */
export async function changeTokens(
  file: string,
  change: (tokens: readonly StoredToken[]) => readonly StoredToken[],
): Promise<void> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
    using lock = await Deno.open(`${file}.lock`, { create: true, write: true, mode: 0o600 });
    await lock.lock(true);
    const lines = change(readTokens(file)).map((token) => `${JSON.stringify(token)}\n`);
    await replaceFile(file, lines.join(""), { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof VirtError) throw cause;
    throw new VirtError(
      "operation-failed",
      `Cannot write the tokens in "${file}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The tokens of a file, read again whenever it has changed: a token that is revoked is of no use from then on. */
export class TokenBook {
  readonly #file: string;
  readonly #now: () => number;
  #stamp = "";
  #tokens: ReadonlyMap<string, StoredToken> = new Map();

  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /**
   * What is kept of a token that somebody shows; `undefined` where it is unknown, revoked or expired.
   *
   * @throws {VirtError} where the file cannot be used.
   */
  find(token: string): StoredToken | undefined {
    this.#refresh();
    const stored = this.#tokens.get(idIn(token) ?? "");
    if (!matches(token, stored) || stored === undefined) return undefined;
    return endOf(stored, this.#now()) === undefined ? stored : undefined;
  }

  /** Whether a token that was good is so still. */
  isGood({ id }: Pick<StoredToken, "id">): boolean {
    try {
      this.#refresh();
    } catch {
      return false;
    }
    const stored = this.#tokens.get(id);
    return stored !== undefined && endOf(stored, this.#now()) === undefined;
  }

  #refresh(): void {
    const stamp = stampOf(this.#file);
    if (stamp === this.#stamp && stamp !== "") return;
    this.#tokens = new Map();
    this.#stamp = "";
    this.#tokens = new Map(readTokens(this.#file).map((token) => [token.id, token]));
    this.#stamp = stamp;
  }
}

/** Changes whenever the file does: each change is a new file. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtime, mode } = Deno.statSync(file);
    return `${ino} ${size} ${mtime?.getTime()} ${mode}`;
  } catch {
    return "";
  }
}
