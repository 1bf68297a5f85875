/**
 * A run while it goes on: on a terminal one live line per running operation, off one a plain line when something
 * begins, ends, or has taken another half minute.
 *
 * @module
 */
import type { RunEvent, RunView } from "../../runtime/control/methods.ts";
import type { Io, Sink } from "../io.ts";
import { type Painter, painter } from "../output/colour.ts";
import { nearPath } from "../output/path.ts";
import { plain, plainJson } from "../output/plain.ts";
import { cutTo, padTo, textWidth } from "../output/width.ts";
import { formatDuration } from "../units.ts";
import { spoken } from "../words.ts";
import { holderText } from "./holder.ts";

type OperationEvent = Extract<RunEvent, { readonly type: "operation" }>;

/** An operation on the screen. */
interface Row {
  readonly began: number;
  last: OperationEvent;
  /** Off a terminal: when it was last told of. */
  told: number;
}

/** How a view is made. */
export interface RunViewOptions {
  readonly io: Io;
  readonly sink: Sink;
  /** @default the machine's */
  readonly now?: () => number;
}

/** Live lines at most; the rest is counted. */
const maxLiveRows = 12;
/** How often the elapsed time is drawn anew. */
const tickMs = 1000;
/** Off a terminal: how often a long operation is told of. */
const reminderMs = 30_000;
/** A read is worth a line only when somebody waits for it. */
const slowReadMs = 1000;

/** Where a run is shown while it goes on. */
export interface RunScreen extends Disposable {
  /** Operations that are under way, for messages. */
  readonly running: readonly string[];
  /** Takes the next event in. */
  show(event: RunEvent): void;
  /** Prints a line that stays. */
  say(line: string): void;
  /** Leaves the screen to somebody else, a prompt, until the returned handle is disposed of. */
  hold(): Disposable;
}

/** The view of one run. Dispose of it when the run has ended: the live lines go. */
export class LiveRun implements RunScreen {
  readonly #sink: Sink;
  readonly #paint: Painter;
  readonly #now: () => number;
  readonly #rows = new Map<number, Row>();
  readonly #timer: ReturnType<typeof setInterval>;
  #targetWidth = 8;
  #verbWidth = 10;
  #drawn = 0;
  #held = false;
  #announced = false;
  #progress: { readonly fraction: number; readonly text?: string } | undefined;

  constructor({ io, sink, now = () => Date.now() }: RunViewOptions) {
    this.#sink = sink;
    this.#paint = painter(io, sink);
    this.#now = now;
    this.#timer = setInterval(() => this.tick(), tickMs);
  }

