/**
 * A play while it goes on: what it says, in Ansible's words and colours.
 *
 * @module
 */
import type { RunEvent } from "../../runtime/control/methods.ts";
import type { Io, Sink } from "../io.ts";
import { type Painter, painter } from "../output/colour.ts";
import { plain, plainLines } from "../output/plain.ts";
import { runLine, type RunScreen } from "./run_view.ts";

type LogEvent = Extract<RunEvent, { readonly type: "log" }>;
type OperationEvent = Extract<RunEvent, { readonly type: "operation" }>;

/** The view of one play. */
export class PlayView implements RunScreen {
  readonly #sink: Sink;
  readonly #notes: Sink;
  readonly #paint: Painter;
  readonly #running = new Map<number, string>();
  #announced = false;
  #held: string[] | undefined;

  constructor({ io, sink }: { readonly io: Io; readonly sink: Sink }) {
    this.#sink = sink;
    this.#notes = io.stderr;
    this.#paint = painter(io, sink);
  }

  /** Operations that are under way, for messages. */
  get running(): readonly string[] {
    return [...this.#running.values()];
  }

  /** Takes the next event in. */
  show(event: RunEvent): void {
    if (event.type === "run" && !this.#announced && event.run.isolation !== undefined) {
      this.#announced = true;
      this.#notes.write(`${runLine(event.run, this.#paint)}\n`);
    } else if (event.type === "operation") this.#operation(event);
    else if (event.type === "log") this.#log(event);
  }

  /** Prints a line that stays. */
  say(line: string): void {
    if (this.#held === undefined) this.#sink.write(`${line}\n`);
    else this.#held.push(line);
  }

  /** Leaves the screen to somebody else until the returned handle is disposed of. */
  hold(): Disposable {
    this.#held ??= [];
    return {
      [Symbol.dispose]: () => {
        const held = this.#held ?? [];
        this.#held = undefined;
        for (const line of held) this.say(line);
      },
    };
  }

  [Symbol.dispose](): void {
    this.#running.clear();
  }

  #operation({ step, operation, target, state }: OperationEvent): void {
    const isOver = state === "done" || state === "not-done" || state === "unknown";
    if (isOver) this.#running.delete(step);
    else this.#running.set(step, `${target ?? ""} ${operation}`.trim());
  }

  #log(event: LogEvent): void {
    const kind = event.fields?.["play"];
    const text = plainLines(event.message);
    switch (kind) {
      case "play":
      case "task":
      case "end":
      case "recap":
        this.say(`\n${this.#paint.bold(text)}`);
        break;
      case "result":
        this.say(this.#result(text, event.fields?.["status"], event.fields?.["ignored"] === true));
        break;
      case "diff":
        this.say(text.split("\n").map((line) => this.#diffLine(line)).join("\n"));
        break;
      case "counts":
        this.say(this.#counts(text));
        break;
      case "log":
        this.say(`  ${event.level.padEnd(7)}  ${plain(event.message)}`);
        break;
      case "note":
        this.say(text);
        break;
      default:
        // What the DSL says by itself, a plan for instance, the play says in its own way.
        if (event.level === "warn" || event.level === "error") {
          this.say(`[${event.level.toUpperCase()}]: ${text}`);
        }
    }
  }

  #result(text: string, status: unknown, ignored: boolean): string {
    if (status === "ok") return this.#paint.green(text);
    if (status === "changed" || status === "would-change") return this.#paint.yellow(text);
    if (status === "skipped") return this.#paint.dim(text);
    return ignored ? this.#paint.dim(text) : this.#paint.red(text);
  }

  #diffLine(line: string): string {
    if (/^\s*[-]/.test(line)) return this.#paint.red(line);
    return /^\s*[+]/.test(line) ? this.#paint.green(line) : line;
  }

  #counts(text: string): string {
    if (/(unreachable|failed|unknown)=[1-9]/.test(text)) return this.#paint.red(text);
    return /change(d)?=[1-9]/.test(text) ? this.#paint.yellow(text) : this.#paint.green(text);
  }
}
