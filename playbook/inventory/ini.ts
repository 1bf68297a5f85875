/**
 * Inventories in Ansible's INI form.
 *
 * @module
 */
import { textValue, valueOf } from "../compile/value.ts";
import type { Place, Value } from "../engine/program.ts";
import { readYaml, sourceFault } from "../source.ts";
import type { InventoryBuilder } from "./inventory.ts";
import { namesOf } from "./range.ts";

/**
 * Reads an inventory: `[group]`, `[group:vars]`, `[group:children]`, and `NAME key=value …`.
 *
 * @throws {VirtError} `invalid-argument` with the place.
 */
export function readIni(text: string, file: string, builder: InventoryBuilder): void {
  let group = "ungrouped";
  let kind = "hosts";
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at: Place = [file, index + 1, line.length - line.trimStart().length + 1];
    const content = line.trim();
    if (content === "" || /^[#;]/.test(content)) continue;
    const section = /^\[([^\]:]+)(?::(\w+))?\]\s*([#;].*)?$/.exec(content);
    if (section !== null) {
      [group, kind] = [section[1]?.trim() ?? "", section[2] ?? "hosts"];
      if (!["hosts", "vars", "children"].includes(kind)) {
        throw sourceFault(`Unknown section "[${group}:${kind}]"`, at, {
          hint: "There are [group], [group:vars] and [group:children]",
        });
      }
      if (group !== "ungrouped") builder.group(group);
    } else if (content.startsWith("[")) {
      throw sourceFault(`Cannot read the section "${content}": it has no end`, at, {
        hint: "Close it with ]",
      });
    } else if (kind === "children") builder.child(group, content.split(/\s/)[0] ?? "");
    else if (kind === "vars") {
      const equals = content.indexOf("=");
      if (equals < 1) throw sourceFault(`"${content}" is no variable`, at, { hint: "Write NAME=VALUE" });
      builder.groupVars(group, {
        [content.slice(0, equals).trim()]: iniValue(content.slice(equals + 1).trim(), at),
      });
    } else {
      const [name = "", ...words] = wordsOf(content, at);
      const vars = Object.fromEntries(words.map((word) => {
        const equals = word.indexOf("=");
        if (equals < 1) {
          throw sourceFault(`"${word}" behind the host "${name}" is no variable`, at, {
            hint: "Write NAME=VALUE",
          });
        }
        return [word.slice(0, equals), iniValue(word.slice(equals + 1), at)] as const;
      }));
      for (const each of namesOf(name)) {
        if (group === "ungrouped") builder.host(each, { group: "all", vars });
        else builder.host(each, { group, vars });
      }
    }
  }
}

/** Words, of which parts may stand in quotes; a comment ends them. */
function wordsOf(line: string, at: Place): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote: string | undefined;
  for (const character of line) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word += character;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "#" && word === "") break;
    else if (/\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
    } else word += character;
  }
  if (quote !== undefined) {
    throw sourceFault("A text in quotes has no end", at, { hint: `Close it with ${quote}` });
  }
  return word === "" ? words : [...words, word];
}

/** Numbers, booleans, lists and maps are such, as Ansible has it; anything else is text, `012` too. */
function iniValue(text: string, at: Place): Value {
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return { k: "plain", value: Number(text) };
  if (/^(true|false)$/i.test(text)) return { k: "plain", value: text.toLowerCase() === "true" };
  if (text === "None") return { k: "plain", value: null };
  const placeOf = (): Place => at;
  if (/^(\[.*\]|\{[^{%#].*\}|\{\})$/.test(text)) {
    try {
      return valueOf(readYaml(text, at[0]));
    } catch {
      // It only looks like one.
    }
  }
  return textValue(text.replace(/^(["'])(.*)\1$/, "$2"), placeOf);
}
