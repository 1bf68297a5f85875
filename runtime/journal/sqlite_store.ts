/**
 * The journal in one SQLite file.
 *
 * @module
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Clock } from "../clock.ts";
import { Committer } from "./commit.ts";
import { fromText, sha256, toText } from "./json.ts";
import type {
  AuditRecord,
  DeliveryRecord,
  LeasePatch,
  LeaseRecord,
  LogRecord,
  RunPatch,
  RunRecord,
  StepPatch,
  StepRecord,
  UncertainRecord,
} from "./record.ts";
import { pruneJournal } from "./retention.ts";
import type {
  FiringFilter,
  FiringRecord,
  NoticeRecord,
  ScheduleRecord,
  ScheduleStore,
} from "./schedule_record.ts";
import { ScheduleTables } from "./schedule_tables.ts";
import { checkIntegrity, migrate } from "./schema.ts";
import type {
  AuditFilter,
  AuditPageFilter,
  CutPoint,
  LogFilter,
  NumberedAudit,
  Retention,
  RunFilter,
  StepFilter,
  Store,
} from "./store.ts";

/** Texts longer than this stand once among the blobs, in characters. */
const inlineLimit = 4096;

/** How many lines of a run's log are kept; the oldest go first. */
const logLimit = 10_000;

/** How a journal is opened. */
export interface SqliteStoreOptions {
  /** Commits what nobody waits for after a short while. Absent: only with the next flush. */
  readonly clock?: Clock;
  /** Puts a commit off, so that more writes join it. @default the next turn of the event loop */
  readonly defer?: (commit: () => void) => void;
  /** Stands around every commit, to measure it. @default nobody watches */
  readonly watchCommit?: (commit: () => void) => void;
}

type Row = Record<string, SQLOutputValue>;

