/**
 * `drover plan`.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import type { RunEvent } from "../../runtime/control/methods.ts";
import type { PlanFlags } from "../commands/run.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { printList } from "../output/format.ts";
import { nearPath } from "../output/path.ts";
import { plain } from "../output/plain.ts";
import { presentContent } from "../plan/present.ts";
import { rehearse } from "../plan/rehearsal.ts";
import { namedConnections, stateDirectory } from "../settings.ts";
import { spoken } from "../words.ts";
import { exitOfRun } from "./follow.ts";
import { recipeInput } from "./recipe_input.ts";
import { recipePath } from "./recipe_path.ts";

type Step = Extract<RunEvent, { readonly type: "operation" }>;

/** Rehearses a recipe on a copy of what the connections have, and prints what it did or what grants it needed. */
export async function planRecipe(this: DroverContext, flags: PlanFlags, file: string): Promise<void> {
  const { io } = this;
  const format = flags.output ?? "table";
  const path = await recipePath(file);
  const hosts = namedConnections(io, flags.connect ?? []);
  const given = await recipeInput(io, flags);
  await using control = await this.openControl({ io, stateDirectory: stateDirectory(io, flags.stateDir) });
  const { run, steps, grants, unstated } = await withInterrupt(this, async (signal, interrupt) => {
    const asking = askersFor({ io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt });
    const uris = [...new Set(Object.values(hosts))];
    const contents = new Map(
      await Promise.all(uris.map(async (uri) => {
        return [uri, await presentContent(control, { ...asking, uri, signal })] as const;
      })),
    );
    return await rehearse({ file: path, ...given, contents, hosts, signal });
  });
  if (flags.permissions === true) {
    if (format === "table" || format === "wide") {
      for (const grant of grants) io.stdout.write(`--allow ${plain(shellWord(grant))}\n`);
    } else {
      await printList(grants, { kind: "plan.permissions", columns: [], name: (grant) => grant }, {
        io,
        format,
      });
    }
  } else {
    const writes = steps.filter((step): step is Step => step.type === "operation" && step.effect === "write");
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
  if (unstated.length > 0) {
    io.stderr.write(`The recipe does not state that it needs ${plain(unstated.join(", "))}\n`);
  }
  if (run.error === undefined) return;
  io.stderr.write(`The rehearsal of ${plain(nearPath(path))} ended early; beyond that nothing is known.\n`);
  io.stderr.write(`${errorText(fromErrorData(run.error), painter(io, io.stderr))}\n`);
  this.leaveWith(exitOfRun(run));
}

/** A word for a shell's command line. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:,=+%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
