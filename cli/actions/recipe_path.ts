/**
 * The recipe that a command line names.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";

/**
 * A recipe's real path: what runs must not depend on where the kernel happens to be.
 *
 * @throws {VirtError} `not-found`, or `invalid-argument` where it is no file.
 */
export async function recipePath(file: string): Promise<string> {
  try {
    const path = await Deno.realPath(file);
    if ((await Deno.stat(path)).isFile) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new VirtError("operation-failed", `Cannot read the recipe "${file}"`, { cause: error });
    }
    throw new VirtError("not-found", `Cannot run "${file}": no such file`, {
      hint: "Begin a recipe with: drover new recipe NAME",
    });
  }
  throw new VirtError("invalid-argument", `Cannot run "${file}": it is not a file`);
}
