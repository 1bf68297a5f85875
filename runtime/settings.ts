/**
 * How patient the kernel is.
 *
 * @module
 */
import type { SlotSettings } from "./slots.ts";

/** The kernel's settings. Times in milliseconds. */
export interface KernelSettings extends SlotSettings {
  /** How long past its deadline a hop may still answer before its object counts as uncertain. @default 5000 */
  readonly graceMs: number;
  /** How long a reconciliation may take, tries included. @default 30000 */
  readonly reconcileMs: number;
  /** The pause between two tries of a reconciliation whose link is broken. @default 500 */
  readonly reconcilePauseMs: number;
  /** How long a destroy waits for a stuck job to notice that its object is dead. @default 2000 */
  readonly destroyGraceMs: number;
}

/** What holds unless said otherwise. */
export const defaultSettings: KernelSettings = {
  ageMs: 30_000,
  passBoundMs: 10_000,
  graceMs: 5_000,
  reconcileMs: 30_000,
  reconcilePauseMs: 500,
  destroyGraceMs: 2_000,
};
