/**
 * `drover runs …`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { ItemOf, ParamsOf, RunEvent, RunView } from "../../runtime/control/methods.ts";
import type { RunsFlags, RunsListFlags, RunsLogsFlags, RunsResumeFlags } from "../commands/runs.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { type Column, printList, printOne, schemaVersion, type Shape } from "../output/format.ts";
import { nearPath } from "../output/path.ts";
import { plain, plainJson } from "../output/plain.ts";
import { stateDirectory } from "../settings.ts";
import { formatDuration, formatMoment } from "../units.ts";
import { spoken } from "../words.ts";
import { followRun } from "./follow.ts";
import { secretSources } from "./secret_sources.ts";

function hosts(run: RunView): string {
  const entries = Object.entries(run.hosts);
  return entries.length === 1
    ? entries[0]?.[1] ?? ""
    : entries.map(([name, uri]) => `${name}=${uri}`).join(", ");
}

const runShape: Shape<RunView> = {
  kind: "run",
  columns: [
    { header: "Id", value: (run) => run.id },
    { header: "Recipe", value: (run) => nearPath(run.file) },
    { header: "On", value: hosts },
    { header: "State", value: (run) => run.state },
    { header: "Since", value: (run) => formatMoment(run.since) },
    { header: "Took", value: (run) => formatDuration((run.ended ?? Date.now()) - run.since) },
    { header: "For", value: (run) => run.principal, wide: true },
    { header: "Sandbox", value: (run) => run.isolation ?? "", wide: true },
    { header: "Exit", value: (run) => run.exit === undefined ? "" : String(run.exit), wide: true },
  ],
  name: (run) => run.id,
};

type Step = Extract<RunEvent, { readonly type: "operation" }>;

const stepColumns: readonly Column<Step>[] = [
  { header: "Step", value: (step) => String(step.step) },
  { header: "Object", value: (step) => step.target ?? "" },
  { header: "Operation", value: (step) => spoken(step.operation.replace(".", " ")) },
  { header: "State", value: (step) => step.state },
  { header: "At", value: (step) => formatMoment(step.at) },
  { header: "Error", value: (step) => step.error?.message ?? "" },
];

function open(context: DroverContext, flags: RunsFlags): Promise<Control> {
  return context.openControl({ io: context.io, stateDirectory: stateDirectory(context.io, flags.stateDir) });
}

/** The run that an id, or the beginning of one, means. */
async function runNamed(control: Control, id: string): Promise<string> {
  const runs = await control.request("runs.list", { all: true });
  if (runs.some((run) => run.id === id)) return id;
  const [only, second] = runs.filter((run) => id !== "" && run.id.startsWith(id));
  if (only === undefined) {
    throw new VirtError("not-found", `No run "${id}"`, { hint: "List runs with: drover runs list --all" });
  }
  if (second !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `More than one run begins with "${id}": "${only.id}" and "${second.id}"`,
    );
  }
  return only.id;
}

/** `runs list`. */
export async function listRuns(this: DroverContext, flags: RunsListFlags): Promise<void> {
  await using control = await open(this, flags);
  const runs = await control.request("runs.list", { all: flags.all ?? false });
  await printList(runs, runShape, { io: this.io, format: flags.output ?? "table" });
}

/** `runs show`. */
export async function showRun(this: DroverContext, flags: RunsFlags, id: string): Promise<void> {
  await using control = await open(this, flags);
  const shown = await control.request("runs.show", { id: await runNamed(control, id) });
  const format = flags.output ?? "table";
  if (format !== "table" && format !== "wide") {
    return await printOne(shown, { kind: "run.detail", columns: [], name: ({ run }) => run.id }, {
      io: this.io,
      format,
    });
  }
  await printOne(shown.run, runShape, { io: this.io, format: "wide" });
  const steps = shown.steps.filter((step): step is Step => step.type === "operation");
  this.io.stdout.write("\n");
  await printList(steps, { kind: "run.steps", columns: stepColumns, name: (step) => String(step.step) }, {
    io: this.io,
    format,
  });
  if (shown.run.error !== undefined) this.io.stdout.write(`\nerror: ${plain(shown.run.error.message)}\n`);
}