/** A journal in a SQLite database. */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #committer: Committer;
  readonly #statements = new Map<string, StatementSync>();
  readonly #schedules = new ScheduleTables({
    write: (statement) => this.#write(statement),
    sql: (text) => this.#sql(text),
  });
  #closed = false;

  /**
   * Opens the journal at `path`, making it where it is not there.
   *
   * @throws {VirtError} `unsupported` where a later version wrote it; `operation-failed` where it is damaged.
   */
  constructor(path: string, options: SqliteStoreOptions = {}) {
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(
        "PRAGMA busy_timeout = 5000; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; " +
          "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF",
      );
      migrate(this.#db, path);
      if (this.#meta("closed") !== "well") checkIntegrity(this.#db, path);
      this.#setMeta("closed", "not");
    } catch (error) {
      this.#db.close();
      throw isVirtError(error) ? error : new VirtError(
        "operation-failed",
        `Cannot open the journal "${path}": ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
          hint: "Bring it back from a backup; or move it away, and what was under way is not known any more",
        },
      );
    }
    this.#committer = new Committer(this.#db, { path, ...options });
  }

  nextEpoch(): Promise<number> {
    const epoch = Number(this.#meta("epoch") ?? 0) + 1;
    this.#write(() => this.#setMeta("epoch", String(epoch)));
    return this.flush().then(() => epoch);
  }

  addRun(run: RunRecord): void {
    const facts = toText(run);
    this.#write(() => {
      this.#sql("INSERT INTO runs (id, state, created_at, ended_at, facts) VALUES (?, ?, ?, ?, ?)")
        .run(run.id, run.state, run.createdAt, run.endedAt ?? null, facts);
    });
  }

  changeRun(id: string, patch: RunPatch): void {
    const row = this.#sql("SELECT facts FROM runs WHERE id = ?").get(id);
    if (row === undefined) return;
    const run = patched(readJson<RunRecord>(row["facts"]), patch);
    const facts = toText(run);
    this.#write(() => {
      this.#sql("UPDATE runs SET state = ?, ended_at = ?, facts = ? WHERE id = ?")
        .run(run.state, run.endedAt ?? null, facts, id);
    });
  }

  run(id: string): Promise<RunRecord | undefined> {
    const row = this.#sql("SELECT facts FROM runs WHERE id = ?").get(id);
    return Promise.resolve(row === undefined ? undefined : readJson<RunRecord>(row["facts"]));
  }

  runs(filter: RunFilter = {}): Promise<readonly RunRecord[]> {
    const states = filter.states === undefined ? null : toText(filter.states);
    const rows = this.#sql(
      "SELECT facts FROM runs WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1))) " +
        "AND (?3 IS NULL OR ordinal < (SELECT ordinal FROM runs WHERE id = ?3)) ORDER BY ordinal DESC LIMIT ?2",
    ).all(states, filter.limit ?? -1, filter.before ?? null);
    return Promise.resolve(rows.map((row) => readJson<RunRecord>(row["facts"])));
  }

  addStep(step: StepRecord): void {
    const {
      run,
      number,
      kind,
      operation,
      effect,
      target,
      label,
      inputHash,
      input,
      intent,
      outcome,
      settledAt,
      error,
      assumed,
      ...facts
    } = step;
    const text = input === undefined ? undefined : toText(input);
    const rest = toText(facts);
    this.#write(() => {
      const { body, blob } = this.#place(text);
      this.#sql("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
        run,
        number,
        kind,
        operation ?? null,
        effect,
        target,
        label,
        inputHash,
        body,
        blob,
        rest,
        intent === undefined ? null : toText(intent),
        outcome ?? null,
        settledAt ?? null,
        error === undefined ? null : toText(error),
        assumed === true ? 1 : 0,
      );
    });
  }

  changeStep(run: string, number: number, patch: StepPatch): void {
    const intent = patch.intent === undefined ? null : toText(patch.intent);
    const error = patch.error === undefined ? null : toText(patch.error);
    this.#write(() => {
      if (intent !== null) {
        this.#sql("UPDATE steps SET intent = ? WHERE run = ? AND number = ?").run(intent, run, number);
      }
      if (patch.reopened === true) {
        this.#sql(
          "UPDATE steps SET intent = NULL, outcome = NULL, settled_at = NULL, error = NULL WHERE run = ? AND number = ?",
        ).run(run, number);
      }
      if (patch.outcome !== undefined) {
        this.#sql(
          "UPDATE steps SET outcome = ?, settled_at = ?, error = ?, assumed = ? WHERE run = ? AND number = ?",
        )
          .run(patch.outcome, patch.settledAt ?? null, error, patch.assumed === true ? 1 : 0, run, number);
      }
    });
  }

  steps(run: string, filter: StepFilter = {}): Promise<readonly StepRecord[]> {
    const rows = this.#sql(
      "SELECT steps.*, blobs.body AS large FROM steps LEFT JOIN blobs ON blobs.hash = steps.input_blob " +
        "WHERE run = ? AND number >= ? ORDER BY number LIMIT ?",
    ).all(run, filter.from ?? 0, filter.limit ?? -1);
    return Promise.resolve(rows.map(readStep));
  }

  addDelivery({ run, sequence, delivery }: DeliveryRecord): void {
    const text = toText(delivery);
    this.#write(() => {
      const { body, blob } = this.#place(text);
      this.#sql("INSERT INTO deliveries VALUES (?, ?, ?, ?)").run(run, sequence, body, blob);
    });
  }

  deliveries(run: string): Promise<readonly DeliveryRecord[]> {
    const rows = this.#sql(
      "SELECT run, sequence, coalesce(deliveries.body, blobs.body) AS body FROM deliveries " +
        "LEFT JOIN blobs ON blobs.hash = deliveries.blob WHERE run = ? ORDER BY sequence",
    ).all(run);
    return Promise.resolve(rows.map((row) => ({
      run,
      sequence: Number(row["sequence"]),
      delivery: readJson<DeliveryRecord["delivery"]>(row["body"]),
    })));
  }

  addLease(lease: LeaseRecord): void {
    const facts = toText(lease);
    this.#write(() => {
      this.#sql("INSERT INTO leases (id, run, state, facts) VALUES (?, ?, ?, ?)")
        .run(lease.id, lease.run, lease.state, facts);
    });
  }

  changeLease(id: string, patch: LeasePatch): void {
    const row = this.#sql("SELECT facts FROM leases WHERE id = ?").get(id);
    if (row === undefined) return;
    const lease: LeaseRecord = { ...readJson<LeaseRecord>(row["facts"]), ...patch };
    const facts = toText(lease);
    this.#write(() => {
      this.#sql("UPDATE leases SET state = ?, facts = ? WHERE id = ?").run(lease.state, facts, id);
    });
  }

  leases(run: string): Promise<readonly LeaseRecord[]> {
    const rows = this.#sql("SELECT facts FROM leases WHERE run = ? ORDER BY ordinal").all(run);
    return Promise.resolve(rows.map((row) => readJson<LeaseRecord>(row["facts"])));
  }

  openLeases(): Promise<readonly LeaseRecord[]> {
    const rows = this.#sql(
      "SELECT facts FROM leases WHERE state IN ('held', 'undoing', 'stuck') ORDER BY ordinal",
    ).all();
    return Promise.resolve(rows.map((row) => readJson<LeaseRecord>(row["facts"])));
  }

  setUncertain(record: UncertainRecord): void {
    const facts = toText(record);
    this.#write(() => {
      this.#sql("INSERT INTO uncertain VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET facts = excluded.facts")
        .run(record.key, facts);
    });
  }

  clearUncertain(key: string): void {
    this.#write(() => void this.#sql("DELETE FROM uncertain WHERE key = ?").run(key));
  }

  uncertain(): Promise<readonly UncertainRecord[]> {
    const rows = this.#sql("SELECT facts FROM uncertain ORDER BY key").all();
    return Promise.resolve(rows.map((row) => readJson<UncertainRecord>(row["facts"])));
  }

  cutBack(run: string, { steps, deliveries, logs }: CutPoint): void {
    this.#write(() => {
      this.#sql("DELETE FROM deliveries WHERE run = ? AND sequence >= ?").run(run, deliveries);
      this.#sql("DELETE FROM steps WHERE run = ? AND number >= ?").run(run, steps);
      this.#sql("DELETE FROM logs WHERE run = ? AND sequence >= ?").run(run, logs);
    });
  }

  addAudit(record: AuditRecord): void {
    const facts = toText(record);
    this.#write(() => {
      this.#sql("INSERT INTO audit (at, run, facts) VALUES (?, ?, ?)").run(
        record.at,
        record.run ?? null,
        facts,
      );
    });
  }

  audit(filter: AuditFilter = {}): Promise<readonly AuditRecord[]> {
    const rows = this.#sql(
      "SELECT facts FROM audit WHERE ?1 IS NULL OR run = ?1 ORDER BY ordinal DESC LIMIT ?2",
    ).all(filter.run ?? null, filter.limit ?? -1);
    return Promise.resolve(rows.map((row) => readJson<AuditRecord>(row["facts"])));
  }

  auditPage(filter: AuditPageFilter = {}): Promise<readonly NumberedAudit[]> {
    const { run = null, before = null, after = null, limit = -1 } = filter;
    const rows = this.#sql(
      "SELECT ordinal, facts FROM audit WHERE (?1 IS NULL OR run = ?1) AND (?2 IS NULL OR ordinal < ?2) " +
        `AND (?3 IS NULL OR ordinal > ?3) ORDER BY ordinal ${after === null ? "DESC" : "ASC"} LIMIT ?4`,
    ).all(run, before, after, limit);
    return Promise.resolve(rows.map((row) => ({
      number: Number(row["ordinal"]),
      entry: readJson<AuditRecord>(row["facts"]),
    })));
  }

  addLog(record: LogRecord): void {
    const facts = toText(record);
    this.#write(() => {
      this.#sql("INSERT INTO logs VALUES (?, ?, ?)").run(record.run, record.sequence, facts);
      if (record.sequence >= logLimit) {
        this.#sql("DELETE FROM logs WHERE run = ? AND sequence = ?").run(
          record.run,
          record.sequence - logLimit,
        );
      }
    });
  }

  logs(run: string, filter: LogFilter = {}): Promise<readonly LogRecord[]> {
    const rows = this.#sql("SELECT facts FROM logs WHERE run = ? AND sequence >= ? ORDER BY sequence LIMIT ?")
      .all(run, filter.from ?? 0, filter.limit ?? -1);
    return Promise.resolve(rows.map((row) => readJson<LogRecord>(row["facts"])));
  }

  nextLog(run: string): Promise<number> {
    const row = this.#sql("SELECT max(sequence) + 1 AS next FROM logs WHERE run = ?").get(run);
    return Promise.resolve(Number(row?.["next"] ?? 0));
  }

  setSchedule(schedule: ScheduleRecord): void {
    this.#schedules.setSchedule(schedule);
  }

  schedules(): Promise<readonly ScheduleRecord[]> {
    return this.#schedules.schedules();
  }

  setFiring(firing: FiringRecord): void {
    this.#schedules.setFiring(firing);
  }

  firing(id: string): Promise<FiringRecord | undefined> {
    return this.#schedules.firing(id);
  }

  firingAs(schedule: string, identity: string): Promise<FiringRecord | undefined> {
    return this.#schedules.firingAs(schedule, identity);
  }

  firings(filter?: FiringFilter): Promise<readonly FiringRecord[]> {
    return this.#schedules.firings(filter);
  }

  countFirings(filter: Parameters<ScheduleStore["countFirings"]>[0]): Promise<number> {
    return this.#schedules.countFirings(filter);
  }

  setNotice(notice: NoticeRecord): void {
    this.#schedules.setNotice(notice);
  }

  openNotices(limit: number): Promise<readonly NoticeRecord[]> {
    return this.#schedules.openNotices(limit);
  }

  notices(firing: string): Promise<readonly NoticeRecord[]> {
    return this.#schedules.notices(firing);
  }

  flush(): Promise<void> {
    return this.#committer.flush();
  }

  async prune(retention: Retention & { readonly now: number }): Promise<{ readonly runs: number }> {
    await this.flush();
    let runs = 0;
    this.#write(() => {
      runs = pruneJournal(this.#db, retention);
      this.#schedules.pruned();
    });
    await this.flush();
    if (runs > 0) this.#db.exec("PRAGMA incremental_vacuum");
    return { runs };
  }

  /** Makes everything durable and closes the file. May be called more than once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#write(() => this.#setMeta("closed", "well"));
      await this.flush();
    } finally {
      this.#committer.commit();
      this.#statements.clear();
      this.#db.close();
    }
  }

  #write(statement: () => void): void {
    this.#committer.write(statement);
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** Puts a text into its row, or among the blobs where it is large. */
  #place(text: string | undefined): { readonly body: string | null; readonly blob: string | null } {
    if (text === undefined) return { body: null, blob: null };
    if (text.length <= inlineLimit) return { body: text, blob: null };
    const hash = sha256(text);
    this.#sql("INSERT INTO blobs VALUES (?, ?) ON CONFLICT (hash) DO NOTHING").run(hash, text);
    return { body: null, blob: hash };
  }

  #meta(key: string): string | undefined {
    const value = this.#sql("SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
    return value === undefined || value === null ? undefined : String(value);
  }

  #setMeta(key: string, value: string): void {
    this.#sql("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value").run(
      key,
      value,
    );
  }
}

function patched(run: RunRecord, patch: RunPatch): RunRecord {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const kept = Object.fromEntries(Object.entries(run).filter(([key]) => !Object.hasOwn(patch, key)));
  // What a run must have is never taken away: callers take away only what says how it ended.
  return { ...kept, ...given } as unknown as RunRecord;
}

/** The journal trusts what it wrote: rows are read back as the type that they were written from. */
function readJson<T>(value: SQLOutputValue | undefined): T {
  return fromText(String(value)) as T;
}

function readStep(row: Row): StepRecord {
  const input = row["input"] ?? row["large"] ?? null;
  return {
    ...readJson<Pick<StepRecord, "run" | "issuedAt">>(row["facts"]),
    run: String(row["run"]),
    number: Number(row["number"]),
    kind: String(row["kind"]) as StepRecord["kind"],
    effect: row["effect"] === "write" ? "write" : "read",
    target: String(row["target"]),
    label: String(row["label"]),
    inputHash: String(row["input_hash"]),
    ...(row["operation"] === null ? {} : { operation: String(row["operation"]) }),
    ...(input === null ? {} : { input: readJson<unknown>(input) }),
    ...(row["intent"] === null ? {} : { intent: readJson<NonNullable<StepRecord["intent"]>>(row["intent"]) }),
    ...(row["outcome"] === null
      ? {}
      : { outcome: String(row["outcome"]) as NonNullable<StepRecord["outcome"]> }),
    ...(row["settled_at"] === null ? {} : { settledAt: Number(row["settled_at"]) }),
    ...(row["error"] === null ? {} : { error: readJson<NonNullable<StepRecord["error"]>>(row["error"]) }),
    ...(row["assumed"] === 1 ? { assumed: true } : {}),
  };
}