  /** Operations that are under way, for messages. */
  get running(): readonly string[] {
    return [...this.#rows.values()].map(({ last }) => `${last.target ?? ""} ${verb(last)}`.trim());
  }

  /** Takes the next event in. */
  show(event: RunEvent): void {
    switch (event.type) {
      case "run":
        this.#announce(event.run);
        break;
      case "operation":
        this.#operation(event);
        break;
      case "log":
        this.say(logLine(event, this.#paint));
        break;
      case "step":
        if (event.state === "failed") this.say(`  ${plain(event.name)}  ${this.#paint.red("failed")}`);
        break;
      case "progress":
        this.#progress = {
          fraction: event.fraction,
          ...(event.text === undefined ? {} : { text: event.text }),
        };
        break;
    }
    this.#draw();
  }

  /** Prints a line that stays. */
  say(line: string): void {
    this.#erase();
    this.#sink.write(`${line}\n`);
    this.#draw();
  }

  /** Leaves the screen to somebody else, a prompt, until the returned handle is disposed of. */
  hold(): Disposable {
    this.#erase();
    this.#held = true;
    return {
      [Symbol.dispose]: () => {
        this.#held = false;
        this.#draw();
      },
    };
  }

  /** Brings elapsed times up to date; called every second. */
  tick(): void {
    if (this.#sink.terminal) return this.#draw();
    const now = this.#now();
    for (const row of this.#rows.values()) {
      if (now - row.told < reminderMs) continue;
      row.told = now;
      this.#sink.write(`${this.#line(row)}\n`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#held = true;
  }

  #announce(run: RunView): void {
    if (this.#announced) return;
    // The isolation is known when the sandbox stands; the line waits for it.
    if (run.isolation === undefined && run.state === "starting") return;
    this.#announced = true;
    this.say(runLine(run, this.#paint));
  }

  #operation(event: OperationEvent): void {
    this.#targetWidth = Math.min(32, Math.max(this.#targetWidth, textWidth(plain(event.target ?? ""))));
    this.#verbWidth = Math.min(40, Math.max(this.#verbWidth, textWidth(verb(event))));
    const known = this.#rows.get(event.step);
    const row = known ?? { began: event.at, last: event, told: event.at };
    row.last = event;
    const ended = event.state === "done" || event.state === "not-done" || event.state === "unknown";
    if (!ended) {
      this.#rows.set(event.step, row);
      if (known === undefined && event.effect === "write" && !this.#sink.terminal) this.say(this.#line(row));
      return;
    }
    this.#rows.delete(event.step);
    const slow = event.at - row.began >= slowReadMs;
    if (event.effect === "write" || event.state === "unknown" || slow) this.say(this.#line(row));
  }

  #line(row: Row): string {
    const { last } = row;
    const ended = last.state === "done" || last.state === "not-done" || last.state === "unknown";
    const took = formatDuration((ended ? last.at : this.#now()) - row.began);
    const target = padTo(plain(last.target ?? ""), this.#targetWidth);
    const columns = `  ${target}  ${padTo(verb(last), this.#verbWidth)}`;
    if (last.state === "waiting") {
      const held = last.holder === undefined
        ? ""
        : `, held by ${plain(holderText(last.holder, this.#now()))}`;
      return `${columns}  ${this.#paint.yellow("waiting ")}  position ${last.position ?? 1}${held}, ${took}`;
    }
    const percent = ended || last.fraction === undefined ? "" : `  ${Math.round(last.fraction * 100)}%`;
    const detail = ended || last.detail === undefined ? "" : `  ${plain(last.detail)}`;
    const note = last.replayed === true ? "  from the journal" : "";
    return `${columns}  ${stateWord(last, this.#paint)}  ${took.padStart(7)}${percent}${detail}${note}`;
  }

  #erase(): void {
    if (this.#drawn === 0) return;
    // Up over the live lines, and clear from there to the end of the screen (ECMA-48: CUU, ED).
    this.#sink.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#sink.terminal || this.#held) return;
    this.#erase();
    const rows = [...this.#rows.values()];
    const lines = rows.slice(0, maxLiveRows).map((row) => this.#line(row));
    if (rows.length > maxLiveRows) lines.push(`  … and ${rows.length - maxLiveRows} more`);
    if (this.#progress !== undefined) {
      const { fraction, text } = this.#progress;
      lines.push(`  ${Math.round(fraction * 100)}%${text === undefined ? "" : `  ${plain(text)}`}`);
    }
    if (lines.length === 0) return;
    const width = this.#sink.columns() - 1;
    this.#sink.write(lines.map((line) => `${cutColoured(line, width)}\n`).join(""));
    this.#drawn = lines.length;
  }
}

/** Colour takes no columns; where a line is too long it goes without. */
function cutColoured(line: string, width: number): string {
  // deno-lint-ignore no-control-regex -- our own colour, as `painter` writes it
  const bare = line.replace(/\x1b\[\d+m/g, "");
  return textWidth(bare) <= width ? line : cutTo(bare, width);
}

function verb(event: OperationEvent): string {
  const [objectClass = "", name = ""] = event.operation.split(".");
  return plain(
    objectClass === "domain" || name === ""
      ? spoken(name || objectClass)
      : `${spoken(objectClass)} ${spoken(name)}`,
  );
}

/** Padded to one width, so that times stand in a column. */
function stateWord({ state }: OperationEvent, paint: Painter): string {
  switch (state) {
    case "done":
      return paint.green("done    ");
    case "not-done":
      return paint.red("not done");
    case "unknown":
      return paint.red("unknown ");
    case "reconciling":
      return paint.yellow("checking");
    case "running":
      return "running ";
    case "waiting":
      return paint.yellow("waiting ");
  }
}

function logLine(event: Extract<RunEvent, { readonly type: "log" }>, paint: Painter): string {
  const level = event.level === "error"
    ? paint.red("error  ")
    : event.level === "warn"
    ? paint.yellow("warning")
    : event.level === "debug"
    ? paint.dim("debug  ")
    : "info   ";
  const fields = Object.entries(event.fields ?? {}).map(([name, value]) =>
    ` ${plain(name)}=${fieldText(value)}`
  );
  return `  ${level}  ${plain(event.message)}${paint.dim(fields.join(""))}`;
}

function fieldText(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@-]+$/.test(value) ? value : plainJson(value);
  if (typeof value === "object" && value !== null && "$ref" in value && "name" in value) {
    return plain(String(value.name));
  }
  return plainJson(value);
}

/** `run 7f3a  recipes/nightly.ts on qemu:///system  (sandbox: bwrap)`. */
export function runLine(run: RunView, paint: Painter): string {
  const hosts = Object.entries(run.hosts);
  const on = hosts.length === 1
    ? hosts[0]?.[1] ?? ""
    : hosts.map(([name, uri]) => `${name}=${uri}`).join(", ");
  const isolation = run.isolation === undefined ? "" : `  (sandbox: ${plain(run.isolation)})`;
  return `${paint.bold(`run ${plain(run.id)}`)}  ${plain(nearPath(run.file))} on ${plain(on)}${isolation}`;
}
