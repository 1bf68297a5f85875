/**
 * One line about one operation while it is under way, on a terminal; the wait for a slot also off one.
 *
 * @module
 */
import type { ItemOf } from "../../runtime/control/methods.ts";
import type { Io } from "../io.ts";
import { formatDuration } from "../units.ts";
import { plain } from "../output/plain.ts";
import { cutTo } from "../output/width.ts";
import { holderText } from "./holder.ts";

/** The line. Disposing wipes it. */
export interface CallLine extends Disposable {
  show(state: ItemOf<"operation.call">): void;
}

/** Clears the line that the cursor is in (ECMA-48: CR, EL). */
const wipe = "\r\x1b[K";

/** A line on the error stream about `what`: `domain "web-1"  start`. */
export function callLine(io: Io, what: string): CallLine {
  const { stderr } = io;
  const began = Date.now();
  let text = "";
  let told = false;
  const draw = (): void => {
    if (text === "") return;
    stderr.write(
      wipe + cutTo(plain(`${what}  ${text}  ${formatDuration(Date.now() - began)}`), stderr.columns() - 1),
    );
  };
  const timer = stderr.terminal ? setInterval(draw, 1000) : undefined;
  return {
    show(state): void {
      text = stateText(state);
      if (stderr.terminal) draw();
      else if (state.kind === "waiting" && !told) {
        told = true;
        stderr.write(`${plain(`${what}  ${text}`)}\n`);
      }
    },
    [Symbol.dispose](): void {
      clearInterval(timer);
      if (stderr.terminal && text !== "") stderr.write(wipe);
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
    case "progress":
      return `running  ${Math.round(state.fraction * 100)}%${
        state.detail === undefined ? "" : `  ${state.detail}`
      }`;
    case "reconciling":
      return "finding out what became of it";
  }
}
