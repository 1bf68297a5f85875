/**
 * Live names for completions: the objects that the connection has right now.
 *
 * @module
 */
import type { ObjectClass } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import type { DroverContext } from "../context.ts";
import { targetClasses } from "../../runtime/control/addressing.ts";
import { connectionUri, stateDirectory } from "../settings.ts";

/** The words before the one that is being completed, as the hidden `__complete` command got them. */
export interface CompletionWords {
  readonly uri?: string;
  readonly stateDir?: string;
  /** The positional arguments already given. */
  readonly positionals: readonly string[];
}

/** Names that may stand next. */
export function proposeNames(
  context: DroverContext,
  operation: Operation,
  partial: string,
): Promise<readonly string[]> {
  return proposeObjects(context, { classes: targetClasses(operation), partial });
}

/**
 * Names of objects of the first class, then of the second within the first, and so on, by what stands already. Silent about
 * every error: a completion that complains is worse than none.
 */
export async function proposeObjects(
  context: DroverContext,
  { classes, partial }: { readonly classes: readonly ObjectClass[]; readonly partial: string },
): Promise<readonly string[]> {
  const words = context.completing ?? { positionals: [] };
  const objectClass = classes[words.positionals.length];
  if (objectClass === undefined) return [];
  const parent = words.positionals.at(-1);
  try {
    await using control = await context.openControl({
      io: context.io,
      stateDirectory: stateDirectory(context.io, words.stateDir),
    });
    const names = await control.request("objects.names", {
      uri: connectionUri(context.io, words.uri),
      objectClass,
      ...(parent === undefined ? {} : { parent }),
    });
    return names.filter((name) => name.startsWith(partial));
  } catch {
    return [];
  }
}
