/**
 * Where a target of a play stands.
 *
 * @module
 */
import { type Counters, noCounts } from "./report.ts";
import type { Place, Target, Task } from "./program.ts";

/** Why a target goes no further, or that it does. */
export type Standing = "active" | "failed" | "unreachable" | "unknown" | "ended";

/** A target, with what it has come to. */
export class TargetState {
  readonly target: Target;
  readonly counters: Counters = noCounts();
  /** What was registered and set. */
  readonly facts = new Map<string, unknown>();
  standing: Standing = "active";
  /** The result of the task that failed, for rescues. */
  failure: { readonly task: string; readonly at: Place; readonly result: unknown } | undefined;
  /** Handlers that are to run. */
  readonly notified = new Set<Task>();

  constructor(target: Target) {
    this.target = target;
  }

  /** Whether it goes on. */
  get active(): boolean {
    return this.standing === "active";
  }

  /** Whether it counts as failed. */
  get broken(): boolean {
    return this.standing === "failed" || this.standing === "unreachable" || this.standing === "unknown";
  }
}
