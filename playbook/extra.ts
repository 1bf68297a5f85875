/**
 * Variables of the command line: `-e`.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import type { Value, Vars } from "./engine/program.ts";
import { textValue } from "./compile/value.ts";
import { type Files, varsOf } from "./inventory/read.ts";
import { readYaml } from "./source.ts";

const place = ["-e", 1, 1] as const;

/**
 * The variables of `-e`, later ones above earlier ones: `NAME=VALUE …`, YAML or JSON, `@FILE`.
 *
 * @throws {VirtError} `invalid-argument`
 */
export async function extraVars(given: readonly string[], files: Files): Promise<Vars> {
  let vars: Vars = {};
  for (const text of given) {
    if (text.startsWith("@")) {
      const file = text.slice(1);
      vars = { ...vars, ...varsOf(readYaml(await files.readText(file), file), `"${file}"`) };
    } else if (/^\s*[{[]/.test(text)) vars = { ...vars, ...varsOf(readYaml(text, "-e"), "-e") };
    else vars = { ...vars, ...pairs(text) };
  }
  return vars;
}

/** `NAME=VALUE NAME='A VALUE'`: values are texts. */
function pairs(text: string): Vars {
  const made: Record<string, Value> = {};
  const pattern = /\s*([A-Za-z_]\w*)=("(?:\\.|[^"\\])*"|'[^']*'|\S*)(?=\s|$)/y;
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (match === null) {
      throw new VirtError("invalid-argument", `Cannot use "${text}" as variables: it is not NAME=VALUE`, {
        hint: "Write -e NAME=VALUE, -e '{\"name\": 1}' or -e @FILE",
      });
    }
    const [, name = "", value = ""] = match;
    const bare = /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
    made[name] = textValue(bare, () => [...place]);
  }
  return made;
}
