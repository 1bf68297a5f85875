/**
 * Fires schedules: sees what is due, begins runs, takes up what a dead daemon left, and writes down what became of it.
 *
 * That a due time has fired is a row of the journal, and the id of each attempt's run follows from that row. So between
 * any two writes the process may die: what is on record is carried on, and what is not has not happened.
 *
 * @module
 */
import { toErrorData } from "../../model/error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { attempt, type ScheduledRuns } from "./attempt.ts";
import { isTimeTrigger, nextDue } from "./due.ts";
import { attemptRun, firingId, shareOf, timeIdentity } from "./identity.ts";
import type { Ledger } from "./ledger.ts";
import { Line } from "./line.ts";
import { Notifier } from "./notifier.ts";
import { type Verdict, verdictOfStart, wordsOf } from "./outcome.ts";
import { latenessMs, sortPassed } from "./passed.ts";
import type { NextAfter } from "./schedule.ts";
import type { Turns } from "./turns.ts";
import type { SendNotice } from "./webhook.ts";
import type { PreparePlaybook } from "./work.ts";

/** The engine looks at least this often, in milliseconds: a clock that was set says nothing of it. */
const longestSleepMs = 15_000;

/** How many firings of one schedule may wait or run. */
const mostWaiting = 1000;

/** How soon a run that is still being begun is looked at again, in milliseconds. */
const beginningMs = 1_000;

/** Hears what the engine cannot tell anybody else. */
export type EngineLog = (
  level: "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, string>>,
) => void;

/** What an engine is made with. */
export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly runs: ScheduledRuns;
  readonly ledger: Ledger;
  readonly turns: Turns;
  readonly nextAfter: NextAfter;
  readonly playbook: PreparePlaybook;
  readonly send: SendNotice;
  readonly log: EngineLog;
  /** Runs of schedules at once; what is due beside them waits. @default 16 */
  readonly mostRuns?: number;
}

/** What a turn has found to be done when it is durable. */
interface Next {
  readonly begun: readonly FiringRecord[];
  readonly late: readonly FiringRecord[];
  /** When to look again, in milliseconds since 1970. */
  readonly at: number;
}

