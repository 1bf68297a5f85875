/**
 * The data files of a recipe, read on the runtime's side.
 *
 * @module
 */
import { channelLimits } from "../../model/channel.ts";
import { VirtError } from "../../model/error.ts";

/** What fits into a message as base64, with room for what stands around it. */
const fileLimit = Math.floor((channelLimits.frameBytes - 4096) * 3 / 4);

/**
 * Reads a data file that stands beside a recipe or below.
 *
 * @param recipe the recipe's path
 * @throws {VirtError} `not-found`; `permission-denied` where the file is not below the recipe's folder, or hidden;
 *   `budget-exceeded` where it is too large.
 */
export async function readRecipeFile(recipe: string, name: string): Promise<Uint8Array> {
  const folder = await Deno.realPath(recipe.replace(/[^/]*$/, "") || ".");
  const path = await realPath(name, folder);
  if (!path.startsWith(`${folder}/`)) {
    throw new VirtError("permission-denied", `Cannot read "${name}": it is outside the recipe's folder`);
  }
  if (/(^|\/)\./.test(path.slice(folder.length + 1))) {
    throw new VirtError("permission-denied", `Cannot read "${name}": hidden files are none of a recipe's`, {
      hint: "Give it a name without a dot at its beginning if it is the recipe's",
    });
  }
  const { size, isFile } = await Deno.stat(path);
  if (!isFile) throw new VirtError("invalid-argument", `Cannot read "${name}": it is not a file`);
  if (size > fileLimit) {
    throw new VirtError(
      "budget-exceeded",
      `Cannot read "${name}": it has ${size} bytes, and the limit is ${fileLimit}`,
    );
  }
  return await Deno.readFile(path);
}

async function realPath(name: string, folder: string): Promise<string> {
  try {
    return await Deno.realPath(name.startsWith("/") ? name : `${folder}/${name}`);
  } catch (cause) {
    throw new VirtError("not-found", `Cannot read "${name}": there is no such file beside the recipe`, {
      cause,
    });
  }
}
