/**
 * What the daemon says about itself, a line of JSON each.
 *
 * @module
 */

/** How much it matters. */
export type LogLevel = "info" | "warn" | "error";

/** What goes with a line. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes lines. */
export interface Log {
  (level: LogLevel, message: string, fields?: LogFields): void;
}

/** Where lines go, and what time it is. */
export interface LineLogOptions {
  readonly write: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * A log that writes lines of JSON.
 *
 * @example
 * ```ts
 * import { lineLog } from "./log.ts";
 * const log = lineLog({ write: () => {}, now: () => 0 });
 * log("info", "client connected", { client: 1 });
 * // {"at":"1970-01-01T00:00:00.000Z","level":"info","message":"client connected","client":1}
 * ```
 */
export function lineLog({ write, now }: LineLogOptions): Log {
  return (level, message, fields = {}) => {
    const at = new Date(now()).toISOString();
    write(`${JSON.stringify({ at, level, message, ...fields })}\n`);
  };
}
