/**
 * The journal's contract: where runs, steps, deliveries and leases are kept.
 *
 * Writing is ordered and cheap: a write takes its place at once and becomes durable together with everything before
 * it at the next `flush`. What was not flushed is lost in a crash as a whole tail, never with holes.
 *
 * @module
 */
import type {
  AuditRecord,
  DeliveryRecord,
  LeasePatch,
  LeaseRecord,
  LogRecord,
  RunPatch,
  RunRecord,
  RunState,
  StepPatch,
  StepRecord,
  UncertainRecord,
} from "./record.ts";
import type { ScheduleStore } from "./schedule_record.ts";

/** Which runs to list. */
export interface RunFilter {
  readonly states?: readonly RunState[];
  /** Newest first; how many at most. */
  readonly limit?: number;
  /** Only runs that are older than this one; none where it is not there any more. */
  readonly before?: string;
}

/** Which steps to read. */
export interface StepFilter {
  /** Steps from this number on. */
  readonly from?: number;
  readonly limit?: number;
}

/** Which log lines to read. */
export interface LogFilter {
  /** Lines from this sequence number on. */
  readonly from?: number;
  readonly limit?: number;
}

/** Which audit entries to read. */
export interface AuditFilter {
  readonly run?: string;
  readonly limit?: number;
}

/** Which numbered audit entries to read: the newest before a number, or the oldest after one. */
export interface AuditPageFilter extends AuditFilter {
  readonly before?: number;
  readonly after?: number;
}

/** An audit entry with its number, which grows from entry to entry. */
export interface NumberedAudit {
  readonly number: number;
  readonly entry: AuditRecord;
}

/** The first numbers that are forgotten. */
export interface CutPoint {
  readonly steps: number;
  readonly deliveries: number;
  readonly logs: number;
}

/** What may be thrown away. */
export interface Retention {
  /** Ended runs older than this, in milliseconds. */
  readonly keepMs: number;
  /** The size above which the oldest ended runs go, in bytes. */
  readonly maxBytes: number;
}

/** A journal. Reads see every write before them, durable or not. */
export interface Store extends ScheduleStore, AsyncDisposable {
  /** Grows by one, durably, with each kernel that takes the journal over. */
  nextEpoch(): Promise<number>;

  addRun(run: RunRecord): void;
  changeRun(id: string, patch: RunPatch): void;
  run(id: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  runs(filter?: RunFilter): Promise<readonly RunRecord[]>;

  addStep(step: StepRecord): void;
  changeStep(run: string, number: number, patch: StepPatch): void;
  /** By number. */
  steps(run: string, filter?: StepFilter): Promise<readonly StepRecord[]>;

  addDelivery(record: DeliveryRecord): void;
  /** In the order of delivery. */
  deliveries(run: string): Promise<readonly DeliveryRecord[]>;

  addLease(lease: LeaseRecord): void;
  changeLease(id: string, patch: LeasePatch): void;
  /** Oldest first. */
  leases(run: string): Promise<readonly LeaseRecord[]>;
  /** The leases of all runs that are not over, oldest first. */
  openLeases(): Promise<readonly LeaseRecord[]>;

  setUncertain(record: UncertainRecord): void;
  clearUncertain(key: string): void;
  uncertain(): Promise<readonly UncertainRecord[]>;

  /** Forgets the end of a run: steps, deliveries and log lines from these numbers on. */
  cutBack(run: string, from: CutPoint): void;

  addAudit(record: AuditRecord): void;
  /** Newest first. */
  audit(filter?: AuditFilter): Promise<readonly AuditRecord[]>;
  /** With their numbers: oldest first where `after` is said, else newest first. */
  auditPage(filter?: AuditPageFilter): Promise<readonly NumberedAudit[]>;

  addLog(record: LogRecord): void;
  logs(run: string, filter?: LogFilter): Promise<readonly LogRecord[]>;
  /** The sequence number that the next line of the run will have. */
  nextLog(run: string): Promise<number>;

  /**
   * Resolves when every write so far is durable. Those who ask at the same time share one commit.
   *
   * @throws {VirtError} `operation-failed` where the journal cannot be written; it takes no more writes then.
   */
  flush(): Promise<void>;

  /** Throws away what is old or too much. Never a run that goes on, can be resumed, or holds a lease. */
  prune(retention: Retention & { readonly now: number }): Promise<{ readonly runs: number }>;
}