/** Fires schedules. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #notifier: Notifier;
  readonly #closing = new AbortController();
  /** Runs that this process has asked to end because they take too long. */
  readonly #ended = new Set<string>();
  #timer: Disposable | undefined;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { store, clock, send } = options;
    this.#notifier = new Notifier({ store, clock, send, onChange: () => this.wake() });
  }

  /** Takes up what was under way, and fires from now on. */
  async begin(): Promise<void> {
    const { store, turns } = this.#options;
    await turns.take(() => this.#missWaiting());
    for (const firing of await store.firings({ states: ["running"] })) void this.#drive(firing);
    this.wake();
  }

  /** What should have begun while nobody was there was missed, also where it was on record already. */
  async #missWaiting(): Promise<void> {
    const { store, ledger, clock } = this.#options;
    for (const firing of await store.firings({ states: ["waiting"] })) {
      const schedule = await this.#scheduleOf(firing);
      const { cause, attempt, notBefore = firing.due } = firing;
      if (schedule.spec.missed.policy !== "skip" || cause !== "time" || attempt > 0) continue;
      if (notBefore >= clock.now() - latenessMs) continue;
      ledger.change(schedule, firing, { state: "missed", reason: "nobody could fire then", tell: "missed" });
    }
    await store.flush();
  }

  /** Looks what is to be done, soon. */
  wake(): void {
    if (this.#closing.signal.aborted) return;
    this.#again = true;
    this.#looking ??= this.#lookWhileAsked();
  }

  /** Fires nothing any more. What runs is its kernel's to end; the next engine takes it up. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#looking;
    // Whoever has begun to write down what became of a run does so.
    await this.#options.turns.take(() => Promise.resolve());
    await this.#notifier.close();
  }

  /** Never rejects. */
  async #lookWhileAsked(): Promise<void> {
    const { clock, turns, log } = this.#options;
    while (this.#again && !this.#closing.signal.aborted) {
      this.#again = false;
      // Where nothing can be looked at, it is tried again.
      let at = clock.now() + longestSleepMs;
      try {
        const next = await turns.take(() => this.#look());
        at = Math.min(next.at, await this.#notifier.begin());
        for (const firing of next.begun) {
          const { name: schedule, id, attempt } = firing;
          log("info", "schedule fires", { schedule, firing: id, attempt: String(attempt) });
          void this.#drive(firing);
        }
        for (const firing of next.late) this.#end(firing);
      } catch (error) {
        log("error", "cannot see to schedules", { why: wordsOf(toErrorData(error), "") });
      }
      this.#timer?.[Symbol.dispose]();
      if (at < Infinity) this.#timer = clock.after(Math.max(0, at - clock.now()), () => this.wake());
    }
    this.#looking = undefined;
    if (this.#closing.signal.aborted) this.#timer?.[Symbol.dispose]();
  }

  async #look(): Promise<Next> {
    const { store, clock } = this.#options;
    const now = clock.now();
    let at = Infinity;
    for (const schedule of await store.schedules()) {
      if (schedule.state !== "active" || schedule.next === undefined) continue;
      const { next } = schedule.next > now ? schedule : await this.#pass(schedule, now);
      at = Math.min(at, next ?? Infinity, now + longestSleepMs);
    }
    const schedules = new Map((await store.schedules()).map((schedule) => [schedule.id, schedule]));
    const open = (await store.firings({ states: ["waiting", "running"] })).toReversed();
    const line = new Line({ schedules, now, places: this.#options.mostRuns ?? 16 });
    if (open.length > 0) at = Math.min(at, now + longestSleepMs);
    const begun: FiringRecord[] = [];
    const late: FiringRecord[] = [];
    // Who runs is there before anybody who waits, also where it came later.
    for (const firing of open) if (firing.state === "running") line.runs(firing);
    for (const firing of open) {
      const schedule = schedules.get(firing.schedule);
      if (schedule === undefined) continue;
      if (firing.state === "running") {
        const deadline = this.#deadline(firing, schedule);
        if (deadline <= now) late.push(await this.#late(firing, schedule));
        else at = Math.min(at, deadline);
        continue;
      }
      const turn = line.turnOf(firing, schedule);
      if (turn.kind === "begin") begun.push(this.#begun(firing, schedule));
      else if (turn.kind === "end") {
        this.#options.ledger.change(schedule, firing, {
          state: turn.state,
          reason: turn.reason,
          tell: turn.state === "failed" ? "failure" : "skipped",
        });
      } else at = Math.min(at, turn.until);
    }
    if (late.some(({ runs }) => !this.#ended.has(runs.at(-1) ?? ""))) at = Math.min(at, now + beginningMs);
    await store.flush();
    return { begun, late, at };
  }

  /** Sees to the due times that have passed, and answers the schedule as it is then. */
  async #pass(schedule: ScheduleRecord, now: number): Promise<ScheduleRecord> {
    const { store, ledger, nextAfter, log } = this.#options;
    const { id, spec } = schedule;
    let passed: ReturnType<typeof sortPassed>;
    try {
      passed = sortPassed(spec, { through: schedule.through, now, nextAfter });
    } catch (error) {
      // A time zone may have gone since; the other schedules go on.
      log("error", "cannot tell when a schedule is due", {
        schedule: spec.name,
        why: wordsOf(toErrorData(error), ""),
      });
      return { ...schedule, next: now + longestSleepMs };
    }
    const { missed, firings = [], through = now } = passed ?? {};
    if (missed !== undefined) {
      const identity = timeIdentity(missed.due);
      await ledger.notFired(schedule, { ...missed, identity, cause: "time", state: "missed" });
    }
    for (const { due, catchUp } of firings) {
      const identity = timeIdentity(due);
      const open = await store.firings({ schedule: id, states: ["waiting", "running"] });
      const [other] = open;
      if (!catchUp && other !== undefined && spec.overlap === "skip" && spec.jitter === 0) {
        const reason = `another firing was under way: ${other.id}`;
        await ledger.notFired(schedule, { identity, cause: "time", state: "skipped", due, reason });
        continue;
      }
      if (open.length >= mostWaiting) {
        const reason = `${mostWaiting} firings of it were waiting`;
        await ledger.notFired(schedule, { identity, cause: "time", state: "skipped", due, reason });
        continue;
      }
      const notBefore = Math.floor(due + shareOf(firingId(id, identity)) * spec.jitter);
      await ledger.add(schedule, {
        ...{ identity, cause: "time", due, notBefore },
        ...(catchUp ? { catchUp: true } : {}),
      });
    }
    const { next: _next, ...kept } = schedule;
    const next = nextDue(spec, { after: through, nextAfter });
    const ends = next === undefined && spec.triggers.every(isTimeTrigger);
    const changed: ScheduleRecord = {
      ...kept,
      through,
      ...(next === undefined ? {} : { next }),
      ...(ends ? { state: "ended" as const } : {}),
    };
    store.setSchedule(changed);
    return changed;
  }

  #begun(firing: FiringRecord, schedule: ScheduleRecord): FiringRecord {
    const { ledger, clock } = this.#options;
    const { timedOut: _timedOut, reason: _reason, exit: _exit, ...kept } = firing;
    const attempt = firing.attempt + 1;
    return ledger.change(schedule, kept, {
      state: "running",
      attempt,
      attemptAt: clock.now(),
      startedAt: firing.startedAt ?? clock.now(),
      runs: [...firing.runs, attemptRun(firing.id, attempt)],
      ...(attempt === 1 ? { tell: "start" as const } : {}),
    });
  }

  /** Until when a running firing may go on, in milliseconds since 1970. */
  #deadline({ attemptAt, runs }: FiringRecord, { spec }: ScheduleRecord): number {
    if (spec.timeout === undefined || attemptAt === undefined || this.#ended.has(runs.at(-1) ?? "")) {
      return Infinity;
    }
    return attemptAt + spec.timeout;
  }

  /** Writes down that a run takes too long, before it is ended for that. */
  async #late(firing: FiringRecord, schedule: ScheduleRecord): Promise<FiringRecord> {
    const { store, ledger, runs } = this.#options;
    const run = firing.runs.at(-1) ?? "";
    // One that is still being begun cannot be ended yet; one that has ended is not late.
    if (firing.timedOut !== undefined || runs.active(run) === undefined) return firing;
    const record = await store.run(run);
    if (record === undefined) return firing;
    const timedOut = `it took longer than its schedule allows: ${(schedule.spec.timeout ?? 0) / 1000} s`;
    return ledger.change(schedule, firing, { timedOut });
  }

  #end({ runs, timedOut }: FiringRecord): void {
    const run = runs.at(-1) ?? "";
    if (timedOut === undefined || this.#options.runs.active(run) === undefined) return;
    this.#ended.add(run);
    // It may have ended by itself a moment ago.
    this.#options.runs.cancel(run, timedOut).catch(() => {});
  }

  /** Carries an attempt to its end, and writes that down. Never rejects. */
  async #drive(firing: FiringRecord): Promise<void> {
    const { turns, log } = this.#options;
    const { signal } = this.#closing;
    const run = firing.runs.at(-1) ?? "";
    try {
      const verdict = await this.#attempt(firing).catch(verdictOfStart);
      // What the end of this process has interrupted the next one takes up.
      if (signal.aborted) return;
      await turns.take(() => this.#settle(firing.id, verdict));
      const { kind } = verdict;
      log(kind === "done" ? "info" : "warn", "firing has ended", {
        ...{ schedule: firing.name, firing: firing.id, outcome: kind },
        ...(verdict.kind === "done" ? {} : { why: verdict.reason }),
      });
    } catch (error) {
      if (!signal.aborted) {
        log("error", "cannot write down what became of a firing", {
          firing: firing.id,
          why: wordsOf(toErrorData(error), ""),
        });
      }
    } finally {
      this.#ended.delete(run);
    }
    this.wake();
  }

  async #attempt(firing: FiringRecord): Promise<Verdict> {
    const { store, clock, runs, playbook } = this.#options;
    const schedule = await this.#scheduleOf(firing);
    return await attempt(firing, { schedule, store, clock, runs, playbook, signal: this.#closing.signal });
  }

  /** Writes down what became of an attempt. */
  async #settle(id: string, verdict: Verdict): Promise<void> {
    const { store, ledger, clock } = this.#options;
    const firing = await store.firing(id);
    if (firing?.state !== "running") return;
    const schedule = await this.#scheduleOf(firing);
    const { most, initial, factor, longest } = schedule.spec.retries;
    const { exit } = verdict;
    if (verdict.kind === "done") ledger.change(schedule, firing, { state: "done", exit, tell: "success" });
    else if (verdict.kind === "interrupted") {
      const reason = `${verdict.reason} (see to it with: drover runs resume ${verdict.run}, or drover runs ` +
        `abandon ${verdict.run})`;
      ledger.change(schedule, firing, { state: "dead", exit, reason, tell: "dead" });
    } else if (verdict.kind === "unknown") {
      const reason = `${verdict.reason}; it is not tried again, since that could do it twice`;
      ledger.change(schedule, firing, { state: "dead", exit, reason, tell: "dead" });
    } else if (verdict.again && firing.attempt <= most && schedule.state !== "removed") {
      const pause = Math.min(longest, initial * factor ** (firing.attempt - 1));
      const { reason } = verdict;
      const notBefore = clock.now() + Math.ceil(pause);
      ledger.change(schedule, firing, { state: "waiting", exit, reason, notBefore, tell: "retry" });
    } else {
      const state = verdict.again && most > 0 ? "dead" : "failed";
      const tell = state === "dead" ? "dead" : "failure";
      ledger.change(schedule, firing, { state, exit, reason: verdict.reason, tell });
    }
    await store.flush();
  }

  async #scheduleOf({ schedule: id, name }: FiringRecord): Promise<ScheduleRecord> {
    const found = (await this.#options.store.schedules()).find((each) => each.id === id);
    if (found !== undefined) return found;
    throw new Error(`The schedule ${name} of a firing is on no record`);
  }
}
