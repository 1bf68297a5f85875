/**
 * What a play says, in Ansible's words, and what it counts.
 *
 * @module
 */
import type { Log } from "drover";
import type { TargetState } from "./state.ts";

/** How a task went on a target. */
export type Status = "ok" | "changed" | "skipped" | "failed" | "unreachable" | "unknown";

/** The seven counters, and the outcomes that nobody knows. */
export interface Counters {
  ok: number;
  changed: number;
  unreachable: number;
  failed: number;
  skipped: number;
  rescued: number;
  ignored: number;
  unknown: number;
}

/** Counters at 0. */
export function noCounts(): Counters {
  return { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, unknown: 0 };
}

/** What a line about a target says. */
export interface ResultLine {
  readonly target: string;
  readonly status: Status;
  readonly message?: string;
  readonly item?: string;
  readonly delegate?: string;
  readonly diff?: string;
  readonly ignored?: boolean;
  readonly data?: unknown;
}

const lineWidth = 80;
const colons: Readonly<Record<Status, string>> = {
  ok: "ok",
  changed: "changed",
  skipped: "skipping",
  failed: "fatal",
  unreachable: "fatal",
  unknown: "fatal",
};

/** Says what goes on, line by line. Each line is on the run's record, with what it means beside it. */
export class Report {
  readonly #log: Log;
  readonly #check: boolean;

  constructor(log: Log, { check }: { readonly check: boolean }) {
    this.#log = log;
    this.#check = check;
  }

  /** Begins a play. */
  play(name: string): void {
    this.#headline(`PLAY [${name}]`, { play: "play", name });
  }

  /** Begins a task, or a handler. */
  task(
    name: string,
    { kind, module }: { readonly kind: "TASK" | "RUNNING HANDLER"; readonly module: string },
  ): void {
    this.#headline(`${kind} [${name}]`, { play: "task", name, handler: kind !== "TASK", module });
  }

  /** How it went on a target. */
  result(line: ResultLine): void {
    const { target, status, message, item, delegate, diff, ignored = false, data } = line;
    const on = delegate === undefined ? target : `${target} -> ${delegate}`;
    const word = status === "changed" && this.#check
      ? "would change"
      : item !== undefined && status === "failed"
      ? "failed"
      : colons[status];
    const what = status === "failed"
      ? item === undefined ? "FAILED! => " : ""
      : status === "unreachable"
      ? "UNREACHABLE! => "
      : status === "unknown"
      ? "UNKNOWN! => "
      : "";
    const told = message === undefined ? "" : `${what}${message}`;
    const arrow = item === undefined
      ? told === "" ? "" : what === "" ? ` => ${told}` : `: ${told}`
      : `${word === "failed" ? "" : " =>"} (item=${item})${told === "" ? "" : ` => ${told}`}`;
    if (diff !== undefined && diff !== "") this.#say("info", diff, { play: "diff", target });
    this.#say(
      status === "failed" || status === "unreachable" || status === "unknown" ? "error" : "info",
      `${word}: [${on}]${arrow}`,
      {
        play: "result",
        target,
        status: status === "changed" && this.#check ? "would-change" : status,
        ...(item === undefined ? {} : { item }),
        ...(message === undefined ? {} : { message }),
        ...(ignored ? { ignored } : {}),
        ...(data === undefined ? {} : { data }),
      },
    );
    if (ignored) this.note("...ignoring");
  }

  /** Something beside the results. */
  note(text: string): void {
    this.#say("info", text, { play: "note" });
  }

  /** A play ends before its time. */
  noHostsLeft(): void {
    this.#headline("NO MORE HOSTS LEFT", { play: "end" });
    this.note("Too many have failed; nothing more is begun");
  }

  /** What a recipe that stands in a task says. */
  recipe(text: string, level: keyof Log): void {
    this.#say(level, text, { play: "log" });
  }

  /** The end: what was counted, for each target. */
  recap(states: readonly TargetState[]): void {
    this.#headline("PLAY RECAP", { play: "recap" });
    const width = Math.max(26, ...states.map(({ target }) => target.name.length));
    const word = this.#check ? "would change" : "changed";
    for (const { target, counters } of states) {
      const { ok, changed, ...rest } = counters;
      const all = [["ok", ok], [word, changed], ...Object.entries(rest)]
        .map(([name, count]) => `${name}=${String(count).padEnd(4)} `).join("");
      this.#say("info", `${target.name.padEnd(width)} : ${all}`.trimEnd(), {
        play: "counts",
        target: target.name,
        counters: { ...counters },
      });
    }
  }

  #headline(text: string, fields: Readonly<Record<string, unknown>>): void {
    this.#say("info", `${text} ${"*".repeat(Math.max(3, lineWidth - text.length - 1))}`, fields);
  }

  #say(level: keyof Log, message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#log[level](message, fields);
  }
}
