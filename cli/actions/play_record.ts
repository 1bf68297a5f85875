/**
 * A play for programs: collected while it goes on, printed at its end.
 *
 * @module
 */
import type { RunEvent, RunView } from "../../runtime/control/methods.ts";
import type { Io } from "../io.ts";
import type { RunScreen } from "../live/run_view.ts";
import { type OutputFormat, printOne } from "../output/format.ts";

interface TaskRecord {
  readonly name: string;
  readonly results: Record<string, unknown>[];
}

interface PlayEntry {
  readonly name: string;
  readonly tasks: TaskRecord[];
}

/** Collects what a play says. */
export class PlayRecord implements RunScreen {
  readonly running: readonly string[] = [];
  readonly #plays: PlayEntry[] = [];
  readonly #stats: Record<string, unknown> = {};

  /** Takes the next event in. */
  show(event: RunEvent): void {
    if (event.type !== "log" || event.fields === undefined) return;
    const { play, ...fields } = event.fields;
    const tasks = this.#plays.at(-1)?.tasks;
    if (play === "play") this.#plays.push({ name: String(fields["name"]), tasks: [] });
    else if (play === "task") tasks?.push({ name: String(fields["name"]), results: [] });
    else if (play === "result") tasks?.at(-1)?.results.push(fields);
    else if (play === "counts") this.#stats[String(fields["target"])] = fields["counters"];
  }

  /** Lines for people are not for programs. */
  say(): void {}

  /** There is nothing on the screen. */
  hold(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  [Symbol.dispose](): void {}

  /** Prints it. */
  async tell(
    run: RunView,
    { io, format }: { readonly io: Io; readonly format: OutputFormat },
  ): Promise<void> {
    if (format !== "json" && format !== "yaml" && format !== "name") return;
    const { id, state, exit, error } = run;
    const item = {
      id,
      state,
      ...(exit === undefined ? {} : { exit }),
      ...(error === undefined ? {} : { error }),
      plays: this.#plays,
      stats: this.#stats,
    };
    await printOne(item, { kind: "play", columns: [], name: (each) => each.id }, { io, format });
  }
}
