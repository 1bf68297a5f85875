/**
 * What a recipe may use up.
 *
 * @module
 */
import { channelLimits } from "../../model/channel.ts";

const mebibyte = 2 ** 20;

/** What a recipe may use up before it is ended. Everything is per run. */
export interface Budget {
  /**
   * JavaScript objects, in bytes.
   * @default 256 MiB
   */
  readonly heapBytes: number;
  /**
   * All memory of its process, in bytes; at least 128 MiB. Limited where `prlimit` is part of the isolation.
   * @default 512 MiB
   */
  readonly memoryBytes: number;
  /**
   * Computing, in seconds.
   * @default 300
   */
  readonly cpuSeconds: number;
  /**
   * From launch to end, waiting included, in milliseconds.
   * @default 24 h
   */
  readonly wallMs: number;
  /**
   * How long it may take to load, and leave what was delivered to it untaken, in milliseconds. An endless loop ends by this.
   * @default 30 s
   */
  readonly stallMs: number;
  /**
   * Calls, timers, subscriptions and named steps that are open at once.
   * @default 10,000
   */
  readonly pending: number;
  /**
   * The size of the calls that are open at once, in bytes.
   * @default 64 MiB
   */
  readonly pendingBytes: number;
  /**
   * The largest message, in bytes.
   * @default 2 MiB
   */
  readonly frameBytes: number;
  /**
   * Messages in both directions from launch to end, in bytes: what the run's journal may grow by.
   * @default 1 GiB
   */
  readonly channelBytes: number;
  /**
   * Messages per second; beyond, it is held back, not ended.
   * @default 20,000
   */
  readonly messagesPerSecond: number;
  /**
   * Log text in all, in bytes; what is beyond is dropped, with a note.
   * @default 16 MiB
   */
  readonly logBytes: number;
  /**
   * What waits to be written to it, in bytes, before senders wait.
   * @default 8 MiB
   */
  readonly queuedBytes: number;
}

/** The budget of a run where nothing else is said. */
export const defaultBudget: Budget = {
  heapBytes: 256 * mebibyte,
  memoryBytes: 512 * mebibyte,
  cpuSeconds: 300,
  wallMs: 24 * 60 * 60 * 1000,
  stallMs: 30_000,
  pending: channelLimits.pending,
  pendingBytes: 64 * mebibyte,
  frameBytes: channelLimits.frameBytes,
  channelBytes: 1024 * mebibyte,
  messagesPerSecond: 20_000,
  logBytes: 16 * mebibyte,
  queuedBytes: 8 * mebibyte,
};
