/**
 * Live names for completions: the objects that the connection has right now.
 *
 * @module
 */
import type { Operation } from "../../model/operation.ts";
import type { DroverContext } from "../context.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { defaultUri, stateDirectory } from "../settings.ts";

/** The words before the one that is being completed, as the hidden `__complete` command got them. */
export interface CompletionWords {
  readonly uri?: string;
  readonly stateDir?: string;
  /** The positional arguments already given. */
  readonly positionals: readonly string[];
}

/** Names that may stand next. Silent about every error: a completion that complains is worse than none. */
export async function proposeNames(
  context: DroverContext,
  operation: Operation,
  partial: string,
): Promise<readonly string[]> {
  const words = context.completing ?? { positionals: [] };
  const classes = targetClasses(operation);
  const objectClass = classes[words.positionals.length];
  if (objectClass === undefined) return [];
  const parent = words.positionals.at(-1);
  try {
    await using control = await context.openControl({
      io: context.io,
      stateDirectory: stateDirectory(context.io, words.stateDir),
    });
    const names = await control.request("objects.names", {
      uri: defaultUri(context.io, words.uri),
      objectClass,
      ...(parent === undefined ? {} : { parent }),
    });
    return names.filter((name) => name.startsWith(partial));
  } catch {
    return [];
  }
}
