/**
 * `drover run`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { ParamsOf } from "../../runtime/control/methods.ts";
import type { RunFlags } from "../commands/run.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { plain, plainJson } from "../output/plain.ts";
import { stateDirectory } from "../settings.ts";
import { followRun } from "./follow.ts";
import { recipeHosts } from "./recipe_hosts.ts";
import { recipeInput } from "./recipe_input.ts";
import { recipePath } from "./recipe_path.ts";
import { secretSources } from "./secret_sources.ts";

/** Runs a recipe and follows it, or leaves it running. */
export async function runRecipe(this: DroverContext, flags: RunFlags, file: string): Promise<void> {
  const { io } = this;
  if (flags.check === true) {
    const { planRecipe } = await import("./plan.ts");
    return await planRecipe.call(this, flags, file);
  }
  const params = await startParams(this, { flags, file });
  if (flags.detach === true) return await startDetached(this, { flags, params });
  await using control = await this.openControl({
    io,
    stateDirectory: stateDirectory(io, flags.stateDir),
    recipe: { recipe: params.file, level: flags.sandbox ?? "best" },
    uris: Object.values(params.hosts),
  });
  const ended = await followRun(this, {
    control,
    format: flags.output ?? "table",
    owns: true,
    noPrompt: flags.noPrompt,
    begin: (options) => control.request("runs.start", params, options),
  });
  if (flags.outputFile === undefined) return;
  if (ended.state === "done") await writeResult(flags.outputFile, ended.result);
  // Of a fleet that failed it says who is left, and feeds the next run.
  else if (ended.error?.detail !== undefined) await writeResult(flags.outputFile, ended.error.detail);
}

async function startParams(
  { io }: DroverContext,
  { flags, file }: { readonly flags: RunFlags; readonly file: string },
): Promise<ParamsOf<"runs.start">> {
  return {
    file: await recipePath(file),
    hosts: await recipeHosts(io, flags),
    ...await recipeInput(io, flags),
    grants: [
      ...(flags.allow ?? []),
      ...(flags.policy === undefined ? [] : await (await import("./policy.ts")).readPolicy(io, flags.policy)),
    ],
    grantNeeds: flags.yes ?? false,
    ...await secretSources(io, flags),
    sandbox: flags.sandbox ?? "best",
    detach: flags.detach ?? false,
  };
}

/** A detached run needs a kernel that outlives this process. */
async function startDetached(
  context: DroverContext,
  { flags, params }: { readonly flags: RunFlags; readonly params: ParamsOf<"runs.start"> },
): Promise<void> {
  const { io } = context;
  const { ensureKernel } = await import("../kernel.ts");
  const directory = stateDirectory(io, flags.stateDir);
  await ensureKernel(directory);
  await using control = await context.openControl({ io, stateDirectory: directory });
  const run = await withInterrupt(
    context,
    (signal, interrupt) =>
      control.request("runs.start", params, {
        signal,
        ...askersFor({ io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt }),
      }),
  );
  const format = flags.output ?? "table";
  if (format === "table" || format === "wide") {
    io.stdout.write(`run ${plain(run.id)}  started; watch it with: drover runs watch ${plain(run.id)}\n`);
    return;
  }
  const { printOne } = await import("../output/format.ts");
  await printOne(run, { kind: "run", columns: [], name: ({ id }) => id }, { io, format });
}

/** A text as it is, a web page for instance; anything else as JSON. */
async function writeResult(file: string, result: unknown): Promise<void> {
  const content = typeof result === "string" ? result : plainJson(result ?? null, 2);
  try {
    await Deno.writeTextFile(file, content.endsWith("\n") ? content : `${content}\n`);
  } catch (error) {
    throw new VirtError("operation-failed", `Cannot write the result to "${file}"`, { cause: error });
  }
}
