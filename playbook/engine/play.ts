/**
 * One play: its batches, its lists of tasks, its handlers, and when to stop.
 *
 * @module
 */
import { type Amount, batchesOf, type Host } from "drover";
import { failureOf, type PlayRecipe, type PlayTools } from "./action.ts";
import { evaluate, faultAt, firstFalse, type Scope } from "./evaluate.ts";
import { inForks } from "./forks.ts";
import type { Block, Item, Play, Program, Share, Target, Task } from "./program.ts";
import type { Promised } from "./promised.ts";
import type { Report } from "./report.ts";
import { scopeOf } from "./scope.ts";
import type { TargetState } from "./state.ts";
import { runTask, type TaskResult, titleOf } from "./task.ts";
import { isMap, isTrue, textOf } from "./values.ts";

/** What a play works with. */
export interface PlayContext {
  readonly program: Program;
  readonly tools: PlayTools;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly recipes: readonly PlayRecipe[];
  readonly report: Report;
  readonly states: ReadonlyMap<string, TargetState>;
  readonly promised: Promised;
}

/** How a list of tasks is gone through. */
interface Section {
  /** A failure is somebody's to rescue. */
  readonly rescued: boolean;
  /** It is gone through even when the play has stopped. */
  readonly always: boolean;
}

function amountOf(share: Share): Amount {
  return typeof share === "number" ? share : `${share.percent}%`;
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
    const targets = this.#all.filter(({ broken }) => !broken);
    for (const state of targets) if (state.standing === "ended") state.standing = "active";
    if (targets.length === 0) {
      report.play(name);
      report.note(this.#all.length === 0 ? "skipping: no hosts matched" : "skipping: no hosts remaining");
      return true;
    }
    const apart = antiAffinity === undefined
      ? {}
      : { apart: (state: TargetState) => this.#keyOf(state, antiAffinity) };
    for (const batch of batchesOf(targets, { sizes: serial.map(amountOf), ...apart })) {
      this.#batch = batch;
      report.play(name);
      await this.#runBatch();
      if (this.#ended) return true;
      // A batch that failed as a whole ends a play, as Ansible has it; who says how many may fail means that.
      const isLost = typeof this.#play.maxFail !== "number" && batch.every(({ broken }) => broken);
      if (this.#stopped || isLost) {
        if (this.#stopped || targets.some(({ broken }) => !broken)) {
          report.noHostsLeft();
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
        if (other !== state && !state.active && section.rescued) other.standing = state.standing;
      }
      // What was to be done once for all, and failed, is missing for all.
      if (!state.active && !section.rescued) this.#stopped = true;
    });
    if (!section.rescued) this.#look(task, states);
  }

  async #runFor(task: Task, state: TargetState): Promise<TaskResult> {
    const { program, tools, hosts, recipes, report, promised } = this.#context;
    const { target } = state;
    const { delegate } = task;
    return await runTask(task, {
      tools,
      hosts,
      recipes,
      report,
      promised,
      target,
      check: program.check,
      diff: program.diff,
      targetNamed: (name) => this.#targetNamed(name),
      scopeWith: (loop) => this.#scope(state, task, loop),
      took: ({ data }) => this.#setFacts(task, state, data),
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
    const { status, ignored } = result;
    this.#keep(task, state, result);
    if (status === "ok" || status === "skipped") counters[status]++;
    else if (status === "changed") {
      counters.changed++;
      counters.ok++;
      this.#notify(task, state, { title, section });
    } else if (ignored) {
      counters.ignored++;
      counters.ok++;
    } else this.#fail(task, state, { result, title, section });
  }

  #fail(
    task: Task,
    state: TargetState,
    { result: { status, data }, title, section }: {
      readonly result: Pick<TaskResult, "status" | "data">;
      readonly title: string;
      readonly section: Section;
    },
  ): void {
    if (status !== "failed" && status !== "unreachable" && status !== "unknown") return;
    state.failure = { task: title, at: task.at, result: data };
    state.standing = status;
    if (status !== "failed" || !section.rescued) state.counters[status]++;
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
    this.#setFacts(task, state, data);
  }

  /** What items of a loop set is there all together; with `delegate_facts` it is the delegate's. */
  #setFacts(task: Task, state: TargetState, data: Readonly<Record<string, unknown>>): void {
    if (task.action.do !== "set_fact") return;
    const delegate = task.delegateFacts && task.delegate !== undefined
      ? this.#context.states.get(this.#told(task.delegate, state, task))
      : state;
    const results: unknown = data["results"];
    for (const each of Array.isArray(results) ? results : [data]) {
      const facts: unknown = isMap(each) ? each["ansible_facts"] : undefined;
      if (!isMap(facts)) continue;
      for (const [name, value] of Object.entries(facts)) delegate?.facts.set(name, value);
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
    this.#context.report.task("meta", { kind: "TASK", module: "meta" });
    switch (action.what) {
      case "flush_handlers":
        return await this.#runHandlers();
      case "end_batch":
        for (const state of this.#batch) if (state.active) state.standing = "ended";
        break;
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

  /**
   * Runs what was notified, in the order in which the handlers stand. What those notify that stand before them is run the
   * next time.
   */
  async #runHandlers(): Promise<void> {
    for (const handler of this.#play.handlers) {
      if (this.#stopped && !this.#play.forceHandlers) return;
      const states = this.#batch.filter((state) =>
        state.notified.has(handler) &&
        (state.active || (this.#play.forceHandlers && state.standing === "failed"))
      );
      const [first] = states;
      if (first === undefined) continue;
      for (const state of states) state.notified.delete(handler);
      const title = titleOf(handler, this.#scope(first, handler));
      this.#context.report.task(title, { kind: "RUNNING HANDLER", module: handler.module });
      await this.#everywhere(handler, states, { title, section: { rescued: false, always: false } });
    }
  }

  /** Takes in what a task notifies: of handlers of one name the first, and whoever listens. */
  #notify(
    task: Task,
    state: TargetState,
    told: { readonly title: string; readonly section: Section },
  ): void {
    const { handlers } = this.#play;
    try {
      const scope = this.#scope(state, task);
      for (const name of task.notify.flatMap((value) => namesIn(evaluate(value, scope)))) {
        const named = handlers.find((handler) => titleOf(handler, this.#scope(state, handler)) === name);
        const called = handlers.filter((each) => each === named || each.listen.includes(name));
        if (called.length === 0) {
          throw faultAt(`There is no handler "${name}", and none listens to it`, task.at);
        }
        for (const handler of called) state.notified.add(handler);
      }
    } catch (error) {
      const result = failureOf(error);
      this.#context.report.result({ target: state.target.name, ...result });
      this.#fail(task, state, { result, ...told });
    }
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

function namesIn(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(textOf);
}
