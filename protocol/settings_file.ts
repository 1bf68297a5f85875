/**
 * Files with settings as libvirt writes them: `libvirt.conf`, `libvirtd.conf`.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";

/** A setting's value. Numbers are kept as they were written. */
export type SettingValue = string | readonly string[];

const token = /[ \t\r\n]+|#[^\n]*|"""[\s\S]*?"""|"[^"\r\n]*"|'[^'\r\n]*'|[a-z]\w*|[+-]?\d+|[=[\],;]/giy;

/** A file that is being read; keeps to libvirt's grammar of `name = "text"`, `name = 7`, `name = [ "a", "b" ]`. */
class Tokens {
  readonly #file: string;
  readonly #rest: { readonly text: string; readonly line: number }[] = [];
  #line = 1;

  constructor(text: string, file: string) {
    this.#file = file;
    token.lastIndex = 0;
    while (token.lastIndex < text.length) {
      const at = token.lastIndex;
      const found = token.exec(text)?.[0];
      if (found === undefined) {
        throw this.fault(`cannot read ${JSON.stringify(text.slice(at).split("\n")[0])}`);
      }
      if (!/^[\s#]/.test(found)) this.#rest.push({ text: found, line: this.#line });
      this.#line += found.split("\n").length - 1;
    }
    this.#rest.reverse();
  }

  /** What comes next, without taking it. */
  peek(): string | undefined {
    return this.#rest.at(-1)?.text;
  }

  take(): string {
    const taken = this.#rest.pop();
    if (taken === undefined) throw this.fault("it ends within a setting");
    this.#line = taken.line;
    return taken.text;
  }

  /** Takes a text or a number. */
  scalar(): string {
    const text = this.take();
    const quoted = /^("""|["'])([\s\S]*)\1$/.exec(text)?.[2];
    if (quoted !== undefined) return quoted;
    if (/^[+-]?\d+$/.test(text)) return text;
    throw this.fault(`"${text}" is no value; texts stand in quotes`);
  }

  fault(what: string): VirtError {
    return new VirtError("invalid-argument", `Cannot read the settings in "${this.#file}": ${what}`, {
      at: { file: this.#file, line: this.#line },
    });
  }
}

/**
 * Reads settings.
 *
 * @returns them by name, the last of two with the same
 * @throws {VirtError} `invalid-argument` with file and line where the text does not follow libvirt's grammar.
 *
 * @example
 * ```ts
 * import { parseSettings } from "./settings_file.ts";
 * parseSettings('max_clients = 20', "libvirtd.conf").get("max_clients"); // "20"
 * ```
 */
export function parseSettings(text: string, file: string): ReadonlyMap<string, SettingValue> {
  const tokens = new Tokens(text, file);
  const settings = new Map<string, SettingValue>();
  while (tokens.peek() !== undefined) {
    const name = tokens.take();
    if (name === ";") continue;
    if (!/^[a-z]/i.test(name) || tokens.take() !== "=") {
      throw tokens.fault(`"${name}" is not followed by "="`);
    }
    if (tokens.peek() !== "[") {
      settings.set(name, tokens.scalar());
      continue;
    }
    tokens.take();
    const list: string[] = [];
    while (tokens.peek() !== "]") {
      list.push(tokens.scalar());
      if (tokens.peek() === ",") tokens.take();
      else if (tokens.peek() !== "]") throw tokens.fault(`the list "${name}" is not closed by "]"`);
    }
    tokens.take();
    settings.set(name, list);
  }
  return settings;
}
