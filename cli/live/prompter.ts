/**
 * Puts questions to the person at the terminal, one at a time, however many come at once.
 *
 * @module
 */
import type { RequestOptions } from "../../runtime/control/control.ts";
import type { ControlMethod } from "../../runtime/control/methods.ts";
import type { Io } from "../io.ts";

/** What a prompt takes over while it asks. */
export interface Screen {
  /** Leaves the screen to the prompt until disposed of. */
  hold(): Disposable;
}

/** A screen on which nothing else is. */
export const freeScreen: Screen = { hold: () => ({ [Symbol.dispose]: () => {} }) };

/** What a prompt is put with. */
export interface Asking {
  readonly signal: AbortSignal;
  /** Hears of Ctrl-C at the prompt. */
  readonly interrupt: () => void;
}

/** Whom to ask, and how. */
export interface PrompterOptions {
  readonly io: Io;
  readonly screen: Screen;
  readonly interrupt: () => void;
  /** What the command's `--no-prompt` says. @default false */
  readonly noPrompt?: boolean | undefined;
}

/** What a request is to be made with, so that the person can be asked. */
export type Askers = Pick<RequestOptions<ControlMethod>, "ask" | "askSecret" | "askCredentials">;

/** Whether there is a person to ask: prompts are for terminals, in and out. */
export function canAsk({ stdin, stderr }: Io): boolean {
  return stdin.terminal && stderr.terminal;
}

/**
 * Askers for a terminal. Where nobody can be asked, or nobody wants to be, there is only what the environment says of
 * secrets.
 */
export function askersFor({ io, screen, interrupt, noPrompt }: PrompterOptions): Askers {
  const variable = (name: string): string | undefined => io.env(name);
  if (noPrompt === true || !canAsk(io)) {
    return { askSecret: (asked) => Promise.resolve(asked.variable && variable(asked.variable)) };
  }
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(put: () => Promise<T>): Promise<T> {
    const answer = last.then(async () => {
      using _held = screen.hold();
      return await put();
    });
    last = answer.catch(() => undefined);
    return answer;
  }
  return {
    ask: (question, signal) =>
      inTurn(async () =>
        (await import("./permission_prompt.ts")).askPermission(question, { signal, interrupt })
      ),
    askSecret: (question, signal) =>
      question.variable === undefined
        ? inTurn(async () =>
          (await import("./secret_prompt.ts")).askForSecret(question, { signal, interrupt })
        )
        : Promise.resolve(variable(question.variable)),
    askCredentials: (question, signal) =>
      inTurn(async () =>
        (await import("./credentials_prompt.ts")).askForCredentials(question, { signal, interrupt })
      ),
  };
}
