/**
 * The tables of schedules in the journal's database.
 *
 * @module
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { fromText, toText } from "./json.ts";
import type {
  FiringFilter,
  FiringRecord,
  NoticeRecord,
  ScheduleRecord,
  ScheduleStore,
} from "./schedule_record.ts";

/** How the tables are reached. */
export interface TableAccess {
  /** Writes inside the open transaction. */
  readonly write: (statement: () => void) => void;
  readonly sql: (text: string) => StatementSync;
}

/** How many ended firings of a schedule are kept; the oldest go first. */
export const firingLimit = 1000;

/** The tables of schedules. */
export class ScheduleTables implements ScheduleStore {
  readonly #access: TableAccess;
  /** They are few and asked for all the time; nobody else writes them while this kernel has the journal. */
  #schedules: Map<string, ScheduleRecord> | undefined;

  constructor(access: TableAccess) {
    this.#access = access;
  }

  setSchedule(schedule: ScheduleRecord): void {
    const { write, sql } = this.#access;
    const facts = toText(schedule);
    write(() => {
      sql(
        "INSERT INTO schedules (id, state, facts) VALUES (?, ?, ?) " +
          "ON CONFLICT (id) DO UPDATE SET state = excluded.state, facts = excluded.facts",
      ).run(schedule.id, schedule.state, facts);
    });
    this.#schedules?.set(schedule.id, schedule);
  }

  schedules(): Promise<readonly ScheduleRecord[]> {
    this.#schedules ??= new Map(
      this.#access.sql("SELECT facts FROM schedules ORDER BY ordinal").all().map((row) => {
        const schedule = readJson<ScheduleRecord>(row["facts"]);
        return [schedule.id, schedule];
      }),
    );
    return Promise.resolve([...this.#schedules.values()]);
  }

  /** Some of the rows may be gone. */
  pruned(): void {
    this.#schedules = undefined;
  }

  setFiring(firing: FiringRecord): void {
    const { write, sql } = this.#access;
    const facts = toText(firing);
    write(() => {
      sql(
        "INSERT INTO firings (id, schedule, identity, cause, state, created_at, ended_at, facts) " +
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) " +
          "ON CONFLICT (id) DO UPDATE SET state = ?5, ended_at = ?7, facts = ?8 " +
          "ON CONFLICT (schedule, identity) DO NOTHING",
      ).run(
        firing.id,
        firing.schedule,
        firing.identity,
        firing.cause,
        firing.state,
        firing.due,
        firing.endedAt ?? null,
        facts,
      );
    });
  }

  firing(id: string): Promise<FiringRecord | undefined> {
    return Promise.resolve(first<FiringRecord>(
      this.#access.sql("SELECT facts FROM firings WHERE id = ?").get(id),
    ));
  }

  firingAs(schedule: string, identity: string): Promise<FiringRecord | undefined> {
    return Promise.resolve(first<FiringRecord>(
      this.#access.sql("SELECT facts FROM firings WHERE schedule = ? AND identity = ?").get(
        schedule,
        identity,
      ),
    ));
  }

  firings({ schedule, states, limit, before }: FiringFilter = {}): Promise<readonly FiringRecord[]> {
    const rows = this.#access.sql(
      "SELECT facts FROM firings WHERE (?1 IS NULL OR schedule = ?1) " +
        "AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2))) " +
        "AND (?3 IS NULL OR ordinal < (SELECT ordinal FROM firings WHERE id = ?3)) " +
        "ORDER BY ordinal DESC LIMIT ?4",
    ).all(schedule ?? null, states === undefined ? null : toText(states), before ?? null, limit ?? -1);
    return Promise.resolve(rows.map((row) => readJson<FiringRecord>(row["facts"])));
  }

  countFirings(
    { schedule, states, cause, since }: Parameters<ScheduleStore["countFirings"]>[0],
  ): Promise<number> {
    const row = this.#access.sql(
      "SELECT count(*) AS n FROM firings WHERE (?1 IS NULL OR schedule = ?1) " +
        "AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2))) " +
        "AND (?3 IS NULL OR cause = ?3) AND (?4 IS NULL OR created_at >= ?4)",
    ).get(schedule ?? null, states === undefined ? null : toText(states), cause ?? null, since ?? null);
    return Promise.resolve(Number(row?.["n"] ?? 0));
  }

  setNotice(notice: NoticeRecord): void {
    const { write, sql } = this.#access;
    const facts = toText(notice);
    write(() => {
      sql(
        "INSERT INTO notices (id, firing, state, not_before, facts) VALUES (?, ?, ?, ?, ?) " +
          "ON CONFLICT (id) DO UPDATE SET state = excluded.state, not_before = excluded.not_before, " +
          "facts = excluded.facts WHERE notices.state = 'open'",
      ).run(notice.id, notice.firing, notice.state, notice.notBefore, facts);
    });
  }

  openNotices(limit: number): Promise<readonly NoticeRecord[]> {
    const rows = this.#access.sql(
      "SELECT facts FROM notices WHERE state = 'open' ORDER BY not_before, ordinal LIMIT ?",
    ).all(limit);
    return Promise.resolve(rows.map((row) => readJson<NoticeRecord>(row["facts"])));
  }

  notices(firing: string): Promise<readonly NoticeRecord[]> {
    const rows = this.#access.sql("SELECT facts FROM notices WHERE firing = ? ORDER BY ordinal").all(firing);
    return Promise.resolve(rows.map((row) => readJson<NoticeRecord>(row["facts"])));
  }
}

/**
 * Throws away what ended before a moment, what ended is too much, and schedules that were removed and of which nothing is
 * left. Dead letters wait however long, as far as they are not too many; what is still to be told stays.
 */
export function pruneSchedules(db: DatabaseSync, before: number): void {
  const told =
    "NOT EXISTS (SELECT 1 FROM notices WHERE notices.firing = firings.id AND notices.state = 'open')";
  const ended = "state NOT IN ('waiting', 'running')";
  db.prepare(`DELETE FROM firings WHERE ${ended} AND state <> 'dead' AND ended_at < ? AND ${told}`).run(
    before,
  );
  const newest = db.prepare(
    `SELECT ordinal FROM firings WHERE schedule = ? AND ${ended} ORDER BY ordinal DESC LIMIT 1 OFFSET ?`,
  );
  const drop = db.prepare(
    `DELETE FROM firings WHERE schedule = ? AND ordinal <= ? AND ${ended} AND ${told}`,
  );
  for (const { id } of db.prepare("SELECT id FROM schedules").all()) {
    const last = newest.get(String(id), firingLimit);
    if (last !== undefined) drop.run(String(id), Number(last["ordinal"]));
  }
  db.exec(
    "DELETE FROM schedules WHERE state = 'removed' " +
      "AND NOT EXISTS (SELECT 1 FROM firings WHERE firings.schedule = schedules.id)",
  );
}

function first<T>(row: Record<string, SQLOutputValue> | undefined): T | undefined {
  return row === undefined ? undefined : readJson<T>(row["facts"]);
}

/** The journal trusts what it wrote: rows are read back as the type that they were written from. */
function readJson<T>(value: SQLOutputValue | undefined): T {
  return fromText(String(value)) as T;
}
