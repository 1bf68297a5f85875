/**
 * One task on one target: its condition, its loop, its retries, and what is made of the outcome.
 *
 * @module
 */
import { VirtError } from "drover";
import { act, type ActionContext, durationOf, failureOf, type Outcome } from "./action.ts";
import { evaluate, firstFalse, omitted, type Scope } from "./evaluate.ts";
import { itemsFor, roundOf } from "./loop.ts";
import type { ResultLine } from "./report.ts";
import type { Loop, Target, Task } from "./program.ts";
import { booleanOf, isTrue, plainData, textOf } from "./values.ts";

/** What a task on a target works with. */
export interface TaskContext extends Omit<ActionContext, "scope" | "target" | "within"> {
  /** The scope, with the values of a loop. */
  readonly scopeWith: (loop?: ReadonlyMap<string, unknown>) => Scope;
  readonly target: Target;
  /** Says how it went. */
  readonly tell: (line: Omit<ResultLine, "target">) => void;
  /** Takes in what an item of a loop came to. */
  readonly took: (outcome: Outcome) => void;
}

/** How a task went on a target, all items of a loop together. */
export interface TaskResult extends Outcome {
  /** It failed, and the task says that this does not matter. */
  readonly ignored: boolean;
}

/** Carries a task out on a target. */
export async function runTask(task: Task, context: TaskContext): Promise<TaskResult> {
  const { loop } = task;
  const scope = context.scopeWith();
  try {
    if (loop === undefined) {
      const outcome = await runOnce(task, { ...context, scope });
      return told(task, { ...context, scope, outcome });
    }
    const items = itemsOf(task, loop, scope);
    if (items === undefined) return told(task, { ...context, scope, outcome: skippedBy("its condition") });
    return await runLoop(task, loop, { ...context, scope, items });
  } catch (error) {
    if (context.tools.signal.aborted) throw error;
    return told(task, { ...context, scope, outcome: failureOf(error) });
  }
}

function skippedBy(why: string): Outcome {
  return {
    status: "skipped",
    data: {
      changed: false,
      skipped: true,
      skip_reason: "Conditional result was False",
      false_condition: why,
    },
  };
}

/** The items of a loop; nothing where they cannot be told because the task's condition does not hold anyway. */
function itemsOf(task: Task, loop: Loop, scope: Scope): readonly unknown[] | undefined {
  try {
    return itemsFor(loop.as, evaluate(loop.items, scope));
  } catch (error) {
    try {
      if (firstFalse(task.when, scope) !== undefined) return undefined;
    } catch {
      // The condition is about the items; what is wrong with them says more.
    }
    throw error;
  }
}

interface LoopContext extends TaskContext {
  readonly scope: Scope;
  readonly items: readonly unknown[];
}

async function runLoop(task: Task, loop: Loop, context: LoopContext): Promise<TaskResult> {
  const { items, tools, tell } = context;
  const outcomes: Outcome[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && loop.pause !== undefined && !context.check) {
      await tools.sleep(durationOf(evaluate(loop.pause, context.scope)));
    }
    const values = new Map<string, unknown>([[loop.variable, item], [
      "ansible_loop",
      { ...roundOf(items, index), allitems: items },
    ]]);
    if (loop.indexVariable !== undefined) values.set(loop.indexVariable, index);
    const scope = context.scopeWith(values);
    const outcome = await runOnce(task, { ...context, scope });
    const label = loop.label === undefined ? item : evaluate(loop.label, scope);
    const hidden = isNoLog(task, scope);
    outcomes.push({
      ...outcome,
      data: { ...outcome.data, [loop.variable]: plainData(item), ansible_loop_var: loop.variable },
    });
    // What one item sets, the next one sees.
    context.took(outcome);
    tell({
      status: outcome.status,
      item: hidden ? "(censored due to no_log)" : textOf(label),
      ...(outcome.message === undefined || hidden ? {} : { message: outcome.message }),
      ...(outcome.diff === undefined || hidden ? {} : { diff: outcome.diff }),
    });
    if (outcome.status === "unreachable" || outcome.status === "unknown") break;
  }
  const all = outcomes.map(({ status }) => status);
  const status = all.find((each) => each === "unknown") ?? all.find((each) => each === "unreachable") ??
    all.find((each) => each === "failed") ??
    (all.length === 0 || all.every((each) => each === "skipped")
      ? "skipped"
      : all.includes("changed")
      ? "changed"
      : "ok");
  const outcome: Outcome = {
    status,
    data: {
      results: outcomes.map(({ data }) => data),
      changed: all.includes("changed"),
      ...(status === "skipped" ? { skipped: true } : {}),
      ...(all.length === 0 ? { skipped_reason: "No items in the list" } : {}),
      ...(status === "failed" || status === "unknown"
        ? { failed: true, msg: "One or more items failed" }
        : {}),
      ...(status === "unreachable" ? { unreachable: true } : {}),
    },
    ...(status === "failed" ? { message: "One or more items failed" } : {}),
  };
  // Each item has been told of; what remains is to say that all were left out, or that a failure does not matter.
  const ignored = isIgnored(task, context.scope, outcome);
  if (status === "skipped") tell({ status });
  else if (ignored) context.report.note("...ignoring");
  return { ...outcome, ignored };
}

