/**
 * What a recipe's process writes to its error output: nothing of the recipe's own, but V8's and Deno's last words.
 *
 * @module
 */
import type { FromRecipe } from "../../model/channel.ts";
import { plainText } from "./plain_text.ts";

/** What is passed on as log lines, in bytes; the rest is read and dropped. */
const mostBytes = 64 * 1024;
/** What is kept of the end, in characters. */
const tailLength = 8 * 1024;
const longestLine = 4096;
/** Where V8 begins to describe its own state; nobody but those who build V8 reads on. */
const fatal = /^(<--- |# ?$|# Fatal|Fatal |=+ )/;

/** Reads an error output to its end. */
export class ErrorOutput {
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
  readonly #say: (message: FromRecipe, bytes: number) => void;
  #tail = "";
  #left = mostBytes;
  #isFatal = false;

  constructor(stream: ReadableStream<Uint8Array>, say: (message: FromRecipe, bytes: number) => void) {
    this.#say = say;
    this.finished = this.#read(stream).catch(() => {
      // What cannot be read has not been said.
    });
  }

  /** The end of what was written. */
  get tail(): string {
    return this.#tail;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let line = "";
    for await (const piece of stream) {
      const text = decoder.decode(piece, { stream: true });
      this.#tail = (this.#tail + text).slice(-tailLength);
      const lines = (line + text).split("\n");
      line = lines.pop()!.slice(0, longestLine);
      for (const whole of lines) this.#pass(whole);
    }
    if (line !== "") this.#pass(line);
  }

  #pass(line: string): void {
    this.#isFatal ||= fatal.test(line);
    if (this.#isFatal || this.#left <= 0) return;
    this.#left -= line.length;
    const message = plainText(line).slice(0, longestLine);
    if (message.trim() !== "") this.#say({ t: "log", level: "warn", message }, message.length);
  }
}
