/**
 * How a single operation goes: one live line on a terminal; the wait for a slot also off one.
 *
 * @module
 */
import type { ItemOf } from "../../runtime/control/methods.ts";
import type { Io } from "../io.ts";
import { plain } from "../output/plain.ts";
import { cutTo } from "../output/width.ts";
import { formatDuration } from "../units.ts";
import { holderText } from "./holder.ts";
import { detailText, Estimate, progressBar } from "./progress_bar.ts";
import type { Screen } from "./prompter.ts";

/** The line. Disposing wipes it. */
export interface CallLine extends Screen, Disposable {
  show(state: ItemOf<"operation.call">): void;
  /** Prints a line that stays. */
  say(line: string): void;
}

/** Clears the line that the cursor is in (ECMA-48: CR, EL). */
const wipe = "\r\x1b[K";

/** How often the elapsed time is drawn anew, in milliseconds. */
const tickMs = 1000;

/**
 * A line on the error stream about `what`: `domain "web-1"  start`. Until the first is shown of it, it connects; that is told
 * where it takes more than a moment.
 */
export function callLine(io: Io, what: string): CallLine {
  const { stderr } = io;
  const began = Date.now();
  const estimate = new Estimate();
  let text = "connecting";
  let drawn = false;
  let told = false;
  let held = false;
  const draw = (): void => {
    if (!stderr.terminal || text === "" || held) return;
    drawn = true;
    const now = Date.now();
    const times = [formatDuration(now - began), estimate.text(now)].filter((time) => time !== "").join(", ");
    stderr.write(wipe + cutTo(plain(`${what}  ${text}  ${times}`), stderr.columns() - 1));
  };
  const erase = (): void => {
    if (drawn && !held) stderr.write(wipe);
    drawn = false;
  };
  const timer = stderr.terminal ? setInterval(draw, tickMs) : undefined;
  return {
    show(state): void {
      text = stateText(state);
      if (state.kind === "progress") estimate.note(state.fraction, Date.now());
      if (stderr.terminal) draw();
      else if (state.kind === "waiting" && !told) {
        told = true;
        stderr.write(`${plain(`${what}  ${text}`)}\n`);
      }
    },
    say(line): void {
      erase();
      stderr.write(`${plain(line)}\n`);
    },
    hold(): Disposable {
      erase();
      held = true;
      return {
        [Symbol.dispose]: () => {
          held = false;
          draw();
        },
      };
    },
    [Symbol.dispose](): void {
      clearInterval(timer);
      erase();
      text = "";
    },
  };
}

function stateText(state: ItemOf<"operation.call">): string {
  switch (state.kind) {
    case "waiting":
      return `waiting  position ${state.position}${
        state.holder === undefined ? "" : `, held by ${holderText(state.holder, Date.now())}`
      }`;
    case "running":
      return "running";
    case "progress": {
      const detail = state.detail === undefined ? "" : `  ${detailText(state.detail)}`;
      return `${progressBar(state.fraction)}${detail}`;
    }
    case "reconciling":
      return "finding out what became of it";
  }
}
