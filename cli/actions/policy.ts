/**
 * Policy files: grants that are kept in a file.
 *
 * Plain text has grants as `--allow` takes them, any number on a line; a line that begins with `#` is a remark. YAML and
 * JSON have a list under `grants`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { parseGrants } from "../../runtime/permission/mod.ts";
import type { Io } from "../io.ts";
import { readDocument } from "../operations/document.ts";

/**
 * The grants of a policy file.
 *
 * @throws {VirtError} `invalid-argument` with file and line where one cannot be read.
 */
export async function readPolicy(io: Io, file: string): Promise<readonly string[]> {
  const text = await readDocument(io, file);
  const grants = /\.(ya?ml|json)$/i.test(file) ? await structured(text, file) : lines(text);
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

async function structured(text: string, file: string): Promise<readonly Stated[]> {
  const { isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line ?? 1;
    throw new VirtError(
      "invalid-argument",
      `Cannot read the policy "${file}": ${fault.message.split("\n")[0] ?? ""}`,
      {
        at: { file, line },
      },
    );
  }
  const list = document.get("grants");
  if (!isSeq(list)) {
    throw new VirtError("invalid-argument", `Cannot read the policy "${file}": it has no list "grants"`, {
      at: { file, line: 1 },
    });
  }
  return list.items.map((item) => {
    const line = isScalar(item) && item.range ? lineCounter.linePos(item.range[0]).line : 1;
    if (isScalar(item) && typeof item.value === "string") return { grant: item.value, line };
    throw new VirtError("invalid-argument", `Cannot read the policy "${file}": a grant is a text`, {
      at: { file, line },
    });
  });
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
