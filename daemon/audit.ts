/**
 * What the daemon writes into the audit log: who did what to which object, from where, and how it ended; and what was
 * refused to whom.
 *
 * A refused attempt costs whoever makes it nothing, and the log forgets its oldest entries when it is full. So that nobody
 * can make it forget by trying again and again, only so many refusals of one principal in a while have an entry each; the
 * others are counted, and the count has one.
 *
 * @module
 */
import { operations } from "../model/operations/mod.ts";
import type { CallRequest, CallResult } from "../runtime/call.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AuditRecord } from "../runtime/journal/record.ts";
import type { Store } from "../runtime/journal/store.ts";
import type { AuditEntry, AuditSink } from "../runtime/permission/mod.ts";

/** How many refusals of one principal have an entry of their own within {@linkcode windowMs}. */
const mostRefusals = 100;

/** How long refusals are counted together, in milliseconds. */
const windowMs = 60_000;

/** So many principals are counted at a time; all further ones together are one more. */
const mostPrincipals = 1000;

/** The one that stands for them. */
const allOthers = "";

/** What the log is written with. */
export interface AuditOptions {
  readonly store: Pick<Store, "addAudit">;
  readonly clock: Clock;
}

/** Who is on record. */
export interface AuditedClient {
  /** On whose behalf: `sasl:alice`. */
  readonly principal: string;
  /** Where the client is: `192.0.2.7:53124`, `/run/libvirt/libvirt-sock, pid 812`. */
  readonly from: string;
  /** The connection URI of the host that it has opened; none before it has. */
  readonly uri?: string;
}

/** What somebody was refused. */
export interface Refusal {
  /** What was asked for: an operation, a procedure, `authenticate`. */
  readonly operation: string;
  readonly object?: string;
  readonly why: string;
}

/** Refusals of one principal within a while. */
interface Counted {
  entries: number;
  uncounted: number;
  readonly timer: Disposable;
}

/** The audit log of a daemon. */
export class AuditTrail implements Disposable {
  readonly #options: AuditOptions;
  readonly #refusals = new Map<string, Counted>();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** What one client does, and what it is refused. */
  of(client: AuditedClient): ClientAudit {
    return new ClientAudit(client, {
      now: () => this.#options.clock.now(),
      write: (record) => this.#options.store.addAudit(record),
      refuse: (record) => this.#refuse(record),
    });
  }

  /** Writes down what was counted and has no entry yet. */
  [Symbol.dispose](): void {
    for (const principal of [...this.#refusals.keys()]) this.#close(principal);
  }

  #refuse(record: AuditRecord): void {
    const counted = this.#countedFor(record.principal);
    if (counted.entries >= mostRefusals) return void counted.uncounted++;
    counted.entries++;
    this.#options.store.addAudit(record);
  }

  #countedFor(principal: string): Counted {
    const key = this.#refusals.has(principal) || this.#refusals.size < mostPrincipals ? principal : allOthers;
    const before = this.#refusals.get(key);
    if (before !== undefined) return before;
    const timer = this.#options.clock.after(windowMs, () => this.#close(key));
    const counted: Counted = { entries: 0, uncounted: 0, timer };
    this.#refusals.set(key, counted);
    return counted;
  }

  #close(principal: string): void {
    const counted = this.#refusals.get(principal);
    this.#refusals.delete(principal);
    counted?.timer[Symbol.dispose]();
    if (counted === undefined || counted.uncounted === 0) return;
    this.#options.store.addAudit({
      at: this.#options.clock.now(),
      principal: principal === allOthers ? "others" : principal,
      decision: "denied",
      operation: "",
      detail: `${counted.uncounted} more attempts within ${windowMs / 1000} s`,
    });
  }
}

/** The name of the object that an operation answers. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("$ref" in value) || !("name" in value)) {
    return undefined;
  }
  return typeof value.name === "string" ? value.name : undefined;
}

function changes(operation: string): boolean {
  return operations.get(operation)?.effect === "write";
}

/** What a client's part of the log is written by. */
interface AuditWriter {
  readonly now: () => number;
  readonly write: (record: AuditRecord) => void;
  readonly refuse: (record: AuditRecord) => void;
}

/** The part of the log that is about one client. */
export class ClientAudit implements AuditSink {
  readonly #client: AuditedClient;
  readonly #writer: AuditWriter;

  constructor(client: AuditedClient, writer: AuditWriter) {
    this.#client = client;
    this.#writer = writer;
  }

  /** The same client, on a host. */
  on(uri: string): ClientAudit {
    return new ClientAudit({ ...this.#client, uri }, this.#writer);
  }

  /** Where the client is. */
  get from(): string {
    return this.#client.from;
  }

  /**
   * A decision about a permission. What only looks is allowed without an entry: there is too much of it, and it changes
   * nothing.
   */
  record(entry: AuditEntry): void {
    if (entry.decision === "allowed" && (entry.when === "asked" || !changes(entry.operation))) return;
    const record: AuditRecord = {
      ...this.#base(entry.operation, entry.name),
      at: entry.at,
      decision: entry.decision,
      connection: entry.connection,
      permission: entry.permission,
      ...(entry.reached === undefined ? {} : { detail: entry.reached }),
      use: entry,
    };
    if (entry.decision === "denied") this.#writer.refuse(record);
    else this.#writer.write(record);
  }

  /** Something that was refused for another reason than a permission that is not granted. */
  refused({ operation, object, why }: Refusal): void {
    this.#writer.refuse({ ...this.#base(operation, object), decision: "denied", detail: why });
  }

  /** Something that the client did, or could not do. Of an error only its code: its text may say too much. */
  did(
    { operation, target }: Pick<CallRequest, "operation" | "target">,
    { outcome, object }: CallResult,
  ): void {
    const made = outcome.kind === "done" ? nameOf(outcome.value) : undefined;
    const name = target?.name ?? made ?? (object?.objectClass === "connection" ? undefined : object?.name);
    this.#writer.write({
      ...this.#base(operation, name),
      decision: outcome.kind,
      ...(outcome.kind === "done" ? {} : { detail: outcome.error.code }),
    });
  }

  #base(operation: string, object: string | undefined): Omit<AuditRecord, "decision"> {
    const { principal, from, uri } = this.#client;
    return {
      at: this.#writer.now(),
      principal,
      from,
      operation,
      ...(uri === undefined ? {} : { uri }),
      ...(object === undefined ? {} : { object }),
    };
  }
}
