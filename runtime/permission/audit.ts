/**
 * The audit log: every decision about a permission.
 *
 * @module
 */
import type { Permission } from "../../model/permission.ts";
import type { PermissionUse } from "../call.ts";

/** What was decided, why, and about what. Plain data. */
export interface AuditEntry {
  /** Milliseconds since 1970 by the kernel's clock. */
  readonly at: number;
  /** On whose behalf: `uid:1000`. */
  readonly principal: string;
  /** The run, where there is one. */
  readonly run?: string;
  /** The operation that asked. */
  readonly operation: string;
  /** The permission that it used. */
  readonly permission: Permission;
  /** The caller's name for the connection. */
  readonly connection: string;
  /** The connection's URI. */
  readonly uri?: string;
  /** The object's name, where the use is about one. */
  readonly name?: string;
  /** The name of the object that holds it: a volume's pool. */
  readonly parentName?: string;
  /** What on the host a definition reaches: `/etc/shadow`. */
  readonly reached?: string;
  /** At which point of the call. */
  readonly when: PermissionUse["when"];
  /** What was decided. */
  readonly decision: "allowed" | "denied";
  /** What was missing. Empty where allowed. */
  readonly missing: readonly Side[];
  /** The need that covers the use, as text; absent where none does, or nobody has to state one. */
  readonly need?: string;
  /** The grant that covers the use, as text. */
  readonly grant?: string;
  /** Whether the use counts against quotas. */
  readonly counted: boolean;
}

/** Who has to agree: the recipe by stating its need, the person by granting it. */
export type Side = "need" | "grant";

/** Takes decisions down. A decision takes effect only when its entry has been taken. */
export interface AuditSink {
  record(entry: AuditEntry): void | Promise<void>;
}

/** An audit log in memory. */
export class AuditMemory implements AuditSink {
  readonly entries: AuditEntry[] = [];

  record(entry: AuditEntry): void {
    this.entries.push(entry);
  }
}
