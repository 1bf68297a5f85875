/**
 * Which tasks of a playbook are run: by tags, and from a task on.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { nearest } from "../../runtime/permission/suggestion.ts";
import type { Item, Play, Task, Value } from "../engine/program.ts";

/** What was asked for. */
export interface Selection {
  /** Empty: all. */
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** The name of the task to begin at. */
  readonly startAt?: string | undefined;
}

/** The plays with those tasks alone that are meant. Handlers stay: they run when they are notified. */
export function select(plays: readonly Play[], selection: Selection): readonly Play[] {
  const isMeant = (task: Task): boolean => hasTag(task.tags, selection);
  const tagged = plays.map((play) => ({
    ...play,
    sections: play.sections.map((section) => kept(section, isMeant)),
  }));
  const { startAt } = selection;
  if (startAt === undefined) return tagged;
  let begun = false;
  const started = tagged.map((play) => ({
    ...play,
    sections: play.sections.map((section) =>
      kept(section, (task) => {
        begun ||= nameOf(task) === startAt || globOf(startAt).test(nameOf(task));
        return begun;
      })
    ),
  }));
  if (begun) return started;
  const names = tagged.flatMap(({ sections }) => sections.flatMap((section) => tasksOf(section))).map(nameOf);
  const near = nearest(startAt, names);
  throw new VirtError("invalid-argument", `Cannot start at "${startAt}": no task is called so`, {
    hint: near === undefined ? "List tasks with: --list-tasks" : `Did you mean "${near}"?`,
  });
}

function globOf(text: string): RegExp {
  return new RegExp(
    `^${text.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`,
  );
}

function kept(items: readonly Item[], isMeant: (task: Task) => boolean): readonly Item[] {
  return items.flatMap((item): readonly Item[] => {
    if (item.item === "task") return isMeant(item) ? [item] : [];
    const block = {
      ...item,
      tasks: kept(item.tasks, isMeant),
      rescue: kept(item.rescue, isMeant),
      always: kept(item.always, isMeant),
    };
    return block.tasks.length + block.always.length === 0 ? [] : [block];
  });
}

/** As Ansible has it: `always` and `never` are tags with a meaning of their own, `all`, `tagged` and `untagged` stand for many. */
function hasTag(tags: readonly string[], { tags: wanted, skipTags }: Selection): boolean {
  const isIn = (names: readonly string[], skipping: boolean): boolean =>
    names.some((name) =>
      tags.includes(name) ||
      (name === "tagged" && tags.length > 0 && (skipping || !tags.includes("never"))) ||
      (name === "untagged" && tags.length === 0) ||
      (name === "all" && !tags.includes("never"))
    );
  if (
    skipTags.length > 0 && isIn(skipTags, true) &&
    !(skipTags.includes("all") && tags.includes("always") && !skipTags.includes("always"))
  ) {
    return false;
  }
  if (tags.includes("always")) return true;
  if (wanted.length === 0) return !tags.includes("never");
  return isIn(wanted, false);
}

/** All tasks of a list, those in blocks too. */
export function tasksOf(items: readonly Item[]): readonly Task[] {
  return items.flatMap((item): readonly Task[] =>
    item.item === "task" ? [item] : [...tasksOf(item.tasks), ...tasksOf(item.rescue), ...tasksOf(item.always)]
  );
}

/** What a task is called, its expressions as they are written. */
export function nameOf({ name, module }: Task): string {
  return name === undefined ? module : writtenText(name) ?? module;
}

function writtenText(value: Value): string | undefined {
  switch (value.k) {
    case "plain":
      return value.value === null ? undefined : String(value.value);
    case "expression":
      return `{{ ${value.value.text} }}`;
    case "text":
      return value.parts.map((part) => typeof part === "string" ? part : `{{ ${part.text} }}`).join("");
    default:
      return undefined;
  }
}
