/**
 * The schedules of a state directory: made, shown, paused, removed, fired by hand. Whether anything fires them is another
 * matter; what is written here is durable before it is answered.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FiringRecord, ScheduleRecord } from "../../runtime/journal/schedule_record.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { checkedSpec } from "./check.ts";
import { isTimeTrigger, nextDue, passedDues } from "./due.ts";
import { timeIdentity } from "./identity.ts";
import type { Ledger } from "./ledger.ts";
import type {
  AddOptions,
  FiringView,
  HistoryFilter,
  Maker,
  NextAfter,
  RunNowOptions,
  ScheduleInput,
  Schedules,
  ScheduleSpec,
  ScheduleView,
} from "./schedule.ts";
import { firingView, scheduleShown } from "./shown.ts";
import type { Turns } from "./turns.ts";

/** How many schedules there may be. */
const mostSchedules = 10_000;

/** What a book is made with. */
export interface BookOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly turns: Turns;
  readonly nextAfter: NextAfter;
  /** Refuses what cannot be run. */
  readonly check: (spec: ScheduleSpec, maker: Maker) => Promise<void>;
  /** Whether this process fires schedules. */
  readonly served: () => boolean;
  /** Hears that something is other than before. */
  readonly onChange: () => void;
  /** Why the events of a connection are not heard. */
  readonly troubleOf: (uri: string) => string | undefined;
}

