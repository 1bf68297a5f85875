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
  readonly principal: string;
  readonly run?: string;
  readonly operation: string;
  readonly permission: Permission;
  readonly connection: string;
  readonly uri?: string;
  readonly name?: string;
  readonly parentName?: string;
  readonly reached?: string;
  readonly when: PermissionUse["when"];
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