function told(
  task: Task,
  { scope, outcome, tell }: TaskContext & { readonly scope: Scope; readonly outcome: Outcome },
): TaskResult {
  const ignored = isIgnored(task, scope, outcome);
  const hidden = isNoLog(task, scope);
  const message = hidden && outcome.message !== undefined
    ? "the output has been hidden due to the fact that no_log is set"
    : outcome.message;
  tell({
    status: outcome.status,
    ignored,
    ...(message === undefined ? {} : { message }),
    ...(outcome.diff === undefined || hidden ? {} : { diff: outcome.diff }),
  });
  return { ...outcome, ignored };
}

function isIgnored({ ignoreErrors, ignoreUnreachable }: Task, scope: Scope, { status }: Outcome): boolean {
  if (status === "failed") return ignoreErrors !== undefined && isTrue(evaluate(ignoreErrors, scope));
  if (status !== "unreachable") return false;
  return ignoreUnreachable !== undefined && isTrue(evaluate(ignoreUnreachable, scope));
}

function isNoLog({ noLog }: Task, scope: Scope): boolean {
  try {
    return noLog !== undefined && isTrue(evaluate(noLog, scope));
  } catch {
    // What cannot be told is kept.
    return true;
  }
}

interface OnceContext extends TaskContext {
  readonly scope: Scope;
}

/** Once, or for one item of a loop: the condition, the retries, and the author's own view of success and change. */
async function runOnce(task: Task, context: OnceContext): Promise<Outcome> {
  const { scope, tools } = context;
  try {
    const wrong = firstFalse(task.when, scope);
    if (wrong !== undefined) return skippedBy(wrong.text);
    const action: ActionContext = {
      ...context,
      target: delegateOf(task, context),
      check: task.check === undefined ? context.check : booleanOf(evaluate(task.check, scope)),
      diff: task.diff === undefined ? context.diff : booleanOf(evaluate(task.diff, scope)),
      within: withinOf(task, scope),
    };
    const { retrying } = task;
    if (retrying === undefined) return judged(task, await act(task.action, action), scope);
    const retries = Math.max(0, Math.trunc(Number(evaluate(retrying.retries, scope))));
    const delay = evaluate(retrying.delay, scope);
    for (let attempt = 1;; attempt++) {
      const outcome = judged(task, await act(task.action, action), scope);
      const data = { ...outcome.data, attempts: attempt };
      const view = withResult(task, scope, { failed: outcome.status === "failed", ...data });
      const isOver = firstFalse(retrying.until, view) === undefined;
      if (isOver) return { ...outcome, data };
      if (outcome.status === "unreachable" || outcome.status === "unknown") return { ...outcome, data };
      if (attempt > retries || action.check) {
        if (action.check) return { ...outcome, data };
        const message = outcome.message ?? `It did not become so in ${attempt} attempts`;
        return { status: "failed", message, data: { msg: message, ...data, failed: true } };
      }
      context.report.note(
        `FAILED - RETRYING: [${context.target.name}]: ${titleOf(task, scope)} (${
          retries - attempt + 1
        } retries left).`,
      );
      await tools.sleep(durationOf(delay));
    }
  } catch (error) {
    if (tools.signal.aborted) throw error;
    return failureOf(error);
  }
}

/** The scope of conditions about a result: it is there under the name that it is registered as. */
function withResult(task: Task, scope: Scope, data: unknown): Scope {
  const { register } = task;
  return {
    look: (name) =>
      name === register || (register === undefined && name === "result") ? data : scope.look(name),
  };
}

/** An outcome as `failed_when` and `changed_when` see it. */
function judged(task: Task, outcome: Outcome, scope: Scope): Outcome {
  const { failedWhen, changedWhen } = task;
  if (outcome.status === "unreachable" || outcome.status === "unknown" || outcome.status === "skipped") {
    return outcome;
  }
  const view = withResult(task, scope, { failed: outcome.status === "failed", ...outcome.data });
  let { status, message, data } = outcome;
  if (changedWhen !== undefined) {
    const changed = changedWhen.length > 0 && firstFalse(changedWhen, view) === undefined;
    if (status !== "failed") status = changed ? "changed" : "ok";
    data = { ...data, changed };
  }
  if (failedWhen !== undefined) {
    const failed = failedWhen.length > 0 && firstFalse(failedWhen, view) === undefined;
    if (failed) {
      message ??= `It counts as failed: ${failedWhen.map(({ text }) => text).join(" and ")}`;
      status = "failed";
    } else if (status === "failed") status = data["changed"] === true ? "changed" : "ok";
    data = { ...data, failed, failed_when_result: failed };
  }
  return { ...outcome, status, data, ...(message === undefined ? {} : { message }) };
}

function withinOf({ within }: Task, scope: Scope): ActionContext["within"] {
  if (within === undefined) return undefined;
  const value = evaluate(within, scope);
  return value === omitted ? undefined : durationOf(value);
}

function delegateOf({ delegate, at }: Task, { scope, target, targetNamed }: OnceContext): Target {
  if (delegate === undefined) return target;
  const name = textOf(evaluate(delegate, scope));
  const found = targetNamed(name);
  if (found !== undefined) return found;
  const [file, line, column] = at;
  throw new VirtError("not-found", `Cannot delegate to "${name}": there is no such host in the inventory`, {
    at: { file, line, column },
  });
}

/** What `name:` of a task says; as it is written where that cannot be told. */
export function titleOf({ name, module }: Task, scope: Scope): string {
  if (name === undefined) return module;
  try {
    return textOf(evaluate(name, scope));
  } catch {
    return name.k === "text"
      ? name.parts.map((part) => typeof part === "string" ? part : `{{ ${part.text} }}`).join("")
      : module;
  }
}
