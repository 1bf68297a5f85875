/**
 * Schedules over a journal that can die at each of its commits, with runs that only take their time, on a clock that can
 * be moved and set.
 *
 * @module
 */
import { type OpenedSchedules, openSchedules } from "../../../automation/schedule/mod.ts";
import type { EngineLog } from "../../../automation/schedule/engine.ts";
import type { SendNotice } from "../../../automation/schedule/webhook.ts";
import type { Maker } from "../../../automation/schedule/schedule.ts";
import { type ErrorData, VirtError } from "../../../model/error.ts";
import { exitCode } from "../../../model/exit_code.ts";
import type { BorrowedConnection } from "../../../runtime/connections.ts";
import type { Clock, ClockTimer } from "../../../runtime/clock.ts";
import type { VirtEvent } from "../../../model/event.ts";
import type { NoticeRecord } from "../../../runtime/journal/schedule_record.ts";
import type { RunRecord } from "../../../runtime/journal/record.ts";
import { SqliteStore } from "../../../runtime/journal/sqlite_store.ts";
import type { Store } from "../../../runtime/journal/store.ts";
import type { ActiveRun, StartRun } from "../../../runtime/run/manager.ts";
import { recoverRuns } from "../../../runtime/run/recovery.ts";
import { viewOf } from "../../../runtime/run/view.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { type Mortal, mortal } from "../../runtime/run/mortal_store.ts";

/** Turns of the event loop after which nothing but time can make anything go on. */
const quietTurns = 12;

/** A clock whose hands can be moved: timers do not mind, as those of a machine. */
export class SettableClock implements Clock {
  readonly time = new VirtualClock({
    settle: async () => {
      for (let turn = 0; turn < quietTurns; turn++) await settled();
    },
  });
  offset = 0;

  now(): number {
    return this.time.now() + this.offset;
  }

  after(ms: number, action: () => void): ClockTimer {
    return this.time.after(ms, action);
  }

  random(): number {
    return this.time.random();
  }

  uuid(): string {
    return this.time.uuid();
  }
}

/** How a run goes. */
export interface Fate {
  readonly ms: number;
  readonly end: "done" | "failed" | "unknown" | "denied";
}

/** What really happened: that somebody's run began, went on or ended. */
export interface Effect {
  readonly run: string;
  readonly what: "begun" | "resumed" | "ended";
  readonly at: number;
}

/** What a world is made with. */
export interface WorldOptions {
  /** @default a second, and done */
  readonly fate?: (run: string, begun: number) => Fate;
  /** Hears before each commit of the journal, and after it; may kill. */
  readonly onCommit?: (moment: "before" | "after", world: ScheduleWorld) => void;
  readonly send?: SendNotice;
  readonly mostRuns?: number;
  /** Whether schedules are fired. @default true */
  readonly serve?: boolean;
}

const failures: Readonly<Record<Exclude<Fate["end"], "done">, ErrorData>> = {
  failed: { code: "operation-failed", message: "It failed" },
  unknown: { code: "outcome-unknown", message: "Nobody knows" },
  denied: { code: "permission-denied", message: "It may not" },
};

/** Schedules, served by one kernel after the other. */
export class ScheduleWorld implements AsyncDisposable {
  readonly clock = new SettableClock();
  readonly effects: Effect[] = [];
  readonly sent: NoticeRecord[] = [];
  readonly logged: string[] = [];
  readonly #options: WorldOptions;
  readonly #directory: string;
  readonly #opened: Mortal[] = [];
  readonly #listeners = new Map<string, Set<(event: VirtEvent) => void>>();
  #generation = 0;
  #up = false;
  #dead = false;
  store!: Store;
  runs!: FakeRuns;
  schedules!: OpenedSchedules;
  /** On whose behalf everything is done. */
  readonly maker: Maker = { principal: "uid:1000" };

  private constructor(options: WorldOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
  }

  static async make(options: WorldOptions = {}): Promise<ScheduleWorld> {
    const world = new ScheduleWorld(options, await Deno.makeTempDir({ prefix: "drover-schedules-" }));
    await world.#boot();
    return world;
  }

  /** Whether the kernel of the moment was killed. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Lets time go on. */
  async pass(ms: number): Promise<void> {
    await this.clock.time.advance(ms);
  }

  /** Kills the kernel where it stands: what is not durable is gone, nothing is said any more. */
  kill(): void {
    this.#dead = true;
    this.#opened.at(-1)?.die();
    this.runs.die();
  }

  /** Starts the next kernel on what the dead one left. */
  async reboot(): Promise<void> {
    this.kill();
    const path = this.#path();
    this.#generation++;
    for (const suffix of ["", "-wal"]) {
      await Deno.copyFile(`${path}${suffix}`, `${this.#path()}${suffix}`).catch(() => {});
    }
    await this.#boot();
  }

