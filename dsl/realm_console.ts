/**
 * The console that a recipe finds: every line becomes a line of the run's log.
 *
 * @module
 */

const { apply } = Reflect;
const { slice } = String.prototype;
const { inspect } = Deno;

/** Hears one line of the recipe's console. */
export type ConsoleListener = (level: "debug" | "info" | "warn" | "error", text: string) => void;

/** The longest line that is passed on, in characters. */
const longestLine = 16_384;

/** Makes a console that tells its lines to `onConsole`; counting and timing do nothing. */
export function makeConsole(onConsole: ConsoleListener): object {
  function line(parts: readonly unknown[]): string {
    let text = "";
    for (let index = 0; index < parts.length; index++) {
      if (index > 0) text += " ";
      text += show(parts[index]);
    }
    return text.length > longestLine ? `${apply(slice, text, [0, longestLine])}…` : text;
  }
  const at = (level: Parameters<ConsoleListener>[0]) => (...parts: unknown[]): void =>
    onConsole(level, line(parts));
  const quiet = (): void => {};
  return {
    debug: at("debug"),
    trace: at("debug"),
    log: at("info"),
    info: at("info"),
    dir: at("info"),
    table: at("info"),
    group: at("info"),
    warn: at("warn"),
    error: at("error"),
    assert(condition: unknown, ...parts: unknown[]): void {
      if (!condition) onConsole("error", `Assertion failed: ${line(parts)}`);
    },
    groupEnd: quiet,
    clear: quiet,
    count: quiet,
    countReset: quiet,
    time: quiet,
    timeLog: quiet,
    timeEnd: quiet,
  };
}

function show(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return inspect(value, { colors: false });
  } catch {
    return `[${typeof value} that cannot be shown]`;
  }
}
