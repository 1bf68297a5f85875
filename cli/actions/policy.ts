/**
 * Policy files: grants that are kept in a file.
 *
 * Plain text has grants as `--allow` takes them, any number on a line; a line that begins with `#` is a remark. YAML and
 * JSON say which principal is granted what; see `runtime/permission/policy.ts`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { formatGrant, parseGrants } from "../../runtime/permission/mod.ts";
import type { Io } from "../io.ts";
import { principal } from "../kernel.ts";
import { readDocument } from "../operations/document.ts";

/**
 * The grants of a policy file.
 *
 * @throws {VirtError} `invalid-argument` with file and line where one cannot be read.
 */
export async function readPolicy(io: Io, file: string): Promise<readonly string[]> {
  const text = await readDocument(io, file);
  if (/\.(ya?ml|json)$/i.test(file)) {
    const { parsePolicy } = await import("../../runtime/permission/policy.ts");
    return parsePolicy(text, { file, now: Date.now() }).grantsFor(principal()).map(formatGrant);
  }
  const grants = lines(text);
  for (const { grant, line } of grants) checkGrant(grant, { file, line });
  return grants.map(({ grant }) => grant);
}

/** A grant, and the line where it stands. */
interface Stated {
  readonly grant: string;
  readonly line: number;
}

function lines(text: string): readonly Stated[] {
  return text.split(/\r?\n/).map((grant, index) => ({ grant: grant.trim(), line: index + 1 }))
    .filter(({ grant }) => grant !== "" && !grant.startsWith("#"));
}

function checkGrant(grant: string, at: { readonly file: string; readonly line: number }): void {
  try {
    parseGrants(grant, { now: Date.now() });
  } catch (error) {
    if (!(error instanceof VirtError)) throw error;
    throw new VirtError("invalid-argument", error.message, {
      at,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