/** `runs logs`. */
export async function runLogs(this: DroverContext, flags: RunsLogsFlags, id: string): Promise<void> {
  await using control = await open(this, flags);
  const run = await runNamed(control, id);
  const show = (event: ItemOf<"runs.logs">): void => {
    if (event.type !== "log") return;
    const fields = Object.keys(event.fields ?? {}).length === 0 ? "" : ` ${plainJson(event.fields)}`;
    this.io.stdout.write(
      flags.output === "ndjson" || flags.output === "json"
        ? `${plainJson({ version: schemaVersion, kind: "run.log", item: event })}\n`
        : `${formatMoment(event.at)}  ${event.level.padEnd(5)}  ${plain(event.message)}${fields}\n`,
    );
  };
  await withInterrupt(
    this,
    (signal) =>
      control.request("runs.logs", { id: run, follow: flags.follow ?? false }, { onItem: show, signal }),
  );
}

/** `runs watch`. */
export async function watchRun(this: DroverContext, flags: RunsFlags, id: string): Promise<void> {
  await using control = await open(this, flags);
  const run = await runNamed(control, id);
  await followRun(this, {
    control,
    format: flags.output ?? "table",
    owns: false,
    noPrompt: true,
    begin: (options) => control.request("runs.watch", { id: run }, options),
  });
}

/** `runs cancel`. */
export async function cancelRun(this: DroverContext, flags: RunsFlags, id: string): Promise<void> {
  await using control = await open(this, flags);
  const run = await control.request("runs.cancel", { id: await runNamed(control, id) });
  await tell(this, { flags, run, words: `${run.state}; resume with: drover runs resume ${run.id}` });
}

/** `runs abandon`. */
export async function abandonRun(this: DroverContext, flags: RunsFlags, id: string): Promise<void> {
  await using control = await open(this, flags);
  const run = await control.request("runs.abandon", { id: await runNamed(control, id) });
  await tell(this, { flags, run, words: run.state });
}

/** `runs resume`. */
export async function resumeRun(this: DroverContext, flags: RunsResumeFlags, id: string): Promise<void> {
  if (flags.detach === true) {
    const { ensureKernel } = await import("../kernel.ts");
    await ensureKernel(stateDirectory(this.io, flags.stateDir));
  }
  await using control = await open(this, flags);
  const params: ParamsOf<"runs.resume"> = {
    id: await runNamed(control, id),
    detach: flags.detach ?? false,
    grants: [...(flags.allow ?? [])],
    assume: assumptions(flags.assume ?? []),
    ...await secretSources(this.io, flags.secret === undefined ? {} : { secret: flags.secret }),
  };
  if (flags.detach === true) {
    const run = await withInterrupt(this, (signal, interrupt) =>
      control.request("runs.resume", params, {
        signal,
        ...askersFor({ io: this.io, screen: freeScreen, interrupt, noPrompt: flags.noPrompt }),
      }));
    return await tell(this, { flags, run, words: `resumed; watch it with: drover runs watch ${run.id}` });
  }
  await followRun(this, {
    control,
    format: flags.output ?? "table",
    owns: true,
    noPrompt: flags.noPrompt,
    begin: (options) => control.request("runs.resume", params, options),
  });
}

/** `STEP=done|not-done`, by step. */
function assumptions(given: readonly string[]): Record<string, "done" | "not-done"> {
  const assumed: Record<string, "done" | "not-done"> = {};
  for (const text of given) {
    const match = /^(\d+)=(done|not-done)$/.exec(text);
    if (match?.[1] === undefined) {
      throw new VirtError(
        "invalid-argument",
        `Cannot assume "${text}": it is not STEP=done or STEP=not-done`,
        {
          hint: "Steps with their numbers: drover runs show RUN",
        },
      );
    }
    assumed[match[1]] = match[2] === "done" ? "done" : "not-done";
  }
  return assumed;
}

async function tell(
  { io }: DroverContext,
  { flags, run, words }: { readonly flags: RunsFlags; readonly run: RunView; readonly words: string },
): Promise<void> {
  const format = flags.output ?? "table";
  if (format === "table" || format === "wide") io.stdout.write(`${plain(`run ${run.id}  ${words}`)}\n`);
  else await printOne(run, runShape, { io, format });
}
