/**
 * The data files of a recipe as files of this machine, for operations that send a file as a whole: what a recipe may read
 * it may also have sent, and its bytes need not pass through it.
 *
 * @module
 */
import { join } from "node:path";
import { recipeFileScheme } from "../../model/channel.ts";
import { operations } from "../../model/operations/mod.ts";
import type { Authority, ReachUse } from "../call.ts";
import type { CallMessage } from "./step_identity.ts";

/** The data files that one recipe has declared. */
export class OwnFiles {
  readonly #names: ReadonlySet<string>;
  readonly #folder: () => string;
  readonly #paths = new Set<string>();

  /**
   * @param names as the recipe has declared them
   * @param folder the real path of the folder that they are in; asked for when one is sent
   */
  constructor(names: readonly string[], folder: () => string) {
    this.#names = new Set(names);
    this.#folder = folder;
  }

  /** A call with paths in the place of its recipe's own files. What was not declared stays as it is, and is refused. */
  resolved(message: CallMessage): CallMessage {
    const { input } = message;
    const places = Object.entries(operations.get(message.operation)?.places ?? {});
    const fields = places.filter(([, kind]) => kind === "local_read").map(([field]) => field);
    if (fields.length === 0 || typeof input !== "object" || input === null) return message;
    const found = fields.flatMap((field) => {
      const path = this.#path(Object.getOwnPropertyDescriptor(input, field)?.value);
      return path === undefined ? [] : [[field, path] as const];
    });
    return found.length === 0 ? message : { ...message, input: { ...input, ...Object.fromEntries(found) } };
  }

  /** An authority that lets the recipe's own files be read without a grant of their paths. */
  allowedBy(authority: Authority): Authority {
    return {
      check: (use) => authority.check(use),
      sees: (use) => authority.sees(use),
      get readsDefinitions(): boolean {
        return authority.readsDefinitions === true;
      },
      checkReach: (use) => authority.checkReach(this.#withoutOwn(use)),
    };
  }

  #path(value: unknown): string | undefined {
    if (typeof value !== "string" || !value.startsWith(recipeFileScheme)) return undefined;
    const name = value.slice(recipeFileScheme.length);
    if (!this.#names.has(name)) return undefined;
    const folder = this.#folder();
    const path = join(folder, name);
    // Whoever opens it follows no links, so that what is said here is what is read.
    if (!path.startsWith(`${folder}/`) || path.slice(folder.length).includes("/.")) return undefined;
    this.#paths.add(path);
    return path;
  }

  #withoutOwn(use: ReachUse): ReachUse {
    const { places } = use;
    if (places === undefined) return use;
    const others = places.filter(({ kind, value }) => kind !== "local_read" || !this.#paths.has(value));
    return { ...use, places: others };
  }
}
