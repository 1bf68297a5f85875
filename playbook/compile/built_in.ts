/**
 * Modules that are no operations: what plays say, set, check and wait for.
 *
 * @module
 */
import type { Action, Place, Value, Vars } from "../engine/program.ts";
import { varsOf } from "../inventory/read.ts";
import { type Entry, kindOf, type Source, sourceFault } from "../source.ts";
import { filePath, type ModuleContext, type ModuleUse } from "./module_use.ts";
import { MapReader } from "./reading.ts";
import { conditionsOf, expressionAt, valueOf } from "./value.ts";

/** Modules that are not operations. */
export const builtInModules: readonly string[] = [
  "debug",
  "set_fact",
  "assert",
  "fail",
  "pause",
  "meta",
  "recipe",
  "wait",
];

/** What can be waited for, and what each takes. */
export const waits: Readonly<Record<string, readonly string[]>> = {
  running: [],
  shutoff: [],
  ip: ["family", "cidr", "source"],
  agent: [],
};

/** What `meta` knows. */
export const metas = [
  "flush_handlers",
  "noop",
  "end_host",
  "end_batch",
  "end_play",
  "clear_host_errors",
] as const;

/** Modules whose parameters may stand in one line: `debug: msg="a b" verbosity=1`. */
const takesPairs = ["debug", "set_fact", "assert", "fail", "pause"];

/** `KEY=VALUE KEY="A VALUE"` as a map; anything else as it is. */
function pairsIn(source: Source): Source {
  if (source.kind !== "scalar" || typeof source.value !== "string") return source;
  const text = source.value;
  const pattern = /\s*([A-Za-z_]\w*)=("(?:\\.|[^"\\])*"|'[^']*'|(?:\{\{.*?\}\}|[^\s"'])+)(?=\s|$)/y;
  const entries = new Map<string, Entry>();
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (match === null) return source;
    const [whole, key = "", given = ""] = match;
    const isQuoted = /^(["']).*\1$/s.test(given);
    const offset = match.index + whole.length - given.length + (isQuoted ? 1 : 0);
    const placeOf = (at: number): Place => source.placeOf(offset + at);
    const value = isQuoted ? given.slice(1, -1) : given;
    const keyAt = source.placeOf(match.index + whole.length - given.length - key.length - 1);
    entries.set(key, { keyAt, value: { kind: "scalar", at: placeOf(0), value, placeOf } });
  }
  return entries.size === 0 ? source : { kind: "map", at: source.at, entries };
}

