/**
 * Sources to which the kernel's owner has given names, in `secrets.yaml` of the state directory: the only ones that
 * remote callers and schedules may use.
 *
 *     dbPassword: file:/etc/drover/db-password
 *     registry: command:pass show registry
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { secretName } from "../../model/secret.ts";
import { parseSource, type SecretSource } from "./source.ts";

/** The file's name in the state directory. */
export const namedSourcesFile = "secrets.yaml";

/** The largest file, in bytes. */
const largestBytes = 1 << 20;

/**
 * The source of a name. The file is read each time, so that a change needs no restart.
 *
 * @throws {VirtError} `not-found` where there is no such name; `permission-denied` where others could write the file: a
 *   source may be a program; `invalid-argument`
 */
export async function namedSource(
  name: string,
  stateDirectory: string | undefined,
): Promise<SecretSource> {
  const unknown = (where: string): VirtError =>
    new VirtError("not-found", `Cannot find a source named "${name}": ${where}`, {
      hint: `Add a line to the file: ${name}: file:/PATH`,
    });
  if (stateDirectory === undefined) throw unknown("this kernel has no state directory");
  const path = `${stateDirectory}/${namedSourcesFile}`;
  const text = await readOwn(path);
  if (text === undefined) throw unknown(`there is no file "${path}"`);
  const { parse } = await import("yaml");
  let sources: unknown;
  try {
    sources = parse(text, { maxAliasCount: 0 });
  } catch {
    throw new VirtError("invalid-argument", `Cannot read "${path}": it is not YAML`);
  }
  if (typeof sources !== "object" || sources === null || Array.isArray(sources)) {
    throw new VirtError("invalid-argument", `Cannot read "${path}": it holds no names with their sources`);
  }
  const source: unknown = Object.hasOwn(sources, name) ? Reflect.get(sources, name) : undefined;
  if (typeof source !== "string" || !secretName.test(name)) throw unknown(`it is not in "${path}"`);
  const parsed = parseSource(source, name);
  if (parsed.kind === "named" || parsed.kind === "prompt") {
    throw new VirtError(
      "invalid-argument",
      `Cannot use "${name}" in "${path}": ${parsed.kind} is no source there`,
    );
  }
  return parsed;
}

async function readOwn(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const { mode, uid, size } = await file.stat();
    const self = Deno.uid();
    const isForeign = uid !== null && self !== null && uid !== self && uid !== 0;
    if (isForeign || ((mode ?? 0) & 0o022) !== 0) {
      throw new VirtError("permission-denied", `Cannot use "${path}": others may write it`, {
        hint: `Take their rights away: chmod go-w ${path}`,
      });
    }
    if (size > largestBytes) {
      throw new VirtError("invalid-argument", `Cannot read "${path}": it is too large`);
    }
    return await new Response(file.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
