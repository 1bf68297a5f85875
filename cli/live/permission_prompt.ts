/**
 * Asks the person at the terminal for a permission that nothing grants, as Deno asks for its own.
 *
 * @module
 */
import type { PermissionAnswer, Question } from "../../runtime/control/methods.ts";
import type { Io } from "../io.ts";
import { plain } from "../output/plain.ts";

/** Puts questions, one at a time. */
export type Asker = (question: Question, signal: AbortSignal) => Promise<PermissionAnswer>;

/** What the prompt takes over while it asks. */
export interface Screen {
  /** Leaves the screen to the prompt until disposed of. */
  hold(): Disposable;
}

/** Whether there is a person to ask: prompts are for terminals, in and out. */
export function canAsk(io: Io): boolean {
  return io.stdin.terminal && io.stderr.terminal;
}

/**
 * An asker for a terminal; questions that come at once are put one after the other. `interrupt` hears of Ctrl-C at the
 * prompt.
 */
export function asker(screen: Screen, interrupt: () => void): Asker {
  let last: Promise<unknown> = Promise.resolve();
  return (question, signal) => {
    const answer = last.then(() => put(question, { screen, signal, interrupt }));
    last = answer.catch(() => undefined);
    return answer;
  };
}

async function put(
  question: Question,
  { screen, signal, interrupt }: {
    readonly screen: Screen;
    readonly signal: AbortSignal;
    readonly interrupt: () => void;
  },
): Promise<PermissionAnswer> {
  if (signal.aborted) return "deny";
  const { isCancel, select } = await import("@clack/prompts");
  const { default: process } = await import("node:process");
  using _held = screen.hold();
  const about = question.name === undefined ? "" : ` on "${plain(question.name)}"`;
  const reaching = question.reached === undefined ? "" : `, which reaches "${plain(question.reached)}"`;
  const answer = await select<PermissionAnswer>({
    message: `${plain(question.recipe)} asks for ${plain(question.permission)}${about}${reaching} (${
      plain(question.operation)
    })`,
    options: [
      { value: "once", label: "Allow once" },
      { value: "run", label: "Allow for this run", hint: `--allow ${plain(question.grant)}` },
      { value: "deny", label: "Deny" },
    ],
    initialValue: "deny",
    output: process.stderr,
    signal,
  });
  if (!isCancel(answer)) return answer;
  if (!signal.aborted) interrupt();
  return "deny";
}