/** What a module that is no operation is to do. */
export function builtInAction(name: string, use: ModuleUse, context: ModuleContext): Action {
  const { at } = use;
  const source = takesPairs.includes(name) ? pairsIn(use.source) : use.source;
  const what = `"${name}"`;
  switch (name) {
    case "debug":
      return debug(source);
    case "set_fact": {
      if (source.kind !== "map") new MapReader(source, what);
      const { cacheable: _, ...facts }: Vars = varsOf(source, what);
      return { do: "set_fact", facts };
    }
    case "assert": {
      const reader = new MapReader(source, what);
      reader.refuseUnknown(["that", "fail_msg", "msg", "success_msg", "quiet"]);
      const that = reader.get("that");
      if (that === undefined) {
        throw sourceFault(`"assert" needs "that"`, at, { hint: "Add it: that: x == 1" });
      }
      const [failure, success] = [reader.get("fail_msg") ?? reader.get("msg"), reader.get("success_msg")];
      return {
        do: "assert",
        that: conditionsOf(that),
        ...(failure === undefined ? {} : { failure: valueOf(failure) }),
        ...(success === undefined ? {} : { success: valueOf(success) }),
      };
    }
    case "fail": {
      if (source.kind === "scalar" && source.value === null) {
        return { do: "fail", message: { k: "plain", value: "Failed as requested from task" } };
      }
      const reader = new MapReader(source, what);
      reader.refuseUnknown(["msg"]);
      const message = reader.get("msg");
      return {
        do: "fail",
        message: message === undefined
          ? { k: "plain", value: "Failed as requested from task" }
          : valueOf(message),
      };
    }
    case "pause": {
      if (source.kind === "scalar" && source.value !== null) return { do: "pause", time: valueOf(source) };
      if (source.kind === "scalar") {
        throw sourceFault('"pause" needs "seconds"', at, {
          hint: "Add it: seconds: 5; nobody is asked in the middle of a play",
        });
      }
      const reader = new MapReader(source, what);
      reader.refuseUnknown(["seconds", "minutes", "for"], {
        prompt: "Nobody is asked in the middle of a play",
      });
      const minutes = reader.count("minutes", 0);
      const time = reader.get("for") ?? reader.get("seconds");
      if (minutes !== undefined) return { do: "pause", time: { k: "plain", value: minutes * 60 } };
      if (time === undefined) {
        throw sourceFault('"pause" needs "seconds"', at, { hint: "Add it: seconds: 5" });
      }
      return { do: "pause", time: valueOf(time) };
    }
    case "meta": {
      const wanted = source.kind === "scalar" ? source.value : undefined;
      const found = metas.find((each) => each === wanted);
      if (found !== undefined) return { do: "meta", what: found };
      throw sourceFault(`"meta" does not know ${kindOf(source)}`, source.at, {
        hint: `It knows: ${metas.join(", ")}`,
      });
    }
    case "wait":
      return wait(source);
    default: {
      const file = source.kind === "scalar" ? source : new MapReader(source, what).get("file");
      if (file === undefined) {
        throw sourceFault('"recipe" needs "file"', at, { hint: "Add it: file: my_recipe.ts" });
      }
      const input = source.kind === "scalar" ? undefined : recipeInput(new MapReader(source, what));
      const path = filePath(file, "file");
      return {
        do: "recipe",
        recipe: context.recipe(path, file.at),
        file: path,
        input: input === undefined ? {} : fieldsOf(input, '"input" of the recipe'),
      };
    }
  }
}

function recipeInput(reader: MapReader): Source | undefined {
  reader.refuseUnknown(["file", "input"]);
  return reader.get("input");
}

function fieldsOf(source: Source, what: string): Readonly<Record<string, Value>> {
  const reader = new MapReader(source, what);
  return Object.fromEntries(reader.keys.map((key) => [key, valueOf(reader.get(key)!)]));
}

function debug(source: Source): Action {
  if (source.kind === "scalar" && source.value === null) return { do: "debug" };
  const reader = new MapReader(source, '"debug"');
  reader.refuseUnknown(["msg", "var", "verbosity"]);
  // There is one level of what is said: what is meant for a higher one is not.
  const verbosity = reader.count("verbosity", 0) ?? 0;
  const quiet = verbosity > 0 ? { quiet: true } : {};
  const variable = reader.get("var");
  const message = reader.get("msg");
  if (variable?.kind === "scalar" && typeof variable.value === "string") {
    return {
      do: "debug",
      ...quiet,
      variable: expressionAt(variable.value.replace(/^\s*\{\{|\}\}\s*$/g, ""), variable.placeOf),
    };
  }
  return { do: "debug", ...quiet, ...(message === undefined ? {} : { message: valueOf(message) }) };
}

function wait(source: Source): Action {
  const reader = source.kind === "scalar" ? undefined : new MapReader(source, '"wait"');
  const until = source.kind === "scalar" ? String(source.value) : reader?.text("for") ?? "running";
  const takes = Object.hasOwn(waits, until) ? waits[until] : undefined;
  if (takes === undefined) {
    throw sourceFault(`"wait" does not know "${until}"`, reader?.get("for")?.at ?? source.at, {
      hint: `It waits for: ${Object.keys(waits).join(", ")}`,
    });
  }
  reader?.refuseUnknown(["for", "domain", ...takes]);
  const keys = (reader?.keys ?? []).filter((key) => key !== "for");
  return {
    do: "wait",
    until,
    input: Object.fromEntries(keys.map((key) => [key, valueOf(reader!.get(key)!)])),
  };
}
