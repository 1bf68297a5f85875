/**
 * Loops of tasks: `loop` and its older names.
 *
 * @module
 */
import type { Loop } from "../engine/program.ts";
import { sourceFault } from "../source.ts";
import { MapReader } from "./reading.ts";
import { valueOf } from "./value.ts";

/** How the items of a loop are made, by its key. */
const loops = {
  loop: "list",
  with_list: "list",
  with_items: "items",
  with_flattened: "flattened",
  with_dict: "dict",
  with_together: "together",
  with_nested: "nested",
  with_cartesian: "nested",
  with_indexed_items: "indexed",
  with_sequence: "sequence",
} as const satisfies Readonly<Record<string, Loop["as"]>>;

type LoopKey = keyof typeof loops;

/** Keys of loops. */
export const loopKeys: readonly LoopKey[] = Object.keys(loops) as LoopKey[];

/** Loops of Ansible that are not there, with what to do. */
export const foreignLoops: Readonly<Record<string, string>> = {
  with_subelements: "Loop over what an expression makes, or over a list that is written so",
  with_random_choice: "Write an expression: {{ list | random }}",
  with_first_found: "Nothing looks for files while a play runs; name the file",
  with_fileglob: "Nothing looks for files while a play runs; list their names",
  with_file: "Nothing reads files while a play runs; take variables in with vars_files",
  with_lines: "Nothing runs programs on this machine",
  with_inventory_hostnames: 'Write an expression: {{ groups["web"] }}',
};

/** The loop of a task. */
export function readLoop(reader: MapReader): Loop | undefined {
  const keys = loopKeys.filter((key) => reader.keys.includes(key));
  const [key, second] = keys;
  if (key === undefined) {
    if (!reader.keys.includes("loop_control")) return undefined;
    throw sourceFault(
      '"loop_control" says something of a loop that is not there',
      reader.keyAt("loop_control"),
    );
  }
  if (second !== undefined) {
    throw sourceFault(`The task has two loops: "${key}" and "${second}"`, reader.keyAt(second));
  }
  const source = reader.get(key)!;
  const given = reader.get("loop_control");
  const control = given === undefined ? undefined : new MapReader(given, '"loop_control"');
  control?.refuseUnknown(["loop_var", "index_var", "label", "pause", "extended"]);
  const [label, pause, index] = [control?.get("label"), control?.get("pause"), control?.text("index_var")];
  return {
    items: valueOf(source),
    as: loops[key],
    variable: control?.text("loop_var") ?? "item",
    ...(index === undefined ? {} : { indexVariable: index }),
    ...(label === undefined ? {} : { label: valueOf(label) }),
    ...(pause === undefined ? {} : { pause: valueOf(pause) }),
  };
}
