/**
 * Data files of a recipe.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { Session } from "./session.ts";

/**
 * Reads the data files that the recipe has declared in `files`, and no others. Names are relative to the recipe's own
 * file, written as they were declared.
 *
 * @example
 * ```ts
 * import { recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Define a domain from a file",
 *   needs: ["domain:write"],
 *   files: ["web.xml"],
 *   async run({ host, files }) {
 *     return await host.defineDomain({ xml: await files.text("web.xml") });
 *   },
 * });
 * ```
 */
export interface Files {
  /** The file's content as it is. */
  bytes(name: string): Promise<Uint8Array>;
  /** The file as text in UTF-8. */
  text(name: string): Promise<string>;
  /** The file as JSON. Check what it holds: `schema.parse(await files.json("hosts.json"))`. */
  json(name: string): Promise<unknown>;
}

/** The files of a run. */
export function makeFiles(session: Session): Files {
  const bytes = async (name: string): Promise<Uint8Array> => {
    const { value } = await session.file(name);
    if (value instanceof Uint8Array) return value;
    throw new VirtError("internal", `Cannot read file "${name}": the answer holds no bytes`);
  };
  const text = async (name: string): Promise<string> => new TextDecoder().decode(await bytes(name));
  return {
    bytes,
    text,
    async json(name: string): Promise<unknown> {
      const source = await text(name);
      try {
        return JSON.parse(source);
      } catch (error) {
        throw new VirtError("invalid-document", `Cannot read file "${name}" as JSON`, {
          cause: error instanceof Error ? error.message : String(error),
        });
      }
    },
  };
}
