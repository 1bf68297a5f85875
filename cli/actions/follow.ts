/**
 * Follows a run to its end: shows it, puts its questions, cancels it on Ctrl-C, and leaves as it left.
 *
 * @module
 */
import { fromErrorData } from "../../model/error.ts";
import { type ExitCode, exitCode } from "../../model/exit_code.ts";
import type { Control, RequestOptions } from "../../runtime/control/control.ts";
import type { RunEvent, RunView } from "../../runtime/control/methods.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { askersFor } from "../live/prompter.ts";
import { LiveRun, type RunScreen } from "../live/run_view.ts";
import { painter } from "../output/colour.ts";
import { errorText } from "../output/error.ts";
import { type OutputFormat, schemaVersion } from "../output/format.ts";
import { plain, plainJson, plainLines } from "../output/plain.ts";
import { formatDuration } from "../units.ts";

/** The requests that follow a run. */
type Following = "runs.start" | "runs.resume" | "runs.watch";

/** How to follow. */
export interface FollowOptions {
  readonly control: Control;
  readonly format: OutputFormat;
  /** Whether Ctrl-C cancels the run, rather than only the watching. */
  readonly owns: boolean;
  /** Whether nobody is to be asked. */
  readonly noPrompt: boolean | undefined;
  /** Asks the kernel to begin, and streams what happens. */
  readonly begin: (options: RequestOptions<Following>) => Promise<RunView>;
  /** Where it is shown. @default a {@linkcode LiveRun} */
  readonly screen?: RunScreen;
  /** Tells how it ended, before what was wrong with it. @default the run's last line, and its result */
  readonly tell?: (run: RunView) => Promise<void>;
}

/** Follows a run, and sets the exit code. */
export async function followRun(context: DroverContext, options: FollowOptions): Promise<RunView> {
  const { io } = context;
  const { control, format, owns, noPrompt } = options;
  const forPeople = format === "table" || format === "wide";
  const sink = forPeople ? io.stdout : io.stderr;
  let id: string | undefined;
  using live = options.screen ?? new LiveRun({ io, sink });
  const onItem = (event: RunEvent): void => {
    if (event.type === "run") id = event.run.id;
    if (format === "ndjson") {
      io.stdout.write(`${plainJson({ version: schemaVersion, kind: "run.event", item: event })}\n`);
    }
    live.show(event);
  };
  const ended = await withInterrupt(context, (signal, interrupt) =>
    options.begin({
      onItem,
      ...askersFor({ io, screen: live, interrupt, noPrompt }),
      // A run that is ours is cancelled by name, so that its end can still be seen; before it has one, or where we only
      // watch, the request itself ends.
      signal: owns ? abortBefore(signal, () => id === undefined) : signal,
    }), {
    onFirst: () => {
      if (!owns || id === undefined) return;
      const going = live.running;
      live.say(
        `cancelling; ${
          going.length === 0 ? "nothing is under way" : `asked to stop: ${going.map(plain).join(", ")}`
        }` +
          `; what is done stays done; resume with: drover runs resume ${plain(id)}`,
      );
      control.request("runs.cancel", { id, reason: "Interrupted at the terminal" }).catch((error) =>
        live.say(errorText(error, painter(io, sink)))
      );
    },
  });
  live[Symbol.dispose]();
  await tellEnd(context, { run: ended, format, tell: options.tell });
  return ended;
}

/** A signal that follows `signal` as long as `while_` says so. */
function abortBefore(signal: AbortSignal, applies: () => boolean): AbortSignal {
  const aborter = new AbortController();
  signal.addEventListener("abort", () => {
    if (applies()) aborter.abort(signal.reason);
  }, { once: true });
  return aborter.signal;
}

async function tellEnd(
  context: DroverContext,
  { run, format, tell }: {
    readonly run: RunView;
    readonly format: OutputFormat;
    readonly tell: FollowOptions["tell"];
  },
): Promise<void> {
  const { io } = context;
  const forPeople = format === "table" || format === "wide";
  if (tell !== undefined) await tell(run);
  else if (forPeople) {
    const took = run.ended === undefined ? "" : `  ${formatDuration(run.ended - run.since)}`;
    io.stdout.write(`run ${plain(run.id)}  ${run.state}${took}\n`);
    if (run.state === "done" && run.result !== undefined && run.result !== null) {
      io.stdout.write(
        typeof run.result === "string" ? `${plainLines(run.result)}\n` : `${plainJson(run.result, 2)}\n`,
      );
    }
  } else if (format === "name") io.stdout.write(`${plain(run.id)}\n`);
  else if (format === "json" || format === "yaml") {
    const { printOne } = await import("../output/format.ts");
    await printOne(run, { kind: "run", columns: [], name: ({ id }) => id }, { io, format });
  }
  if (run.error !== undefined && run.state !== "cancelled") {
    io.stderr.write(`${errorText(fromErrorData(run.error), painter(io, io.stderr))}\n`);
    if (lacksGrants(run)) io.stderr.write("grant all that it says it needs with: -y\n");
  }
  // What is wrong with a resume says itself how to go on.
  if (run.state === "cancelled" || (run.state === "interrupted" && run.error === undefined)) {
    io.stderr.write(`resume with: drover runs resume ${plain(run.id)}\n`);
  }
  context.leaveWith(exitOfRun(run));
}

/** Whether a run failed for want of what a person may grant: not where it did not say that it needs it. */
function lacksGrants(run: RunView): boolean {
  if (exitOfRun(run) !== exitCode.denied) return false;
  const detail: unknown = run.error?.detail;
  const missing: unknown = typeof detail === "object" && detail !== null
    ? Reflect.get(detail, "missing")
    : undefined;
  return !Array.isArray(missing) || !missing.includes("need");
}

/** How `drover` leaves for a run that ended so. */
export function exitOfRun(run: RunView): ExitCode {
  const stated = Object.values(exitCode).find((code) => code === run.exit);
  if (stated !== undefined) return stated;
  switch (run.state) {
    case "failed":
      return exitCode.error;
    case "cancelled":
    case "interrupted":
      return exitCode.interrupted;
    default:
      return exitCode.done;
  }
}