/** The schedules of a state directory. */
export class ScheduleBook implements Schedules {
  readonly #options: BookOptions;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get served(): boolean {
    return this.#options.served();
  }

  async add(
    input: ScheduleInput,
    { principal, replace = false }: AddOptions,
  ): Promise<ScheduleView> {
    const { clock, nextAfter, check, store } = this.#options;
    const spec = checkedSpec(input, { now: clock.now(), nextAfter });
    // It may take its time, and nobody has to wait for that.
    await check(spec, { principal });
    return await this.#change("add", principal, async (now) => {
      const there = await store.schedules();
      const before = there.find((each) => each.spec.name === spec.name && each.state !== "removed");
      if (before !== undefined && !replace) {
        throw new VirtError(
          "already-exists",
          `Cannot make schedule "${spec.name}": there is one of that name`,
          {
            hint: `See it with: drover schedule show ${spec.name}; or replace it`,
          },
        );
      }
      if (there.length >= mostSchedules) {
        throw new VirtError("operation-failed", `Cannot make more than ${mostSchedules} schedules`, {
          hint: "Remove some that are not needed any more",
        });
      }
      const next = nextDue(spec, { after: now, nextAfter });
      return {
        id: before?.id ?? clock.uuid().slice(0, 8),
        spec,
        state: before?.state === "paused" ? "paused" : "active",
        principal,
        createdAt: before?.createdAt ?? now,
        ...(before === undefined ? {} : { changedAt: now }),
        ...(before?.pausedAt === undefined || before.state !== "paused" ? {} : { pausedAt: before.pausedAt }),
        through: now,
        ...(next === undefined ? {} : { next }),
      };
    });
  }

  async list(): Promise<readonly ScheduleView[]> {
    const there = (await this.#options.store.schedules()).filter(({ state }) => state !== "removed");
    const byName = there.toSorted((a, b) => a.spec.name < b.spec.name ? -1 : 1);
    return await Promise.all(byName.map((schedule) => this.#shown(schedule)));
  }

  async show(name: string): Promise<ScheduleView> {
    return await this.#shown(await this.#named(name));
  }

  async pause(name: string, { principal }: Maker): Promise<ScheduleView> {
    return await this.#change("pause", principal, async (now) => {
      const schedule = await this.#named(name);
      return schedule.state === "active" ? { ...schedule, state: "paused", pausedAt: now } : schedule;
    });
  }

  async resume(name: string, { principal }: Maker): Promise<ScheduleView> {
    const { ledger, nextAfter } = this.#options;
    return await this.#change("resume", principal, async (now) => {
      const { pausedAt, ...schedule } = await this.#named(name);
      if (schedule.state !== "paused") return schedule;
      const passed = passedDues(schedule.spec, {
        ...{ after: schedule.through, until: now, most: 1, nextAfter },
      });
      if (passed !== undefined) {
        await ledger.notFired(schedule, {
          identity: timeIdentity(passed.first),
          ...{ cause: "time", state: "skipped", due: passed.first, count: passed.count },
          through: passed.latest.at(-1) ?? passed.first,
          reason: `the schedule was paused${
            pausedAt === undefined ? "" : ` since ${new Date(pausedAt).toISOString()}`
          }`,
        });
      }
      return resumed(schedule, { now, nextAfter });
    });
  }

  async remove(name: string, { principal }: Maker): Promise<ScheduleView> {
    const { store, ledger } = this.#options;
    return await this.#change("remove", principal, async (now) => {
      const { next: _next, ...schedule } = await this.#named(name);
      for (const firing of await store.firings({ schedule: schedule.id, states: ["waiting"] })) {
        const begun = firing.attempt > 0;
        const reason = "its schedule was removed";
        ledger.change(schedule, firing, {
          state: begun ? "failed" : "skipped",
          reason: begun ? `${firing.reason ?? "it failed"}; ${reason}` : reason,
        });
      }
      return { ...schedule, state: "removed", changedAt: now };
    });
  }

  async runNow(name: string, { principal, key, force = false }: RunNowOptions): Promise<FiringView> {
    const { store, clock } = this.#options;
    return await this.#fire(principal, async () => {
      const schedule = await this.#named(name);
      const identity = `hand:${key === undefined ? clock.uuid() : `${principal}:${key}`}`;
      const known = await store.firingAs(schedule.id, identity);
      if (known !== undefined) return { schedule, known };
      const { overlap } = schedule.spec;
      const under = (await store.firings({ schedule: schedule.id, states: ["waiting", "running"] }))
        .filter(({ attempt, cause }) => attempt > 0 || cause === "by-hand");
      const [other] = under;
      if (other !== undefined && overlap === "skip" && !force) {
        throw new VirtError("wrong-state", `Cannot run schedule "${name}": it is under way`, {
          hint: `See it with: drover schedule history ${name}; or run it beside that with --force`,
        });
      }
      return { schedule, identity, more: { catchUp: true, ...(force ? { force: true } : {}) } };
    });
  }

  async history({ schedule: name, states, limit = 100, before }: HistoryFilter = {}): Promise<
    readonly FiringView[]
  > {
    const { store } = this.#options;
    const page = {
      limit,
      ...(states === undefined ? {} : { states }),
      ...(before === undefined ? {} : { before }),
    };
    if (name === undefined) return (await store.firings(page)).map(firingView);
    // One that was removed and made again is two, and the later one is meant.
    const found = (await store.schedules()).filter(({ spec }) => spec.name === name);
    const schedule = found.find(({ state }) => state !== "removed") ?? found.at(-1);
    if (schedule === undefined) throw noSchedule(name);
    return (await store.firings({ ...page, schedule: schedule.id })).map(firingView);
  }

  async firing(id: string): Promise<FiringView> {
    return firingView(await this.#firing(id));
  }

  async again(id: string, { principal }: Maker): Promise<FiringView> {
    const { store, ledger, clock } = this.#options;
    return await this.#fire(principal, async () => {
      const old = await this.#firing(id);
      const schedule = (await store.schedules()).find((each) => each.id === old.schedule);
      if (schedule === undefined || schedule.state === "removed") {
        throw new VirtError("wrong-state", `Cannot run firing ${id} again: its schedule was removed`);
      }
      if (old.state === "waiting" || old.state === "running" || old.state === "done") {
        throw new VirtError("wrong-state", `Cannot run firing ${id} again: it is ${old.state}`, {
          hint: `Fire its schedule with: drover schedule run-now ${old.name}`,
        });
      }
      const run = await store.run(old.runs.at(-1) ?? "");
      if (run?.state === "interrupted") {
        throw new VirtError(
          "wrong-state",
          `Cannot run firing ${id} again: its run ${run.id} is interrupted and holds what it holds`,
          {
            hint:
              `Take it up with: drover runs resume ${run.id}, or give it up with: drover runs abandon ${run.id}`,
          },
        );
      }
      if (old.state === "dead") {
        ledger.change(schedule, old, { state: "failed", reason: `${old.reason ?? ""}; it was run again` });
      }
      const { events, trigger, count } = old;
      return {
        schedule,
        identity: `again:${old.id}:${clock.uuid()}`,
        more: {
          of: old.id,
          catchUp: true,
          ...(events === undefined ? {} : { events, ...(count === undefined ? {} : { count }) }),
          ...(trigger === undefined ? {} : { trigger }),
        },
      };
    });
  }

  async drop(id: string, { principal }: Maker): Promise<FiringView> {
    const { store, ledger, turns } = this.#options;
    return await turns.take(async () => {
      const firing = await this.#firing(id);
      const schedule = (await store.schedules()).find((each) => each.id === firing.schedule);
      if (firing.state !== "dead" || schedule === undefined) {
        throw new VirtError(
          "wrong-state",
          `Cannot drop firing ${id}: it is ${firing.state}, and no dead letter`,
        );
      }
      const reason = `${firing.reason ?? "it failed"}; dropped by ${principal}`;
      const dropped = ledger.change(schedule, firing, {
        state: "failed",
        reason,
        endedAt: firing.endedAt ?? 0,
      });
      this.#audit("drop", { principal, name: firing.name });
      await store.flush();
      return firingView(dropped);
    });
  }

  async upcoming(name: string, count: number): Promise<readonly number[]> {
    const { clock, nextAfter } = this.#options;
    const { spec, state, through } = await this.#named(name);
    const dues: number[] = [];
    let after = state === "paused" ? clock.now() : Math.max(through, clock.now());
    while (dues.length < count) {
      const due = nextDue(spec, { after, nextAfter });
      if (due === undefined) break;
      dues.push(due);
      after = due;
    }
    return dues;
  }

  /** Writes a schedule anew and on record who did it. */
  async #change(
    what: string,
    principal: string,
    change: (now: number) => Promise<ScheduleRecord>,
  ): Promise<ScheduleView> {
    const { store, clock, turns, onChange } = this.#options;
    const changed = await turns.take(async () => {
      const record = await change(clock.now());
      store.setSchedule(record);
      this.#audit(what, { principal, name: record.spec.name });
      await store.flush();
      return record;
    });
    onChange();
    return await this.#shown(changed);
  }

  /** Puts a firing by hand on record. */
  async #fire(
    principal: string,
    find: () => Promise<
      | { readonly schedule: ScheduleRecord; readonly known: FiringRecord }
      | { readonly schedule: ScheduleRecord; readonly identity: string; readonly more: Partial<FiringRecord> }
    >,
  ): Promise<FiringView> {
    const { store, clock, turns, ledger, onChange } = this.#options;
    const firing = await turns.take(async () => {
      const found = await find();
      if ("known" in found) return found.known;
      const { schedule, identity, more } = found;
      this.#audit("run", { principal, name: schedule.spec.name });
      const added = await ledger.add(schedule, {
        ...{ ...more, identity, cause: "by-hand", due: clock.now(), principal },
      });
      await store.flush();
      return added;
    });
    onChange();
    return firingView(firing);
  }

  #audit(what: string, { principal, name }: { readonly principal: string; readonly name: string }): void {
    const { store, clock } = this.#options;
    store.addAudit({
      at: clock.now(),
      principal,
      decision: "done",
      operation: `schedule.${what}`,
      object: name,
    });
  }

  async #shown(schedule: ScheduleRecord): Promise<ScheduleView> {
    const { store, clock, troubleOf } = this.#options;
    return await scheduleShown(schedule, { store, now: clock.now(), troubleOf });
  }

  async #named(name: string): Promise<ScheduleRecord> {
    const found = (await this.#options.store.schedules())
      .find(({ spec, state }) => spec.name === name && state !== "removed");
    if (found !== undefined) return found;
    throw noSchedule(name);
  }

  async #firing(id: string): Promise<FiringRecord> {
    const found = await this.#options.store.firing(id);
    if (found !== undefined) return found;
    throw new VirtError("not-found", `There is no firing ${id}`, {
      hint: "List firings with: drover schedule history",
    });
  }
}

/** A schedule that counts its times from now on. */
function resumed(
  { next: _next, ...schedule }: Omit<ScheduleRecord, "pausedAt">,
  { now, nextAfter }: { readonly now: number; readonly nextAfter: NextAfter },
): ScheduleRecord {
  // A clock that was set back does not make it due before there was such a schedule.
  const through = Math.max(now, schedule.changedAt ?? schedule.createdAt);
  const next = nextDue(schedule.spec, { after: through, nextAfter });
  const ends = next === undefined && schedule.spec.triggers.every(isTimeTrigger);
  return {
    ...schedule,
    state: ends ? "ended" : "active",
    through,
    ...(next === undefined ? {} : { next }),
  };
}

function noSchedule(name: string): VirtError {
  return new VirtError("not-found", `There is no schedule "${name}"`, {
    hint: "List schedules with: drover schedule list",
  });
}
