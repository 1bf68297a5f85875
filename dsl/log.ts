/**
 * What a recipe says while it runs: log lines, named steps, progress.
 *
 * @module
 */
import type { Session } from "./session.ts";
import { toPlain } from "./plain.ts";
import { currentStep, withinStep } from "./step_scope.ts";

/** Fields of a log line; handles, errors and dates may stand in them. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes log lines. They are shown while the run is under way, and kept with it.
 *
 * @example
 * ```ts
 * import { recipe } from "drover";
 *
 * export default recipe({
 *   summary: "Say hello",
 *   needs: ["domain:getattr"],
 *   async run({ host, log }) {
 *     const vm = await host.domain("web-1");
 *     log.info("found it", { vm });
 *   },
 * });
 * ```
 */
export interface Log {
  /** For whoever looks for a fault; shown with `--verbose`. */
  debug(message: string, fields?: LogFields): void;
  /** What a person who watches wants to know. */
  info(message: string, fields?: LogFields): void;
  /** Something to look at that does not stop the run. */
  warn(message: string, fields?: LogFields): void;
  /** Something that went wrong. */
  error(message: string, fields?: LogFields): void;
}

/** Runs a part of the recipe under a name. Steps may stand within steps, and beside each other. */
export type StepFunction = <T>(name: string, body: () => T | Promise<T>) => Promise<T>;

/** Says how far the run, or the named step that is under way, has come: from 0 to 1, with a word for people. */
export type ProgressFunction = (fraction: number, text?: string) => void;

/** The log of a run. */
export function makeLog(session: Session): Log {
  const write = (level: keyof Log) => (message: string, fields?: LogFields): void => {
    const within = currentStep();
    session.say({
      t: "log",
      level,
      message: clipped(String(message), 65_536),
      ...(fields === undefined ? {} : { fields: toPlain(fields, "the fields of a log line") as LogFields }),
      ...(within === undefined ? {} : { within }),
    });
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** Named steps of a run. */
export function makeStep(session: Session): StepFunction {
  return async <T>(name: string, body: () => T | Promise<T>): Promise<T> => {
    session.signal.throwIfAborted();
    const step = session.beginStep(clipped(name, 4_096));
    try {
      const value = await withinStep(step, async () => await body());
      session.say({ t: "end", step, ok: true });
      return value;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      session.say({ t: "end", step, ok: false, message: clipped(message, 4_096) });
      throw error;
    }
  };
}

/** Progress of a run. */
export function makeProgress(session: Session): ProgressFunction {
  return (fraction, text) => {
    const within = currentStep();
    session.say({
      t: "progress",
      fraction: Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0,
      ...(text === undefined ? {} : { text: clipped(text, 4_096) }),
      ...(within === undefined ? {} : { within }),
    });
  };
}

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
