/**
 * One play: its batches, its lists of tasks, its handlers, and when to stop.
 *
 * @module
 */
import type { Host, RunTools } from "drover";
import type { PlayRecipe } from "./action.ts";
import { batchesOf } from "./batches.ts";
import { evaluate, firstFalse, type Scope } from "./evaluate.ts";
import { inForks } from "./forks.ts";
import type { Block, Item, Play, Program, Target, Task } from "./program.ts";
import type { Report } from "./report.ts";
import { scopeOf } from "./scope.ts";
import type { TargetState } from "./state.ts";
import { runTask, type TaskResult, titleOf } from "./task.ts";
import { isMap, isTrue, textOf } from "./values.ts";

/** What a play works with. */
export interface PlayContext {
  readonly program: Program;
  readonly tools: RunTools;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly recipes: readonly PlayRecipe[];
  readonly report: Report;
  readonly states: ReadonlyMap<string, TargetState>;
}

/** How a list of tasks is gone through. */
interface Section {
  /** A failure is somebody's to rescue. */
  readonly rescued: boolean;
  /** It is gone through even when the play has stopped. */
  readonly always: boolean;
}

/** Carries out one play. */
export class PlayRun {
  readonly #play: Play;
  readonly #context: PlayContext;
  readonly #all: readonly TargetState[];
  #batch: readonly TargetState[] = [];
  #stopped = false;
  #ended = false;

  constructor(play: Play, context: PlayContext) {
    this.#play = play;
    this.#context = context;
    this.#all = play.targets.flatMap((name) => context.states.get(name) ?? []);
  }

