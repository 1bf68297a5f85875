/**
 * Colour, for terminals only and never against the reader's wish.
 *
 * @module
 */
import type { Io, Sink } from "../io.ts";

/** Paints text for one stream; leaves it alone where the stream takes no colour. */
export interface Painter {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** A painter for a stream: colour on a terminal unless `NO_COLOR` is set (no-color.org) or the terminal is dumb. */
export function painter(io: Io, sink: Sink): Painter {
  const on = sink.terminal && (io.env("NO_COLOR") ?? "") === "" && io.env("TERM") !== "dumb";
  const paint = (code: number, off: number) => (text: string): string =>
    on ? `\x1b[${code}m${text}\x1b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
}