  /** Something happens on a host. */
  happen(uri: string, event: VirtEvent): void {
    for (const listener of this.#listeners.get(uri) ?? []) listener(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#up = false;
    if (!this.#dead) await this.schedules[Symbol.asyncDispose]();
    this.runs.die();
    for (const opened of this.#opened) await opened.bury();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #boot(): Promise<void> {
    this.#up = false;
    this.#dead = false;
    const opened = mortal((defer) => new SqliteStore(this.#path(), { defer }), {
      onCommit: (moment) => {
        if (this.#up) this.#options.onCommit?.(moment, this);
      },
    });
    this.#opened.push(opened);
    this.store = opened.alive;
    const epoch = await opened.store.nextEpoch();
    await recoverRuns(opened.store, this.clock.now());
    this.runs = new FakeRuns({
      store: this.store,
      clock: this.clock,
      effects: this.effects,
      fate: this.#options.fate ?? ((): Fate => ({ ms: 1000, end: "done" })),
    });
    const log: EngineLog = (level, message, fields = {}) => {
      if (level === "error") this.logged.push(`${message}: ${JSON.stringify(fields)}`);
    };
    const { mostRuns, send } = this.#options;
    this.schedules = openSchedules({
      host: {
        store: this.store,
        runs: this.runs,
        epoch,
        kernel: {
          clock: this.clock,
          borrow: (uri) => Promise.resolve(this.#connection(uri)),
          subscribe: ({ uri }, listener) => {
            const heard = this.#listeners.get(uri.text) ?? new Set();
            this.#listeners.set(uri.text, heard.add(listener));
            return { [Symbol.dispose]: () => heard.delete(listener) };
          },
        },
      },
      playbook: (_work, { given }) => Promise.resolve({ file: "/play.ts", hosts: {}, input: given }),
      send: send ?? ((notice) => {
        this.sent.push(notice);
        return Promise.resolve();
      }),
      log,
      ...(mostRuns === undefined ? {} : { mostRuns }),
    });
    this.#up = true;
    if (this.#options.serve === false) return;
    const serving = this.schedules.serve();
    for (let turn = 0; turn < quietTurns; turn++) await settled();
    if (!this.#dead) await serving;
  }

  #connection(text: string): BorrowedConnection {
    // Nothing of a connection is used here but what it is called, and that it is ready.
    const connection = {
      host: "host",
      uri: { text },
      ready: { wait: () => Promise.resolve() },
      self: {
        ref: () => ({ $ref: "connection", id: "host", name: "host", generation: 0, connection: "host" }),
      },
      find: () => undefined,
    } as unknown as BorrowedConnection["connection"];
    return { connection, [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  #path(): string {
    return `${this.#directory}/journal-${this.#generation}.db`;
  }
}

interface FakeRunsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly effects: Effect[];
  readonly fate: (run: string, begun: number) => Fate;
}

/** Runs that take their time and end as they are fated to; their effects outlive every kernel. */
class FakeRuns {
  readonly #options: FakeRunsOptions;
  readonly #active = new Map<string, ActiveRun & { readonly cancel: (reason: string) => void }>();
  #dead = false;

  constructor(options: FakeRunsOptions) {
    this.#options = options;
  }

  /** From now on nothing goes on. */
  die(): void {
    this.#dead = true;
  }

  active(id: string): ActiveRun | undefined {
    return this.#active.get(id);
  }

  async start({ asked, file, input, principal, grants }: StartRun): Promise<ActiveRun> {
    const { store, clock } = this.#options;
    const id = asked?.id ?? clock.uuid();
    if (await store.run(id) !== undefined) throw new VirtError("already-exists", `There is a run ${id}`);
    const run: RunRecord = {
      id,
      title: file,
      kind: "recipe",
      recipe: file,
      versions: { drover: "", channel: 1, operations: "" },
      input,
      hosts: [],
      needs: [],
      grants,
      principal,
      seed: "",
      state: "running",
      epoch: 1,
      createdAt: clock.now(),
      unknownOutcome: false,
      resumes: 0,
    };
    store.addRun(run);
    await store.flush();
    return this.#go(id, "begun");
  }

  async resume(id: string): Promise<ActiveRun> {
    const { store } = this.#options;
    if ((await store.run(id))?.state !== "interrupted") {
      throw new VirtError("wrong-state", "It is not interrupted");
    }
    store.changeRun(id, { state: "running" });
    await store.flush();
    return this.#go(id, "resumed");
  }

  cancel(id: string, reason = ""): ReturnType<ScheduleWorld["runs"]["abandon"]> {
    this.#active.get(id)?.cancel(reason);
    return this.#view(id);
  }

  async abandon(id: string): Promise<ReturnType<typeof viewOf>> {
    const { store, clock } = this.#options;
    store.changeRun(id, { state: "abandoned", endedAt: clock.now() });
    await store.flush();
    return await this.#view(id);
  }

  #go(id: string, what: "begun" | "resumed"): ActiveRun {
    const { store, clock, effects, fate } = this.#options;
    effects.push({ run: id, what, at: clock.now() });
    const begun = effects.filter((each) => each.what === "begun").length;
    const { ms, end } = fate(id, begun);
    const { promise: ended, resolve } = Promise.withResolvers<ReturnType<typeof viewOf>>();
    const finish = async (patch: Parameters<Store["changeRun"]>[1]): Promise<void> => {
      if (this.#dead || !this.#active.has(id)) return;
      effects.push({ run: id, what: "ended", at: clock.now() });
      store.changeRun(id, { ...patch, endedAt: clock.now() });
      await store.flush();
      this.#active.delete(id);
      resolve(await this.#view(id));
    };
    const timer = clock.after(ms, () =>
      void finish(
        end === "done" ? { state: "done", exit: exitCode.done } : {
          state: "failed",
          exit: end === "unknown"
            ? exitCode.unknownOutcome
            : end === "denied"
            ? exitCode.denied
            : exitCode.error,
          error: failures[end],
          unknownOutcome: end === "unknown",
        },
      ));
    const active = {
      id,
      ended,
      watch: () => (async function* (): AsyncGenerator<never> {})(),
      listen: () => ({ [Symbol.dispose]: () => {} }),
      cancel: (reason: string): void => {
        timer[Symbol.dispose]();
        void finish({
          state: "cancelled",
          exit: exitCode.interrupted,
          error: { code: "cancelled", message: reason },
        });
      },
    };
    this.#active.set(id, active);
    return active;
  }

  async #view(id: string): Promise<ReturnType<typeof viewOf>> {
    const run = await this.#options.store.run(id);
    if (run === undefined) throw new VirtError("not-found", `There is no run ${id}`);
    return viewOf(run);
  }
}