  /** Runs it; whether the next play may begin. */
  async run(): Promise<boolean> {
    const { report } = this.#context;
    const { name, serial, antiAffinity } = this.#play;
    report.play(name);
    const targets = this.#all.filter(({ broken }) => !broken);
    for (const state of targets) if (state.standing === "ended") state.standing = "active";
    if (targets.length === 0) {
      report.note(this.#all.length === 0 ? "skipping: no hosts matched" : "skipping: no hosts remaining");
      return true;
    }
    const apart = antiAffinity === undefined
      ? {}
      : { apart: (state: TargetState) => this.#keyOf(state, antiAffinity) };
    for (const batch of batchesOf(targets, { serial, ...apart })) {
      this.#batch = batch;
      await this.#runBatch();
      if (this.#ended) return true;
      // A batch that failed as a whole ends a play, as Ansible has it; who says how many may fail means that.
      const isLost = typeof this.#play.maxFail !== "number" && batch.every(({ broken }) => broken);
      if (this.#stopped || isLost) {
        if (this.#stopped || targets.some(({ broken }) => !broken)) {
          report.note("NO MORE HOSTS LEFT: too many have failed; nothing more is begun");
        }
        return false;
      }
    }
    return true;
  }

  async #runBatch(): Promise<void> {
    for (const section of this.#play.sections) {
      const here: Section = { rescued: false, always: false };
      if (this.#play.strategy === "free") {
        await inForks(this.#batch, this.#play.forks, (state) => this.#runItems(section, [state], here));
      } else await this.#runItems(section, this.#batch, here);
      await this.#runHandlers();
    }
  }

  async #runItems(items: readonly Item[], states: readonly TargetState[], section: Section): Promise<void> {
    for (const item of items) {
      this.#context.tools.signal.throwIfAborted();
      if ((this.#stopped || this.#ended) && !section.always) return;
      const active = states.filter((state) => state.active);
      if (active.length === 0) return;
      if (item.item === "block") await this.#runBlock(item, active, section);
      else await this.#runTask(item, active, section);
    }
  }

  async #runBlock(block: Block, states: readonly TargetState[], section: Section): Promise<void> {
    const rescued = section.rescued || block.rescue.length > 0;
    await this.#runItems(block.tasks, states, { ...section, rescued });
    if (block.rescue.length > 0) {
      const failed = states.filter(({ standing }) => standing === "failed");
      for (const state of failed) {
        state.standing = "active";
        state.counters.rescued++;
      }
      if (failed.length > 0) await this.#runItems(block.rescue, failed, section);
    }
    if (block.always.length === 0) return;
    const before = new Map(states.map((state) => [state, state.standing] as const));
    const reached = states.filter(({ standing }) => standing === "active" || standing === "failed");
    for (const state of reached) state.standing = "active";
    await this.#runItems(block.always, reached, { ...section, always: true });
    for (const state of reached) if (state.active) state.standing = before.get(state) ?? "active";
  }

  async #runTask(task: Task, states: readonly TargetState[], section: Section): Promise<void> {
    const [first] = states;
    if (first === undefined) return;
    const { report } = this.#context;
    const scope = this.#scope(first, task);
    const title = titleOf(task, scope);
    if (task.action.do === "meta") return await this.#meta(task, states);
    report.task(title, { kind: "TASK", module: task.module });
    await this.#everywhere(task, states, { title, section });
  }

  /** Carries a task out on targets, so many at a time, and takes in what came of it. */
  async #everywhere(
    task: Task,
    states: readonly TargetState[],
    { title, section }: { readonly title: string; readonly section: Section },
  ): Promise<void> {
    const [first] = states;
    if (first === undefined) return;
    const once = task.runOnce !== undefined && isTrue(evaluate(task.runOnce, this.#scope(first, task)));
    await inForks(once ? [first] : states, task.forks ?? this.#play.forks, async (state) => {
      const result = await this.#runFor(task, state);
      this.#take(task, state, { result, title, section });
      if (!once) return;
      for (const other of states) {
        if (other !== state) this.#keep(task, other, result);
        if (other !== state && !state.active) other.standing = state.standing;
      }
    });
    if (!section.rescued) this.#look(task, states);
  }

  async #runFor(task: Task, state: TargetState): Promise<TaskResult> {
    const { program, tools, hosts, recipes, report } = this.#context;
    const { target } = state;
    const { delegate } = task;
    return await runTask(task, {
      tools,
      hosts,
      recipes,
      report,
      target,
      check: program.check,
      diff: program.diff,
      targetNamed: (name) => this.#targetNamed(name),
      scopeWith: (loop) => this.#scope(state, task, loop),
      tell: (line) =>
        report.result({
          target: target.name,
          ...line,
          ...(delegate === undefined ? {} : { delegate: this.#told(delegate, state, task) }),
        }),
    });
  }

  #told(value: NonNullable<Task["delegate"]>, state: TargetState, task: Task): string {
    try {
      return textOf(evaluate(value, this.#scope(state, task)));
    } catch {
      return "?";
    }
  }

  /** Counts, registers, notifies. */
  #take(
    task: Task,
    state: TargetState,
    { result, title, section }: {
      readonly result: TaskResult;
      readonly title: string;
      readonly section: Section;
    },
  ): void {
    const { counters } = state;
    const { status, data, ignored } = result;
    this.#keep(task, state, result);
    switch (status) {
      case "changed":
        counters.changed++;
        counters.ok++;
        break;
      case "ok":
      case "skipped":
        counters[status]++;
        break;
      case "unknown":
        counters.unknown++;
        state.standing = "unknown";
        break;
      default:
        if (ignored) {
          counters.ignored++;
          counters.ok++;
          break;
        }
        state.failure = { task: title, result: data };
        state.standing = status;
        if (status === "unreachable" || !section.rescued) counters[status]++;
    }
    if (status !== "changed") return;
    const scope = this.#scope(state, task);
    for (const value of task.notify) {
      const names = evaluate(value, scope);
      for (const name of Array.isArray(names) ? names : [names]) state.notified.add(textOf(name));
    }
  }

  #keep(task: Task, state: TargetState, { status, data }: TaskResult): void {
    if (task.register !== undefined) {
      state.facts.set(task.register, {
        changed: false,
        failed: status === "failed" || status === "unknown",
        skipped: status === "skipped",
        ...data,
      });
    }
    const facts: unknown = data["facts"];
    if (task.action.do === "set_fact" && isMap(facts)) {
      for (const [name, value] of Object.entries(facts)) state.facts.set(name, value);
    }
  }

  /** Whether so many have failed that the play stops. */
  #look(task: Task, states: readonly TargetState[]): void {
    const { maxFail, anyErrorsFatal } = this.#play;
    if ((anyErrorsFatal || task.anyErrorsFatal) && states.some(({ broken }) => broken)) this.#stopped = true;
    if (maxFail === undefined) return;
    if (typeof maxFail === "number") {
      if (this.#all.filter(({ broken }) => broken).length > maxFail) this.#stopped = true;
      return;
    }
    const failed = this.#batch.filter(({ broken }) => broken).length;
    if (failed * 100 > maxFail.percent * this.#batch.length) this.#stopped = true;
  }

  async #meta(task: Task, all: readonly TargetState[]): Promise<void> {
    const { action } = task;
    const states = all.filter((state) => firstFalse(task.when, this.#scope(state, task)) === undefined);
    if (action.do !== "meta" || states.length === 0) return;
    switch (action.what) {
      case "flush_handlers":
        return await this.#runHandlers();
      case "end_play":
        this.#ended = true;
        break;
      case "end_host":
        for (const state of states) state.standing = "ended";
        break;
      case "clear_host_errors":
        for (const state of this.#all) if (state.broken) state.standing = "active";
        break;
      case "noop":
        break;
    }
  }

  /** Runs what was notified, in the order in which the handlers stand, and what those notify. */
  async #runHandlers(): Promise<void> {
    const { handlers } = this.#play;
    if (this.#stopped) return;
    for (const handler of handlers) {
      const hears = (state: TargetState): boolean => {
        const names = [titleOf(handler, this.#scope(state, handler)), ...handler.listen];
        return names.some((name) => state.notified.has(name));
      };
      const states = this.#batch.filter((state) => state.active && hears(state));
      const [first] = states;
      if (first === undefined) continue;
      const title = titleOf(handler, this.#scope(first, handler));
      this.#context.report.task(title, { kind: "RUNNING HANDLER", module: handler.module });
      await this.#everywhere(handler, states, { title, section: { rescued: false, always: false } });
      if (this.#stopped) return;
    }
    for (const state of this.#batch) state.notified.clear();
  }

  #targetNamed(name: string): Target | undefined {
    return this.#context.states.get(name)?.target;
  }

  #scope(state: TargetState, { vars }: Pick<Task, "vars">, loop?: ReadonlyMap<string, unknown>): Scope {
    const { program, states } = this.#context;
    return scopeOf({
      program,
      play: this.#play,
      state,
      states,
      playTargets: this.#play.targets,
      batch: this.#batch.map(({ target }) => target.name),
      vars,
      ...(loop === undefined ? {} : { loop }),
    });
  }

  #keyOf(state: TargetState, name: string): string {
    if (name === "host") return state.target.uri;
    return textOf(this.#scope(state, { vars: [] }).look(name));
  }
}
