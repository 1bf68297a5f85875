/**
 * The hidden `drover __complete WORD…`: what may stand in place of the last word, one per line, with what it means
 * behind a tab. The shells' completion scripts call it.
 *
 * @module
 */
import { proposeCompletions } from "@stricli/core";
import { arrange } from "../app.ts";
import type { DroverContext } from "../context.ts";
import { plain } from "../output/plain.ts";
import { completionWords } from "./words.ts";

/** Prints the completions of the last of `words`. */
export async function complete(words: readonly string[], context: DroverContext): Promise<void> {
  const partial = words.at(-1) ?? "";
  const { app, inputs } = await arrange(words.slice(0, -1), context);
  const completing = completionWords(inputs);
  const proposed = await proposeCompletions(app, [...inputs, partial], { ...context, completing });
  const seen = new Set<string>();
  // Flags come up when asked for by a dash, or where nothing else may stand.
  const named = proposed.filter(({ completion }) => !completion.startsWith("-"));
  const shown = partial.startsWith("-") || named.length === 0 ? proposed : named;
  for (const { completion, brief } of shown) {
    if (seen.has(completion) || completion.startsWith("__")) continue;
    seen.add(completion);
    context.io.stdout.write(`${plain(completion)}\t${plain(brief.split("\n")[0] ?? "")}\n`);
  }
}
