/**
 * Firings and messages as the journal has them. Everything that belongs together is written in one turn of the event loop
 * and so in one commit: a kill finds all of it or nothing.
 *
 * @module
 */
import type { Clock } from "../../runtime/clock.ts";
import type { FiringRecord, ScheduleRecord, ScheduleStore } from "../../runtime/journal/schedule_record.ts";
import { firingId, noticeId } from "./identity.ts";
import type { FiringState, Hook, NoticeKind } from "./schedule.ts";

/** What a ledger works with. */
export interface LedgerOptions {
  readonly store: ScheduleStore;
  readonly clock: Pick<Clock, "now">;
}

/** A firing that is about to be. */
export type NewFiring =
  & Pick<FiringRecord, "identity" | "cause" | "due">
  & Partial<Omit<FiringRecord, "id" | "schedule" | "name" | "state">>;

/** Due times, or something else, at which nothing was fired. */
export interface NotFired {
  readonly identity: string;
  readonly cause: FiringRecord["cause"];
  readonly state: "skipped" | "missed";
  readonly due: number;
  /** @default `due` */
  readonly through?: number;
  /** @default 1 */
  readonly count?: number;
  readonly reason: string;
}

/** The states in which a firing has ended. */
const ended: ReadonlySet<FiringState> = new Set<FiringState>(["done", "failed", "skipped", "missed", "dead"]);

/** Firings and messages in the journal. */
export class Ledger {
  readonly #options: LedgerOptions;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Adds a firing that waits; the one that there is where there is one of its identity. */
  async add(schedule: ScheduleRecord, firing: NewFiring): Promise<FiringRecord> {
    const { store } = this.#options;
    const known = await store.firingAs(schedule.id, firing.identity);
    if (known !== undefined) return known;
    const record: FiringRecord = {
      ...{ attempt: 0, runs: [], ...firing },
      id: firingId(schedule.id, firing.identity),
      schedule: schedule.id,
      name: schedule.spec.name,
      state: "waiting",
    };
    store.setFiring(record);
    return record;
  }

  /**
   * Puts on record that nothing was fired. Where the schedule's last row says the same, that row grows: what comes every
   * second does not drive everything else out of the history.
   */
  async notFired(schedule: ScheduleRecord, what: NotFired): Promise<void> {
    const { store, clock } = this.#options;
    const { due, reason, state, cause, through = due, count = 1, identity } = what;
    if (await store.firingAs(schedule.id, identity) !== undefined) return;
    const [last] = await store.firings({ schedule: schedule.id, limit: 1 });
    if (last !== undefined && last.cause === cause && cause === "time" && covers(last, due)) return;
    if (
      last !== undefined && last.state === state && last.cause === cause && last.reason === reason &&
      last.attempt === 0 && last.due <= due
    ) {
      store.setFiring({
        ...last,
        through: Math.max(last.through ?? last.due, through),
        count: (last.count ?? 1) + count,
        endedAt: clock.now(),
      });
      return;
    }
    const record: FiringRecord = {
      id: firingId(schedule.id, identity),
      schedule: schedule.id,
      name: schedule.spec.name,
      identity,
      cause,
      due,
      ...(count === 1 ? {} : { through, count }),
      state,
      attempt: 0,
      runs: [],
      reason,
      endedAt: clock.now(),
    };
    store.setFiring(record);
    this.tell(schedule, record, state);
  }

  /** Writes a firing anew, and what people are told of it. */
  change(
    schedule: ScheduleRecord,
    firing: FiringRecord,
    { tell, ...patch }: Partial<FiringRecord> & { readonly tell?: NoticeKind },
  ): FiringRecord {
    const { store, clock } = this.#options;
    const { notBefore: _notBefore, ...kept } = firing;
    const state = patch.state ?? firing.state;
    const record: FiringRecord = {
      ...(state === "waiting" ? firing : kept),
      ...patch,
      ...(ended.has(state) ? { endedAt: patch.endedAt ?? clock.now() } : {}),
    };
    store.setFiring(record);
    if (tell !== undefined) this.tell(schedule, record, tell);
    return record;
  }

  /** Puts a message to each webhook that wants to hear of it on record. */
  tell(schedule: ScheduleRecord, firing: FiringRecord, kind: NoticeKind): void {
    const { store, clock } = this.#options;
    for (const [index, hook] of schedule.spec.notify.entries()) {
      if (!wants(hook, kind)) continue;
      const id = noticeId(firing.id, { kind, attempt: firing.attempt, hook: index });
      store.setNotice({
        id,
        firing: firing.id,
        kind,
        hook,
        body: noticeBody(schedule, { id, kind, firing, at: clock.now() }),
        state: "open",
        attempts: 0,
        notBefore: clock.now(),
        createdAt: clock.now(),
      });
    }
  }
}

/** Whether a row of several due times has one of them in it already. */
function covers({ due: first, through = first, state }: FiringRecord, due: number): boolean {
  return (state === "skipped" || state === "missed") && first <= due && due <= through;
}

/** A dead letter is a failure too. */
function wants({ on }: Hook, kind: NoticeKind): boolean {
  return on.includes(kind) || (kind === "dead" && on.includes("failure"));
}

/** What a webhook is told. Neither inputs nor grants are in it. */
function noticeBody(
  { id: scheduleId, spec }: ScheduleRecord,
  { id, kind, firing, at }: {
    readonly id: string;
    readonly kind: NoticeKind;
    readonly firing: FiringRecord;
    readonly at: number;
  },
): string {
  const time = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  return JSON.stringify({
    version: 1,
    id,
    kind,
    at: time(at),
    schedule: { id: scheduleId, name: spec.name, runs: spec.work.file },
    firing: {
      id: firing.id,
      cause: firing.cause,
      due: time(firing.due),
      through: time(firing.through),
      count: firing.count,
      state: firing.state,
      attempt: firing.attempt,
      attempts: 1 + spec.retries.most,
      runs: firing.runs,
      exit: firing.exit,
      reason: firing.reason,
      startedAt: time(firing.startedAt),
      endedAt: time(firing.endedAt),
      notBefore: time(firing.notBefore),
    },
  });
}
