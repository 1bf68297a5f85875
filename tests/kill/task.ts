/**
 * What a mortal kernel is asked to do, and what it says if it lives.
 *
 * @module
 */
import type { ErrorData } from "../../model/error.ts";

/** What to do. */
export interface KernelTask {
  readonly stateDirectory: string;
  /** The connection of the run. */
  readonly uri: string;
  /** The recipe's path. */
  readonly recipe: string;
  /** At which moment to die; see `moments.ts`. Never where absent. */
  readonly dieAt?: number;
}

/** How it went. */
export interface KernelReport {
  readonly moments: number;
  readonly state: string;
  readonly exit: number;
  readonly error: ErrorData | null;
  readonly result: unknown;
  readonly logs: readonly { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly openLeases: readonly string[];
  readonly uncertain: readonly string[];
  readonly slots: number;
  /** The names of all domains in the end. */
  readonly domains: readonly string[];
  readonly resumes: number;
}
