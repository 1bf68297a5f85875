/**
 * `drover plan`.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import type { RunEvent } from "../../runtime/control/methods.ts";
import type { PlanFlags, RecipeFlags } from "../commands/run.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { printList } from "../output/format.ts";
import { nearPath } from "../output/path.ts";
import { plain } from "../output/plain.ts";
import { changesText } from "../plan/changes_text.ts";
import { presentContent } from "../plan/present.ts";
import { type Rehearsal, rehearse } from "../plan/rehearsal.ts";
import { stateDirectory } from "../settings.ts";
import { spoken } from "../words.ts";
import { exitOfRun } from "./follow.ts";
import { recipeHosts } from "./recipe_hosts.ts";
import { recipeInput } from "./recipe_input.ts";
import { recipePath } from "./recipe_path.ts";

type Step = Extract<RunEvent, { readonly type: "operation" }>;

/**
 * Rehearses a recipe on a copy of what the connections have. That is read with grants that hold no verb which changes
 * anything, and the copy is all that the recipe reaches.
 */
export async function rehearsed(
  context: DroverContext,
  { flags, file }: { readonly flags: RecipeFlags; readonly file: string },
): Promise<Rehearsal> {
  const { io } = context;
  const path = await recipePath(file);
  const hosts = await recipeHosts(io, flags);
  const given = await recipeInput(io, flags);
  await using control = await context.openControl({
    io,
    stateDirectory: stateDirectory(io, flags.stateDir),
  });
  return await withInterrupt(context, async (signal, interrupt) => {
    const asking = askersFor({ io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt });
    const uris = [...new Set(Object.values(hosts))];
    const contents = new Map(
      await Promise.all(uris.map(async (uri) => {
        return [uri, await presentContent(control, { ...asking, uri, signal })] as const;
      })),
    );
    return await rehearse({ file: path, ...given, contents, hosts, signal });
  });
}

/** Rehearses a recipe, and prints what it would change and do, or what grants it needed. */
export async function planRecipe(this: DroverContext, flags: PlanFlags, file: string): Promise<void> {
  const { io } = this;
  const format = flags.output ?? "table";
  const path = await recipePath(file);
  const { run, steps, grants, unstated, plans } = await rehearsed(this, { flags, file });
  const isForPeople = format === "table" || format === "wide";
  const isPending = plans.some(({ action }) => action !== "none");
  if (flags.permissions === true) {
    if (format === "table" || format === "wide") {
      for (const grant of grants) io.stdout.write(`--allow ${plain(shellWord(grant))}\n`);
    } else {
      await printList(grants, { kind: "plan.permissions", columns: [], name: (grant) => grant }, {
        io,
        format,
      });
    }
  } else if (flags.changes === true && !isForPeople) {
    await printList(plans, {
      kind: "plan.changes",
      columns: [],
      name: ({ kind, name }) => `${kind}/${name}`,
    }, { io, format });
  } else {
    if (isForPeople && (plans.length > 0 || flags.changes === true)) {
      io.stdout.write(changesText(plans, { diff: flags.diff }));
    }
    const writes = steps.filter((step): step is Step => step.type === "operation" && step.effect === "write");
    const isShown = flags.changes !== true && (writes.length > 0 || plans.length === 0 || !isForPeople);
    if (isShown) {
      await printList(writes, {
        kind: "plan.steps",
        columns: [
          { header: "Step", value: ({ step }) => String(step) },
          { header: "Object", value: ({ target }) => target ?? "" },
          { header: "Operation", value: ({ operation }) => spoken(operation.replace(".", " ")) },
          { header: "Outcome", value: ({ state }) => state },
        ],
        name: ({ operation }) => operation,
      }, { io, format });
    }
  }
  if (unstated.length > 0) {
    io.stderr.write(`The recipe does not state that it needs ${plain(unstated.join(", "))}\n`);
  }
  if (run.error === undefined) {
    if (isPending && flags.detailedExitcode === true) this.leaveWith(exitCode.changesPending);
    return;
  }
  io.stderr.write(`The rehearsal of ${plain(nearPath(path))} ended early; beyond that nothing is known.\n`);
  io.stderr.write(`${errorText(fromErrorData(run.error), painter(io, io.stderr))}\n`);
  this.leaveWith(exitOfRun(run));
}

/** A word for a shell's command line. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:,=+%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
